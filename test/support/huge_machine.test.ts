// The simulated large machine is what its recipe says: our own filter counts the same. test/compat asks makedumpfile.
import assert from 'node:assert/strict'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, test } from 'node:test'
import { openDump } from '../../src/core/dump/formats.ts'
import type { DumpStats } from '../../src/host/capture/dump_stats.ts'
import { runDump } from '../../src/host/capture/engine.ts'
import { openFileSource } from '../../src/host/platform/file_source.ts'
import { type HugeCounts, writeHugeMachine } from './huge_machine.ts'
import { MemoryOutput } from './memory_output.ts'
import { countPages, makePagePiece, type PagePiece, SECTION_FRAMES } from './page_patterns.ts'
import { readRealPieces } from './real_pieces.ts'

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'kbox-huge-'))
after(() => fs.rmSync(folder, { recursive: true }))

const real = readRealPieces()

test('the engine counts the classes of a simulated machine as its recipe does', async () => {
  const { stats, expected } = await dumpHuge([])
  assert.deepEqual(countsOf(stats), expected)
  for (const count of Object.values(expected)) assert.ok(count > 0)
})

test(
  'real pieces of a page array are counted by plain rules and by the engine alike',
  { skip: real.length === 0 && 'no dump of 6.1 in the cache' },
  async () => {
    const { stats, expected } = await dumpHuge(real)
    assert.deepEqual(countsOf(stats), expected)
  },
)

async function dumpHuge(
  pieces: readonly PagePiece[],
): Promise<{ stats: DumpStats; expected: Partial<HugeCounts> }> {
  const file = path.join(folder, 'vmcore')
  // The smallest machine that has every pattern.
  const { repeatedHeads, ...expected } = writeHugeMachine(file, 48 * 2 ** 30, pieces)
  assert.ok(repeatedHeads > 0)
  using dump = openDump(openFileSource(file))
  const stats = await runDump({
    ...{ dump, level: 31, codec: 'zstd', pageOrder: 'priority' },
    outputs: [new MemoryOutput()],
  })
  assert.equal(stats.unreadableMapPages, 0)
  assert.deepEqual(stats.problems, [])
  return { stats, expected }
}

function countsOf(stats: DumpStats): Partial<HugeCounts> {
  return {
    existing: stats.originalPages,
    kept: stats.remainingPages + stats.zeroPages,
    zero: stats.zeroPages,
    cache: stats.cachePages,
    cachePrivate: stats.cachePrivatePages,
    user: stats.userPages,
    free: stats.freePages,
    hwpoison: stats.hwpoisonPages,
  }
}

test('the file is as long as the memory, and hardly there', () => {
  const file = path.join(folder, 'terabyte')
  writeHugeMachine(file, 2 ** 40)
  const { size, blocks } = fs.statSync(file)
  assert.ok(size > 0.99 * 2 ** 40 && size < 2 ** 40)
  assert.ok(blocks * 512 < 64 * 2 ** 20)
})

test('a pattern fills its section, and one that does not fit is refused', () => {
  const { counts } = makePagePiece('buddy:9 cache*512')
  assert.equal(counts.free, SECTION_FRAMES / 2)
  assert.equal(counts.cache, SECTION_FRAMES / 2)
  assert.throws(() => makePagePiece('cache buddy:1'), /order 1 at frame 1/)
  assert.throws(() => makePagePiece('cache*3'), /order 0 at frame 32768/)
  assert.throws(() => makePagePiece('fridge'), /fridge/)
})

test('the plain count of a piece is that of its pattern', () => {
  const pattern =
    'buddy:6*4 anon:4*8 buddy:3*16 slab:3 cache*250 anon*240 table*2 kernel*4 private*7 hwpoison'
  const { bytes, counts } = makePagePiece(pattern)
  assert.deepEqual(countPages(bytes), counts)
  for (const frames of Object.values(counts)) assert.ok(frames > 0)
})
