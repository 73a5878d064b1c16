// The rule on sources given as text, with the exact message.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { tidyText } from '../tidy.ts'
import { bufferBigint } from './buffer_bigint.ts'

test('a 64-bit read through Buffer is named with its faster twin', () => {
  const text =
    '// Reads notes of a core file.\nexport const at = (b: Buffer) =>\n  b.readBigUInt64LE(8)\n'
  assert.deepEqual(tidyText(bufferBigint, { 'src/host/note.ts': text }), [
    'src/host/note.ts:3: readBigUInt64LE is 7 times slower than DataView.getBigUint64: read through a DataView (buffer_bigint)',
  ])
})

test('reads of 32 bits and reads through a DataView pass', () => {
  const text =
    'export const at = (b: Buffer, v: DataView) => [b.readUInt32LE(8), v.getBigUint64(0, true)]\n'
  assert.deepEqual(tidyText(bufferBigint, { 'src/host/note.ts': text }), [])
})
