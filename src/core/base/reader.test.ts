// Each kind of read in both byte orders, and one byte short of each.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FormatError } from './errors.ts'
import { Reader } from './reader.ts'

const BYTES = Uint8Array.from({ length: 24 }, (_, i) => i + 1)

test('reads advance by their size', () => {
  const reader = new Reader('f', BYTES)
  assert.equal(reader.u8('a'), 1)
  assert.equal(reader.u16('b'), 0x0302)
  assert.equal(reader.u32('c'), 0x07060504)
  assert.equal(reader.u64('d'), 0x0f0e0d0c0b0a0908n)
  assert.deepEqual(reader.take(2, 'e'), Uint8Array.from([16, 17]))
  reader.skip(3, 'padding')
  assert.equal(reader.remaining, 4)
})

test('big-endian words are read so when asked', () => {
  const reader = new Reader('f', BYTES, { littleEndian: false, offset: 1 })
  assert.equal(reader.u16('b'), 0x0203)
  assert.equal(reader.u32('c'), 0x04050607)
})

test('a read past the end names what was read, the file offset and what is left', () => {
  const reader = new Reader('dump', BYTES, { base: 0x1000, offset: 20 })
  assert.throws(() => reader.u64('note desc'), {
    name: 'FormatError',
    file: 'dump',
    offset: 0x1014,
    message: 'dump: offset 0x1014: note desc needs 8 bytes, 4 left',
  })
  assert.equal(reader.remaining, 4, 'a failed read does not move the cursor')
})

test('every read fails when one byte is missing', () => {
  const sizes = { u8: 1, u16: 2, u32: 4, u64: 8, usize64: 8 } as const
  for (const [kind, size] of Object.entries(sizes) as [keyof typeof sizes, number][]) {
    const reader = new Reader('f', BYTES.subarray(0, size - 1))
    assert.throws(() => reader[kind](kind), FormatError)
  }
  assert.throws(() => new Reader('f', BYTES).take(25, 'page'), FormatError)
  assert.throws(() => new Reader('f', BYTES).skip(-1, 'page'), FormatError)
})

test('a size above 2^53 is a format error, not a rounded number', () => {
  const reader = new Reader('f', new Uint8Array(8).fill(0xff))
  assert.throws(() => reader.usize64('p_offset'), {
    name: 'FormatError',
    message: /p_offset exceeds 2\^53/,
  })
})
