// The rule on sources given as text, with the exact message.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { tidyText } from '../tidy.ts'
import { fileLength } from './file_length.ts'

const statements = (count: number): string => 'call()\n'.repeat(count)
const table = (rows: number): string => `const TABLE = [\n${'  [1, "one"],\n'.repeat(rows)}]\n`

test('a file of 451 lines is told to split, one of 450 is not', () => {
  assert.deepEqual(
    tidyText(fileLength, { 'src/a.ts': statements(451), 'src/b.ts': statements(450) }),
    ['src/a.ts:451: file has 451 lines, at most 450: split it by concept (file_length)'],
  )
})

test('tables of constants and layouts do not count, tables of functions do', () => {
  const code = `const CODE = {\n${'  a() {},\n'.repeat(450)}}\n`
  const sources = {
    'src/a.ts': table(2000) + statements(10),
    'src/b_layout.ts': statements(900),
    'src/c.ts': code,
  }
  assert.deepEqual(tidyText(fileLength, sources), [
    'src/c.ts:451: file has 452 lines, at most 450: split it by concept (file_length)',
  ])
})
