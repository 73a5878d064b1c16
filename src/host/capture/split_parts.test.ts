// Where a split dump is cut, and that its parts together are the dump.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { MemoryOutput } from '../../../test/support/memory_output.ts'
import { PageArrayMachine } from '../../../test/support/page_array_recipe.ts'
import { framesThatAre, readFrames } from '../../../test/support/page_states.ts'
import type { CodecName } from '../../core/codec/codec.ts'
import type { Dump } from '../../core/dump/dump_format.ts'
import { openDump } from '../../core/dump/formats.ts'
import { popcount, testBit } from '../../core/base/bits.ts'
import { memorySource } from '../../core/io/memory_source.ts'
import { runDump, type RunDumpOptions } from './engine.ts'
import { BLOCK_PFNS, memoryBlocks } from './frame_blocks.ts'
import { bitmapOf } from './page_bitmap.ts'
import { splitParts } from './split_parts.ts'

const RECIPE = `
  0x140-0x14f absent
  0x150-0x15f zero
  0x700-0x7ff lru
  0x800-0x8ff anon lru swapbacked
  0x900-0xaff buddy 9
  0xf00-0xfff zero
`
const machine = new PageArrayMachine('6.12', RECIPE)

async function dumpInto(count: number, options: Partial<RunDumpOptions> = {}): Promise<Dump> {
  const outputs = Array.from({ length: count }, () => new MemoryOutput())
  const base = { dump: machine.dump(), level: 31, codec: undefined, pageOrder: 'pfn' } as const
  const stats = await runDump({ ...base, ...options, outputs })
  assert.equal(stats.isComplete, true)
  assert.equal(stats.lostPages, 0)
  const [first, ...parts] = outputs.map(({ bytes }, i) => memorySource(bytes, `part ${i}`))
  assert.ok(first)
  return openDump(first, { parts })
}

const whole = await dumpInto(1)
const expected = readFrames(whole, machine.memory)

for (const count of [2, 3, 5, 40]) {
  test(`${count} parts opened together are the unsplit dump, in either order of pages`, async () => {
    for (const pageOrder of ['pfn', 'priority'] as const) {
      for (const codec of [undefined, 'zlib'] as readonly (CodecName | undefined)[]) {
        const dump = await dumpInto(count, { pageOrder, codec })
        assert.equal(dump.incomplete, false)
        assert.deepEqual(readFrames(dump, machine.memory), expected)
        assert.deepEqual(dump.pfnRuns('existing'), whole.pfnRuns('existing'))
      }
    }
  })
}

test('parts hold about as many pages each, unless their grain is coarse', () => {
  const pfnEnd = 4 * BLOCK_PFNS
  const bitmap = bitmapOf([{ start: 1000, end: 3 * BLOCK_PFNS }], pfnEnd)
  const dumped = memoryBlocks(bitmap, pfnEnd)
  const sizes = (count: number, grain?: number): number[] =>
    splitParts(dumped, count, grain).map(({ indexes }) => indexes.end - indexes.start)
  for (const size of sizes(7)) assert.ok(Math.abs(size - dumped.total / 7) <= 64, `${size}`)
  assert.deepEqual(sizes(3, 2 * BLOCK_PFNS), [2 * BLOCK_PFNS - 1000, BLOCK_PFNS, 0])
  assert.deepEqual(sizes(2, 2 ** 40), [dumped.total, 0])
})

test('with more parts than pages, or none at all, some are empty and all open', async () => {
  const { total } = memoryBlocks(bitmapOf([{ start: 8, end: 11 }], 640), 640)
  assert.equal(total, 3)
  const parts = splitParts(memoryBlocks(bitmapOf([{ start: 8, end: 11 }], 640), 640), 5)
  assert.deepEqual(
    parts.map(({ indexes }) => indexes.end - indexes.start).sort((a, b) => a - b),
    [0, 0, 0, 0, 3],
  )
  const dump = await dumpInto(3, { splitGrain: 1 << 20 })
  assert.deepEqual(readFrames(dump, machine.memory), expected)
})

test('any bitmap, count and grain: parts follow one another, are all frames, and count their own', () => {
  const runs = fc.array(fc.tuple(fc.nat(100_000), fc.integer({ min: 1, max: 20_000 })), {
    maxLength: 5,
  })
  const grain = fc.constantFrom(1, 8, 100, 256, 5000, 32768, 100_000)
  fc.assert(
    fc.property(
      runs,
      fc.integer({ min: 1, max: 9 }),
      grain,
      fc.nat(7),
      (pairs, count, step, odd) => {
        const pfnEnd = 110_000 + odd
        const wanted = pairs.map(([start, size]) => ({
          start,
          end: Math.min(start + size, pfnEnd),
        }))
        const bitmap = bitmapOf(wanted, pfnEnd)
        const dumped = memoryBlocks(bitmap, pfnEnd)
        const parts = splitParts(dumped, count, step)
        assert.equal(parts.length, count)
        let [pfn, index] = [0, 0]
        for (const part of parts) {
          assert.equal(part.pfns.start, pfn)
          assert.equal(part.indexes.start, index)
          assert.ok(part.pfns.end === pfnEnd || part.pfns.end % 64 === 0)
          assert.ok(part.pfns.end === pfnEnd || part.pfns.end % (Math.ceil(step / 64) * 64) === 0)
          pfn = part.pfns.end
          index = part.indexes.end
          assert.equal(index, bitsBefore(bitmap, pfn))
        }
        assert.deepEqual([pfn, index], [pfnEnd, dumped.total])
      },
    ),
    { numRuns: 100 },
  )
})

function bitsBefore(bitmap: Uint8Array, pfn: number): number {
  let count = popcount(bitmap, 0, Math.floor(pfn / 8))
  for (let i = pfn - (pfn % 8); i < pfn; i++) if (testBit(bitmap, i)) count++
  return count
}

test('one part that is full leaves its own pages lost, the others are whole', async () => {
  const outputs = [new MemoryOutput(), new MemoryOutput(1_000_000), new MemoryOutput()]
  const stats = await runDump({
    ...{ dump: machine.dump(), outputs, level: 31, codec: undefined, pageOrder: 'pfn' },
  })
  assert.equal(stats.isComplete, false)
  const [first, ...parts] = outputs.map(({ bytes }) => memorySource(bytes))
  assert.ok(first)
  const dump = openDump(first, { parts })
  assert.equal(dump.incomplete, true)
  const states = readFrames(dump, machine.memory)
  const lost = framesThatAre('truncated', states)
  assert.equal(lost.length, stats.lostPages)
  assert.ok(lost.length > 0)
})
