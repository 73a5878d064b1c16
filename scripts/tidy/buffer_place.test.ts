// The rule on sources given as text, with the exact message.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { tidyText } from '../tidy.ts'
import { bufferPlace } from './buffer_place.ts'

const TEXT = '\nconst bytes: Uint8Array = Buffer.alloc(8)\n'

test('Buffer in core is sent back to Uint8Array', () => {
  assert.deepEqual(tidyText(bufferPlace, { 'src/core/io/source.ts': TEXT }), [
    'src/core/io/source.ts:2: Buffer is for host/ and cli/: use Uint8Array and DataView (buffer_place)',
  ])
})

test('Buffer passes in host, in tests, and as a name of something else', () => {
  const other = 'export const size = (device: { Buffer: number }) => device.Buffer\n'
  const sources = {
    'src/host/a.ts': TEXT,
    'src/core/io/a.test.ts': TEXT,
    'src/core/io/other.ts': other,
  }
  assert.deepEqual(tidyText(bufferPlace, sources), [])
})
