// Logs of several sizes, packed into more and into less room than they need.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { gunzipSync } from 'node:zlib'
import { packText, unpackText } from './packed_text.ts'

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString()

test('text that fits comes back whole, by gunzip too', () => {
  const lines = Array.from({ length: 20_000 }, (_, i) => `[    ${i}.000000] line ${i}\n`)
  const packed = packText(lines, 1 << 20)
  assert.equal(packed.cutBytes, 0)
  assert.equal(packed.textBytes, lines.join('').length)
  assert.equal(text(unpackText(packed.bytes)), lines.join(''))
  assert.equal(text(gunzipSync(packed.bytes)), lines.join(''))
})

test('of text that does not fit the end is kept, and the room is not exceeded', () => {
  const noise = Array.from({ length: 16 }, () => `${randomBytes(50_000).toString('base64')}\n`)
  const packed = packText(noise, 300_000)
  assert.ok(packed.bytes.length <= 300_000)
  const kept = text(unpackText(packed.bytes))
  assert.ok(kept.length > 100_000)
  assert.ok(noise.join('').endsWith(kept))
  assert.equal(packed.cutBytes + packed.textBytes, noise.join('').length)
})

test('no text is no bytes', () => {
  assert.deepEqual({ ...packText([], 100) }, { bytes: Buffer.alloc(0), textBytes: 0, cutBytes: 0 })
  assert.equal(unpackText(new Uint8Array()).length, 0)
})

test('room for nothing keeps nothing and says so', () => {
  const packed = packText(['some text'], 5)
  assert.deepEqual([packed.bytes.length, packed.cutBytes], [0, 9])
})
