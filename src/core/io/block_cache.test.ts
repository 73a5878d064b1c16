// The cache against its parent: any sequence of reads gives the same bytes, and asks the parent for whole blocks.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { blockCache } from './block_cache.ts'
import { HostError } from '../base/errors.ts'
import { memorySource } from './memory_source.ts'
import type { Source } from './source.ts'

const BLOCK = 16

function countingSource(bytes: Uint8Array): { source: Source; reads: number[] } {
  const inner = memorySource(bytes)
  const reads: number[] = []
  const read: Source['read'] = (offset, into) => {
    reads.push(offset)
    return inner.read(offset, into)
  }
  return { source: { ...inner, read }, reads }
}

test('any sequence of reads gives what the parent would', () => {
  const reads = fc.array(fc.tuple(fc.nat(300), fc.nat(50)), { maxLength: 40 })
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 256 }), reads, (bytes, ranges) => {
      const direct = memorySource(bytes)
      const cached = blockCache(direct, BLOCK, 3)
      for (const [offset, length] of ranges) {
        const expected = new Uint8Array(length)
        const got = new Uint8Array(length)
        assert.equal(cached.read(offset, got), direct.read(offset, expected))
        assert.deepEqual(got, expected)
      }
    }),
  )
})

test('a block is read once while it is among the recent ones', () => {
  const { source, reads } = countingSource(new Uint8Array(100))
  const cached = blockCache(source, BLOCK, 2)
  for (const offset of [0, 4, 17, 2, 18]) cached.read(offset, new Uint8Array(2))
  assert.deepEqual(reads, [0, 16])
  cached.read(40, new Uint8Array(2))
  cached.read(0, new Uint8Array(2))
  assert.deepEqual(reads, [0, 16, 32, 0])
})

test('a read of a block or more goes to the parent as it is', () => {
  const { source, reads } = countingSource(new Uint8Array(100))
  blockCache(source, BLOCK, 2).read(3, new Uint8Array(BLOCK))
  assert.deepEqual(reads, [3])
})

test('an offset outside the file reads nothing and does not reach the parent', () => {
  const { source, reads } = countingSource(new Uint8Array(100))
  const cached = blockCache(source, BLOCK, 2)
  for (const offset of [100, 2 ** 53, 2 ** 60, -8, Number.NaN]) {
    assert.equal(cached.read(offset, new Uint8Array(4)), 0)
    assert.equal(cached.read(offset, new Uint8Array(64)), 0)
  }
  assert.deepEqual(reads, [])
})

test('of a block with a hole everything but the hole is readable', () => {
  const inner = memorySource(Uint8Array.from({ length: 64 }, (_, i) => i))
  const cached = blockCache(
    {
      ...inner,
      read(offset, into) {
        if (offset < 24 && offset + into.length > 20) throw new HostError('f: EFAULT', 'EFAULT')
        return inner.read(offset, into)
      },
    },
    BLOCK,
    2,
  )
  const into = new Uint8Array(8)
  assert.equal(cached.read(10, into), 8)
  assert.deepEqual([...into], [10, 11, 12, 13, 14, 15, 16, 17])
  assert.equal(cached.read(24, into), 8)
  assert.deepEqual([...into], [24, 25, 26, 27, 28, 29, 30, 31])
  assert.throws(() => cached.read(18, into), { name: 'HostError' })
  assert.equal(cached.read(40, into), 8)
})

test('what is live is not cached', () => {
  const live = { ...memorySource(new Uint8Array(16)), isLive: true }
  assert.equal(blockCache(live), live)
})
