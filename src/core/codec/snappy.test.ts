// Blocks assembled by hand from snappy's format description, one per kind of tag.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { snappy } from './snappy.ts'

function decode(input: number[], size = 70000): string {
  const output = new Uint8Array(size)
  return Buffer.from(
    output.subarray(0, snappy.decompress(Uint8Array.from(input), output)),
  ).toString('latin1')
}
const bytes = (text: string): number[] => Array.from(Buffer.from(text, 'latin1'))

test('literals are counted in the tag or in one to four bytes after it', () => {
  assert.equal(decode([5, 4 << 2, ...bytes('hello')]), 'hello')
  const long = 'ab'.repeat(150)
  assert.equal(decode([0xac, 2, 61 << 2, 299 & 255, 299 >> 8, ...bytes(long)]), long)
})

test('copies come with distances of one, two and four bytes', () => {
  assert.equal(decode([9, 3 << 2, ...bytes('abcd'), 1 | (1 << 2), 4]), 'abcdabcda')
  assert.equal(decode([7, 3 << 2, ...bytes('abcd'), 2 | (2 << 2), 1, 0]), 'abcdddd')
  assert.equal(decode([6, 3 << 2, ...bytes('abcd'), 3 | (1 << 2), 4, 0, 0, 0]), 'abcdab')
})

test('broken blocks are refused', () => {
  for (const [input, message] of [
    [[], /bad length/],
    [[0xff, 0xff, 0xff, 0xff, 0xff, 1], /bad length/],
    [[0xff, 0xff, 0x7f], /length exceeds output/],
    [[5, 4 << 2, ...bytes('hell')], /literals exceed/],
    [[4, 3 << 2, ...bytes('abcd'), 1, 4], /copy exceeds/],
    [[8, 3 << 2, ...bytes('abcd'), 1, 0], /copy exceeds/],
    [[8, 3 << 2, ...bytes('abcd'), 1], /within a tag/],
    [[8, 3 << 2, ...bytes('abcd')], /before the length it promised/],
  ] as const) {
    assert.throws(
      () => decode([...input]),
      (error) => error instanceof RangeError && message.test(error.message),
    )
  }
})
