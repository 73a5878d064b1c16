// Streams assembled by hand from lzo.rst, one per kind of instruction.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { lzo } from './lzo.ts'

const END = [0x11, 0, 0]

function decode(input: number[], size = 70000): string {
  const output = new Uint8Array(size)
  return Buffer.from(output.subarray(0, lzo.decompress(Uint8Array.from(input), output))).toString(
    'latin1',
  )
}
const bytes = (text: string): number[] => Array.from(Buffer.from(text, 'latin1'))

test('a first byte above 17 counts literals', () => {
  assert.equal(decode([17 + 5, ...bytes('hello'), ...END]), 'hello')
  assert.equal(decode([18, ...bytes('a'), ...END]), 'a')
})

test('an end marker alone is an empty block', () => {
  assert.equal(decode(END), '')
})

test('a literal run holds its length in the instruction or in the bytes after it', () => {
  assert.equal(decode([1, ...bytes('abcd'), ...END]), 'abcd')
  const long = 'x'.repeat(18 + 255 + 7)
  assert.equal(decode([0, 0, 7, ...bytes(long), ...END]), long)
})

test('short matches reach 2 KiB back and carry trailing literals', () => {
  // 1 L L D D D S S: length 5, distance 4, then one literal.
  assert.equal(
    decode([17 + 4, ...bytes('abcd'), 0x80 | (3 << 2) | 1, 0, ...bytes('Z'), ...END]),
    'abcdabcdaZ',
  )
  // 0 1 L D D D S S: length 3, distance 1.
  assert.equal(decode([17 + 4, ...bytes('abcd'), 0x40, 0, ...END]), 'abcdddd')
})

test('after 1 to 3 literals an instruction below 16 copies two bytes', () => {
  assert.equal(decode([17 + 3, ...bytes('abc'), 0x04 | (1 << 2), 0, ...END]), 'abc' + 'bc')
})

test('after 4 literals an instruction below 16 copies three bytes from beyond 2 KiB', () => {
  const head = 'A' + 'b'.repeat(2048 + 300)
  const run = [0, ...new Array<number>(9).fill(0), head.length - 18 - 9 * 255, ...bytes(head)]
  assert.equal(decode([...run, (2 & 3) << 2, 299 >> 2, ...END]).length, head.length + 3)
})

test('long matches reach 16 KiB, and 48 KiB with the high bit', () => {
  assert.equal(decode([17 + 4, ...bytes('abcd'), 0x20 | 4, 3 << 2, 0, ...END]), 'abcd' + 'abcdab')
  assert.equal(
    decode([17 + 4, ...bytes('abcd'), 0x20, 0, 9, 0, 0, ...END]),
    'abcd' + 'd'.repeat(255 + 31 + 9 + 2),
  )
  const noise = Array.from({ length: 40000 }, (_, i) => (Math.imul(i, 2654435761) >>> 13) & 0xff)
  const input = Uint8Array.from([...noise, ...noise.slice(0, 2000)])
  const packed = new Uint8Array(50000)
  const size = lzo.compress?.(input, packed) ?? 0
  const output = new Uint8Array(input.length)
  assert.equal(lzo.decompress(packed.subarray(0, size), output), input.length)
  assert.deepEqual(output, input)
})

test('bytes after the end marker, a match before the start and a missing end are refused', () => {
  for (const [input, message] of [
    [[...END, 0], /bad end marker/],
    [[17 + 4, ...bytes('abcd'), 0x80 | (4 << 2), 0, ...END], /match exceeds output/],
    [[17 + 4, ...bytes('abcd')], /input ends within an instruction/],
    [[17 + 9, ...bytes('abcd')], /literals exceed/],
    [[0, 0, 0], /input ends within a length/],
    [[], /input ends/],
  ] as const) {
    assert.throws(
      () => decode([...input]),
      (error) => error instanceof RangeError && message.test(error.message),
    )
  }
})
