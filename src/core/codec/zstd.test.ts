// Frames put together by hand from RFC 8878: what promises more than a page never reaches the decoder.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { zstdCompressSync } from 'node:zlib'
import { zstd } from './zstd.ts'

const MAGIC = [0x28, 0xb5, 0x2f, 0xfd]
/** Single segment, content size in two bytes, less 256. */
const HEADER = [...MAGIC, 0x60, (4096 - 256) & 0xff, (4096 - 256) >> 8]

const block = (type: number, size: number, content: readonly number[], isLast = true): number[] => {
  const header = (isLast ? 1 : 0) | (type << 1) | (size << 3)
  return [header & 0xff, (header >> 8) & 0xff, header >> 16, ...content]
}

test('raw and repeated blocks add up to the content', () => {
  const output = new Uint8Array(4096)
  const frame = [...HEADER, ...block(0, 4, [1, 2, 3, 4], false), ...block(1, 4092, [7])]
  assert.equal(zstd.decompress(Uint8Array.from(frame), output), 4096)
  assert.deepEqual([...output.subarray(0, 6)], [1, 2, 3, 4, 7, 7])
})

test('real frames of every literal format pass', () => {
  for (const noise of [0, 20, 300, 1500, 4096]) {
    const page = Uint8Array.from({ length: 4096 }, (_, i) =>
      i < noise ? (Math.imul(i, 0x9e37_79b1) >>> 20) & 0xff : (i >> 3) & 0x1f,
    )
    const output = new Uint8Array(4096)
    assert.equal(zstd.decompress(zstdCompressSync(page), output), 4096)
    assert.deepEqual(output, page)
  }
})

test('a small frame that promises gigabytes of matches is refused at once', () => {
  // 98,047 sequences, all three tables one repeated symbol: the longest match, 131,074 bytes, each time.
  const sequences = [0xff, 0xff, 0xff, 0x54, 0, 0, 52, 0x80]
  const frame = [...HEADER, ...block(2, 1 + sequences.length, [0, ...sequences])]
  const started = performance.now()
  assert.throws(
    () => zstd.decompress(Uint8Array.from(frame), new Uint8Array(4096)),
    (error) => error instanceof RangeError && error.message.includes('blocks exceed content size'),
  )
  assert.ok(performance.now() - started < 1000)
})

test('frames that are not whole are named', () => {
  for (const [frame, message] of [
    [[], /not a frame/],
    [[...MAGIC, 0x61, 0, 0, 0, 0, 0, 0, 0], /needs a dictionary/],
    [[...MAGIC, 0x00, 0, 0, 0, 0, 0, 0, 0], /without content size/],
    [[...HEADER, ...block(0, 4000, [1, 2, 3])], /block exceeds input/],
    [[...HEADER, ...block(0, 3, [1, 2, 3], false)], /ends within a block header/],
    [[...HEADER, ...block(3, 3, [1, 2, 3])], /reserved block type/],
  ] as const) {
    const bytes = Uint8Array.from(frame)
    assert.throws(
      () => zstd.decompress(bytes, new Uint8Array(4096)),
      (error) => error instanceof RangeError && message.test(error.message),
    )
  }
})
