// The rule on sources given as text, with the exact message.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { tidyText } from '../tidy.ts'
import { docOrder } from './doc_order.ts'

test('a tag that comes too late is named with the one it belongs before', () => {
  const text =
    '/**\n * Read.\n *\n * @throws {FaultError} if absent\n * @param at address\n */\nexport function read(at: bigint) {}\n'
  assert.deepEqual(tidyText(docOrder, { 'src/a.ts': text }), [
    'src/a.ts:7: @param comes before @throws in TSDoc (doc_order)',
  ])
})

test('tags in order pass, on methods and with repeats and tags of other kinds', () => {
  const text =
    'class A {\n  /** Do.\n   * @param a one\n   * @param b two\n   * @returns x\n   * @example y\n   * @throws {E} z\n   * @source f.c */\n  m() {}\n}\n'
  assert.deepEqual(tidyText(docOrder, { 'src/a.ts': text }), [])
})
