// Against JavaScript's own Set, over random offsets of which many repeat.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { OffsetSet } from './offset_set.ts'

test('an offset is new once, whatever was added before', () => {
  const offset = fc.oneof(fc.integer({ min: 1, max: 64 }), fc.integer({ min: 1, max: 2 ** 52 }))
  fc.assert(
    fc.property(fc.array(offset, { maxLength: 200 }), (offsets) => {
      const ours = new OffsetSet(offsets.length)
      const theirs = new Set<number>()
      for (const value of offsets) {
        assert.equal(ours.add(value), !theirs.has(value))
        theirs.add(value)
      }
    }),
  )
})
