// Ranges of bits against a set of numbers.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { testBit } from '../../core/base/bits.ts'
import { bitmapOf, clearRange, mergeRuns, setRange } from './page_bitmap.ts'

const BITS = 200
const range = fc
  .tuple(fc.nat(BITS), fc.nat(BITS))
  .map(([a, b]) => ({ start: Math.min(a, b), end: Math.max(a, b) }))

function bitsOf(bitmap: Uint8Array): number[] {
  return Array.from({ length: bitmap.length * 8 }, (_, i) => i).filter((i) => testBit(bitmap, i))
}

test('setting and clearing ranges is what it is on a set', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.boolean(), range)), (steps) => {
      const bitmap = new Uint8Array(BITS / 8)
      const model = new Set<number>()
      for (const [isSet, { start, end }] of steps) {
        let cleared = 0
        for (let i = start; i < end; i++) {
          if (isSet) model.add(i)
          else if (model.delete(i)) cleared++
        }
        if (isSet) setRange(bitmap, start, end)
        else assert.equal(clearRange(bitmap, start, end), cleared)
      }
      assert.deepEqual(
        bitsOf(bitmap),
        [...model].sort((a, b) => a - b),
      )
    }),
  )
})

test('a range that leaves the bitmap is cut off', () => {
  const bitmap = new Uint8Array(4).fill(0xff)
  assert.equal(clearRange(bitmap, 30, 5000), 2)
  assert.equal(clearRange(bitmap, 4000, 5000), 0)
})

test('merged runs are sorted, apart from each other, and mean the same bits', () => {
  fc.assert(
    fc.property(fc.array(range), (runs) => {
      const merged = mergeRuns(runs.filter(({ start, end }) => start < end))
      merged.slice(1).forEach((run, i) => assert.ok(run.start > (merged[i]?.end ?? 0)))
      assert.deepEqual(bitsOf(bitmapOf(merged, BITS)), bitsOf(bitmapOf(runs, BITS)))
    }),
  )
})
