// Bits of frames kept in the dump that is being made: the dump must be the one made with bits in memory.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MemoryOutput } from '../../../test/support/memory_output.ts'
import { FRAMES, PageArrayMachine } from '../../../test/support/page_array_recipe.ts'
import { framesThatAre, readFrames } from '../../../test/support/page_states.ts'
import { openDiskdump } from '../../core/dump/diskdump.ts'
import { memorySource } from '../../core/io/memory_source.ts'
import type { DumpOutput } from '../platform/dump_output.ts'
import { limitOutput } from '../platform/limited_output.ts'
import type { DumpStats } from './dump_stats.ts'
import { runDump, type RunDumpOptions } from './engine.ts'
import { BLOCK_BYTES, BLOCK_PFNS, memoryBlocks, storeInFile } from './frame_blocks.ts'

const RECIPE = `
  0x140-0x14f absent
  0x150-0x15f zero
  0x600-0x6ff slab
  0x700-0x7ff lru
  0x900-0x9ff buddy 8
`
const machine = new PageArrayMachine('6.12', RECIPE)

interface Made {
  readonly stats: DumpStats
  readonly bytes: Uint8Array
}

async function make(options: Partial<RunDumpOptions>, output = new MemoryOutput()): Promise<Made> {
  const dump = machine.dump()
  const base = { dump, outputs: [output], level: 31, codec: undefined, pageOrder: 'pfn' } as const
  const stats = await runDump({ ...base, ...options })
  return { stats, bytes: output.bytes }
}

/** A difference of megabytes would be printed for minutes. */
function assertSame(a: { readonly bytes: Uint8Array }, b: { readonly bytes: Uint8Array }): void {
  assert.equal(Buffer.compare(a.bytes, b.bytes), 0, 'the same bytes')
}

const IN_FILE = { memoryFramesMax: 0 }

for (const level of [0, 1, 31]) {
  test(`level ${level}: the dump is the same, byte by byte`, async () => {
    const [inMemory, inFile] = [await make({ level }), await make({ level, ...IN_FILE })]
    assertSame(inFile, inMemory)
    assert.equal(inFile.stats.isComplete, true)
    assert.equal(inFile.stats.remainingPages, inMemory.stats.remainingPages)
  })
}

test('so it is where all pages are kept: a copy of a dump, and one whose page array is not found', async () => {
  const inMemory = await make({ keepAll: true })
  assertSame(await make({ keepAll: true, ...IN_FILE }), inMemory)
  const blind = new PageArrayMachine('6.12', RECIPE)
  blind.memory.fill(0, FRAMES.section * 4096, (FRAMES.section + 3) * 4096)
  const expected = await make({ dump: blind.dump() })
  assert.equal(expected.stats.remainingPages + expected.stats.zeroPages, 4096 - 16)
  assertSame(await make({ dump: blind.dump(), ...IN_FILE }), expected)
})

test('priority goes without knowing what pages hold, and loses none', async () => {
  const { stats, bytes } = await make({ pageOrder: 'priority', ...IN_FILE })
  assert.equal(stats.isComplete, true)
  const states = readFrames(openDiskdump(memorySource(bytes)), machine.memory)
  const expected = await make({})
  assert.deepEqual(states, readFrames(openDiskdump(memorySource(expected.bytes)), machine.memory))
})

test('a target too small for the bits leaves a marked file or none that opens', async () => {
  const { bytes } = await make(IN_FILE)
  for (let size = 0; size < 20_000; size += 1500) {
    const { stats } = await make(IN_FILE, new MemoryOutput(size))
    assert.equal(stats.isComplete, false, `${size}`)
    assert.equal(stats.problems.length, 1)
  }
  const output = new MemoryOutput()
  const limited = limitOutput(output, Math.floor(bytes.length / 2))
  const { stats } = await make({ outputs: [limited], ...IN_FILE })
  assert.equal(stats.isComplete, false)
  const states = readFrames(openDiskdump(memorySource(output.bytes)), machine.memory)
  assert.equal(framesThatAre('truncated', states).length, stats.lostPages)
})

test('outputs that cannot be read back have their bits in memory', async () => {
  const output = new MemoryOutput()
  const writeOnly: DumpOutput = {
    name: 'stream',
    problem: undefined,
    write: (offset, bytes) => output.write(offset, bytes),
    truncate() {},
    sync() {},
    close() {},
  }
  await make({ outputs: [writeOnly], ...IN_FILE })
  assertSame(output, await make({}))
})

test('blocks in a file are those in memory, and begin again after reset', () => {
  const pfnEnd = 2 * BLOCK_PFNS + 77
  const bitmap = Uint8Array.from({ length: Math.ceil(pfnEnd / 8) }, (_, i) => (i * 37) & 0xff)
  const last = bitmap.length - 1
  bitmap[last] = 0x1f
  const expected = memoryBlocks(bitmap, pfnEnd)
  const store = storeInFile(new MemoryOutput(), 12_345, pfnEnd)
  for (const _round of [1, 2]) {
    store.reset()
    for (let at = 0; at < bitmap.length; at += BLOCK_BYTES) {
      const block = new Uint8Array(BLOCK_BYTES)
      block.set(bitmap.subarray(at, at + BLOCK_BYTES))
      store.put(block, at * 8)
    }
    assert.equal(store.blocks.total, expected.total)
    for (let first = 0; first < pfnEnd + BLOCK_PFNS; first += BLOCK_PFNS) {
      const [ours, theirs] = [new Uint8Array(BLOCK_BYTES).fill(9), new Uint8Array(BLOCK_BYTES)]
      store.blocks.load(ours, first)
      expected.load(theirs, first)
      assert.deepEqual(ours, theirs)
      assert.equal(store.blocks.rank(first), expected.rank(first))
    }
  }
})
