// The rule on file names, with the exact messages.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { tidyText } from '../tidy.ts'
import { fileName } from './file_name.ts'

test('names without a concept and other spellings are refused', () => {
  const sources = {
    'src/core/utils.ts': '',
    'src/index.ts': '',
    'src/misc.test.ts': '',
    'src/pageFilter.ts': '',
  }
  assert.deepEqual(tidyText(fileName, sources), [
    'src/core/utils.ts:1: utils.ts says nothing: name the file after its concept (file_name)',
    'src/index.ts:1: index.ts says nothing: name the file after its concept (file_name)',
    'src/misc.test.ts:1: misc.test.ts says nothing: name the file after its concept (file_name)',
    'src/pageFilter.ts:1: pageFilter.ts is not in snake_case (file_name)',
  ])
})

test('concepts pass, the kernel spellings of them too', () => {
  assert.deepEqual(tidyText(fileName, { 'src/x86_64.ts': '', 'src/list_head.test.ts': '' }), [])
})
