// Threads that pack pages, over a real file: the dump is the same whoever packed, and a thread that dies ends it.
import assert from 'node:assert/strict'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, test } from 'node:test'
import { MemoryOutput } from '../../../test/support/memory_output.ts'
import { PageArrayMachine } from '../../../test/support/page_array_recipe.ts'
import { framesThatAre, readFrames } from '../../../test/support/page_states.ts'
import { FaultError, HostError } from '../../core/base/errors.ts'
import { openDiskdump } from '../../core/dump/diskdump.ts'
import { memorySource } from '../../core/io/memory_source.ts'
import { openFileOutput } from '../platform/file_output.ts'
import type { DumpStats } from './dump_stats.ts'
import { runDump, type RunDumpOptions } from './engine.ts'
import { type DumpPath, openDumpPath } from './open_pages.ts'
import { allocatePacked } from './packed_pages.ts'
import { PagePool } from './page_pool.ts'

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'kbox-pool-'))
after(() => fs.rmSync(folder, { recursive: true }))

/** Pages that repeat each other near and far, zeros, and noise that compresses badly. */
const machine = new PageArrayMachine(
  '6.12',
  '0x600-0x6ff zero\n0x900-0x9ff buddy 8\n0x40-0x4f absent',
)
for (let pfn = 0xa00; pfn < 0xd00; pfn++) {
  machine.memory.fill((pfn % 50) + 1, pfn * 4096, (pfn + 1) * 4096)
}
for (let at = 0xd00 * 4096; at < 0xf00 * 4096; at++) {
  machine.memory[at] = Math.imul(at ^ (at >>> 7), 0x9e37_79b1) >>> 24
}
const file = path.join(folder, 'vmcore')
await makeFile()
const from: DumpPath = { files: [file], useMmap: false }

async function makeFile(): Promise<void> {
  const output = openFileOutput(file, { overwrite: false })
  const options = { dump: machine.dump(), outputs: [output], format: 'elf', level: 0 } as const
  await runDump({ ...options, codec: undefined, pageOrder: 'pfn' })
  output.close()
}

interface Made {
  readonly stats: DumpStats
  readonly states: string[]
  readonly bytes: Uint8Array
}

async function make(options: Partial<RunDumpOptions>): Promise<Made> {
  const output = new MemoryOutput()
  using dump = openDumpPath(from)
  const stats = await runDump({
    ...{ dump, path: from, outputs: [output], level: 31, codec: 'zstd', pageOrder: 'priority' },
    ...options,
  })
  const states = readFrames(openDiskdump(memorySource(output.bytes)), machine.memory)
  return { stats, states, bytes: output.bytes }
}

test('one, two and four threads write the same pages', async () => {
  const alone = await make({ threads: 1 })
  assert.ok(alone.stats.repeatedPages > 500)
  for (const threads of [2, 4]) {
    const { stats, states } = await make({ threads })
    assert.equal(stats.isComplete, true)
    assert.deepEqual(states, alone.states)
    assert.equal(stats.remainingPages, alone.stats.remainingPages)
    assert.equal(stats.zeroPages, alone.stats.zeroPages)
    // How many repeats are seen depends on who is faster, but only a little.
    assert.ok(stats.repeatedPages > 300, `${stats.repeatedPages} repeated`)
  }
})

test('in frame order the file is the same, byte by byte', async () => {
  const [alone, both] = [
    await make({ pageOrder: 'pfn' }),
    await make({ pageOrder: 'pfn', threads: 3 }),
  ]
  // The recipe has no time of its crash: the header says when each dump was made.
  for (const { bytes } of [alone, both]) bytes.fill(0, 408, 424)
  assert.equal(Buffer.compare(alone.bytes, both.bytes), 0)
})

test('threads erase what is to be erased', async () => {
  const ranges = [{ physical: 0xd00 * 4096 + 7, size: 4096, nullify: false }]
  const output = new MemoryOutput()
  using dump = openDumpPath(from)
  const erase = { ranges, info: 'erase x size 4096\n' }
  const options = { dump, path: from, outputs: [output], erase, level: 0, threads: 2 }
  await runDump({ ...options, codec: 'zstd', pageOrder: 'pfn' })
  const expected = machine.memory.slice()
  expected.fill(0x58, 0xd00 * 4096 + 7, 0xd01 * 4096 + 7)
  const states = readFrames(openDiskdump(memorySource(output.bytes)), expected)
  assert.equal(framesThatAre('good', states).length, 4096 - 16)
})

test('a deadline ends threads too, and what was written is there', async () => {
  const { stats, states } = await make({
    threads: 2,
    level: 0,
    isExpired: () => true,
    pageOrder: 'pfn',
  })
  assert.equal(stats.isComplete, false)
  assert.equal(stats.lostPages, framesThatAre('truncated', states).length)
})

const settings = { codec: undefined, shareZeros: true, seen: undefined, pageSize: 4096, erase: [] }

test('a thread that cannot open the dump gives an error, and jobs behind it too', async () => {
  await using pool = new PagePool(2, { ...settings, path: { files: ['/missing'], useMmap: false } })
  const jobs = [0, 1, 2].map((job) => pool.pack(Float64Array.of(0), 1, job).packed)
  for (const job of jobs) {
    await assert.rejects(job, { name: 'HostError', message: /packing thread.*missing/ })
  }
  await assert.rejects(pool.pack(Float64Array.of(0), 1, 3).packed, HostError)
})

test('threads that are ended do not leave their jobs waiting', { timeout: 10_000 }, async () => {
  const pool = new PagePool(1, { ...settings, path: from })
  const { packed } = pool.pack(Float64Array.of(1), 1, 0)
  await pool[Symbol.asyncDispose]()
  await assert.rejects(packed, HostError)
  await assert.rejects(pool.pack(Float64Array.of(1), 1, 1).packed, HostError)
})

test('results come in the order of jobs, and room comes back', async () => {
  await using pool = new PagePool(2, { ...settings, path: from })
  for (let round = 0; round < 3; round++) {
    const jobs = [5, 6, 7, 8].map((pfn, i) => pool.pack(Float64Array.of(pfn), 1, round * 4 + i))
    assert.throws(() => pool.pack(Float64Array.of(9), 1, 99), /no room/)
    for (const [i, { worker, packed }] of jobs.entries()) {
      const pages = await packed
      assert.equal(pages.used, 4096)
      const expected = machine.memory.subarray((5 + i) * 4096, (6 + i) * 4096)
      assert.equal(Buffer.compare(pages.data.subarray(0, 4096), expected), 0)
      pool.release(worker, pages)
    }
  }
  assert.equal(allocatePacked(4096).kinds.length, 256)
})

test('a dump whose threads fail ends with an error, and the file tells what it has', async () => {
  const output = new MemoryOutput()
  using dump = openDumpPath(from)
  const options = {
    dump,
    path: { files: ['/missing'], useMmap: false },
    outputs: [output],
    level: 0,
  }
  await assert.rejects(
    runDump({ ...options, codec: undefined, pageOrder: 'priority', threads: 2 }),
    HostError,
  )
  const left = openDiskdump(memorySource(output.bytes))
  assert.equal(left.incomplete, true)
  // Page tables are packed before threads are asked for anything.
  assert.ok(framesThatAre('good', readFrames(left, machine.memory)).length > 0)
  assert.throws(() => left.readPhysical(0xd00 * 4096, new Uint8Array(4096)), FaultError)
})
