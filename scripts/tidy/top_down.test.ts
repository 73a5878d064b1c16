// The rule on sources given as text, with the exact message.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { tidyText } from '../tidy.ts'
import { topDown } from './top_down.ts'

test('a private function above the first export is sent below', () => {
  const text =
    'const LIMIT = 1\nfunction part() {}\nexport function verb() {}\nfunction other() {}\n'
  assert.deepEqual(tidyText(topDown, { 'src/a.ts': text }), [
    'src/a.ts:2: private function part stands above the first export: move it below (top_down)',
  ])
})

test('files that export no function may have any order, and main may come first', () => {
  const sources = {
    'src/a.ts': 'function part() {}\nexport const a = part()\n',
    'src/b.ts': 'function main() {}\nexport class B {}\nfunction part() {}\n',
  }
  assert.deepEqual(tidyText(topDown, sources), [])
})
