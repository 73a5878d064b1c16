// The rule on sources given as text, with the exact message.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { tidyText } from '../tidy.ts'
import { firstComment } from './first_comment.ts'

test('a file that begins with code, or with next to nothing, is refused', () => {
  const message = 'the first line is not a comment that says what the file knows (first_comment)'
  assert.deepEqual(
    tidyText(firstComment, { 'src/a.ts': 'export {}\n', 'src/b.ts': '// b\n', 'src/c.ts': '' }),
    [`src/a.ts:1: ${message}`, `src/b.ts:1: ${message}`, `src/c.ts:1: ${message}`],
  )
})

test('either kind of comment passes, also below a line that names the interpreter', () => {
  const sources = {
    'src/a.ts': '// Linked lists. Source: include/linux/list.h.\n',
    'src/b.ts': '/* What every dump offers. */\n',
    'src/c.ts': '#!/usr/bin/env node\n// What every dump offers.\n',
  }
  assert.deepEqual(tidyText(firstComment, sources), [])
})
