// Rank and population count against counting one bit at a time.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { BitRank, bitRuns, clearBit, popcount, setBit, testBit } from './bits.ts'

const bitmap = fc.oneof(
  fc.uint8Array({ maxLength: 64 }),
  // Over a block boundary of BitRank, sparse and dense.
  fc
    .tuple(fc.integer({ min: 500, max: 1600 }), fc.nat(255))
    .map(([size, byte]) => new Uint8Array(size).fill(byte)),
)

test('rank is the number of set bits before the index, past the end too', () => {
  fc.assert(
    fc.property(
      bitmap,
      fc.array(fc.nat(14_000), { minLength: 1, maxLength: 20 }),
      (bytes, indexes) => {
        const rank = new BitRank(bytes)
        for (const index of indexes) {
          let naive = 0
          for (let i = 0; i < Math.min(index, bytes.length * 8); i++) if (testBit(bytes, i)) naive++
          assert.equal(rank.rank(index), naive)
        }
      },
    ),
  )
})

test('the total is what popcount says of the whole bitmap', () => {
  fc.assert(fc.property(bitmap, (bytes) => assert.equal(new BitRank(bytes).total, popcount(bytes))))
})

test('bits are numbered from the least significant bit of byte 0', () => {
  const bytes = new Uint8Array(2)
  setBit(bytes, 9)
  assert.deepEqual(bytes, Uint8Array.from([0, 2]))
  setBit(bytes, 0)
  clearBit(bytes, 9)
  assert.deepEqual(bytes, Uint8Array.from([1, 0]))
})

test('a bit past the end, or before the start, is clear', () => {
  const bytes = Uint8Array.from([0xff])
  for (const index of [8, 2 ** 40, -1, -9]) assert.equal(testBit(bytes, index), false)
})

test('runs are what a walk bit by bit finds', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 12 }), fc.nat(4), (bytes, filled) => {
      // Whole bytes are what the walk skips.
      const bitmap = Uint8Array.from([...bytes, ...new Uint8Array(filled).fill(0xff), ...bytes])
      const set = bitRuns(bitmap).flatMap(({ start, end }) =>
        Array.from({ length: end - start }, (_, i) => start + i),
      )
      const expected = Array.from({ length: bitmap.length * 8 }, (_, i) => i).filter((i) =>
        testBit(bitmap, i),
      )
      assert.deepEqual(set, expected)
      for (const [i, run] of bitRuns(bitmap).entries()) {
        assert.ok(i === 0 || run.start > (bitRuns(bitmap)[i - 1]?.end ?? 0))
      }
    }),
  )
})
