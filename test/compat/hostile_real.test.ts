// Real dumps of the cache with damage to their headers, page tables, symbols, types, tasks and one page in a hundred: all
// that a person asks first ends within seconds, in bounded memory, and says in words what it could not read. Few cases;
// KBOX_FUZZ_RUNS and KBOX_FUZZ_SECONDS ask for more (see test/support/fuzz.ts).
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { describe, test } from 'node:test'
import { cachePath } from '../../scripts/cache.ts'
import { renderText } from '../../src/core/render/render_text.ts'
import type { PfnRun } from '../../src/core/dump/dump_format.ts'
import { openDump } from '../../src/core/dump/formats.ts'
import { COMMANDS } from '../../src/core/crash/commands.ts'
import { runWords } from '../../src/core/crash/run_command.ts'
import { Session } from '../../src/core/crash/session.ts'
import { loadModules } from '../../src/core/kernel/module.ts'
import { openKernel } from '../../src/core/kernel/open_kernel.ts'
import { forEachTask } from '../../src/core/kernel/sched.ts'
import { blockCache } from '../../src/core/io/block_cache.ts'
import type { Source } from '../../src/core/io/source.ts'
import { Program } from '../../src/core/program/program.ts'
import { renderReportHtml } from '../../src/core/report/render/html.ts'
import { renderReportText } from '../../src/core/report/render/text.ts'
import { buildReport } from '../../src/core/report/report_builder.ts'
import { runDump } from '../../src/host/capture/engine.ts'
import { nullOutput } from '../../src/host/platform/limited_output.ts'
import { openFileSource } from '../../src/host/platform/file_source.ts'
import { registerNativeCodecs } from '../../src/host/platform/native_codecs.ts'
import { damagedDump, damagedSource, replaceBlocks } from '../support/damaged_dump.ts'
import { type FuzzCase, runCases } from '../support/fuzz.ts'
import { mutate, type HotRanges, type Random } from '../support/mutate.ts'
import { IS_WHOLE } from '../support/extent.ts'

const MIB = 1024 * 1024
const PAGE_SIZE = 4096
/** `bt` of every task, and the report, take a second on an idle machine. */
const LIMITS = { allocationMax: 300 * MIB, allocationTotalMax: 6000 * MIB, caseMaxMs: 20_000 }
const RSS_MAX = 2000 * MIB
const LINES_MAX = 1_000_000
const COMMAND_LINES = [
  ...['log', 'bt -a', 'ps', 'mod', 'foreach files', 'foreach bt', 'sys', 'ps -a'],
  ...['kmem -i', 'kmem -S', 'kmem -f', 'kmem -v', 'kmem init_task', 'swap', 'mach'],
]

registerNativeCodecs()
const DUMPS = [
  '6.1/vmcore',
  '6.12/vmcore',
  ...(IS_WHOLE ? ['sid/vmcore', '6.12/vmcore.elf'] : []),
  '6.1-qemu/panic.kdump-zlib',
]
for (const name of DUMPS) {
  const file = cachePath('dumps', name)
  describe(`${name}, damaged`, { skip: existsSync(file) ? false : `no ${file}` }, () => {
    if (!existsSync(file)) return
    const source = openFileSource(file)
    const hostile = (what: string, count: number, run: FuzzCase): void => {
      test(`${name}: ${what}`, async (t) => {
        t.diagnostic(await runCases({ name: `${name}: ${what}`, options: LIMITS, run }, count))
        const { rss } = process.memoryUsage()
        assert.ok(rss < RSS_MAX, `${Math.round(rss / MIB)} MiB of memory`)
      })
    }
    testFile(source, hostile)
    testMemory(source, hostile)
  })
}

type Hostile = (what: string, count: number, run: FuzzCase) => void

/** Damage to the file: headers, descriptors, stored pages. */
function testFile(source: Source, hostile: Hostile): void {
  const blockSize = 65536
  const head = new Uint8Array(blockSize)
  source.read(0, head)
  const hot: HotRanges = [
    [0, 512],
    [PAGE_SIZE, PAGE_SIZE + 104],
  ]
  hostile('headers', 15, (random) => {
    const blocks = new Map([[0, padded(mutate(head, random, hot), blockSize)]])
    explore(openKernel(damagedSource(source, replaceBlocks(blocks, blockSize))))
  })
  hostile('blocks anywhere in the file', 10, (random) => {
    const blocks = new Map<number, Uint8Array>()
    for (let count = 8; count > 0; count--) {
      const index = random.below(Math.ceil(source.size / PAGE_SIZE))
      const block = new Uint8Array(PAGE_SIZE)
      source.read(index * PAGE_SIZE, block)
      blocks.set(index, padded(mutate(block, random), PAGE_SIZE))
    }
    explore(openKernel(damagedSource(source, replaceBlocks(blocks, PAGE_SIZE))))
  })
}

/** Damage to memory: what kernels keep there. */
function testMemory(source: Source, hostile: Hostile): void {
  const dump = openDump(source, { cache: blockCache })
  const program = new Program(dump, { loadModules })
  const present = dump.pfnRuns('present')
  const kinds: Readonly<Record<string, readonly PfnRun[]>> = {
    'page tables': tableFrames(program),
    'symbols and types': symbolFrames(program),
    'tasks and modules': taskFrames(program),
  }
  for (const [what, runs] of Object.entries(kinds)) {
    hostile(what, 12, (random) =>
      exploreDamaged(program, random, runs, 1 + random.below(1 + random.below(20))),
    )
    hostile(`filtering with damaged ${what}`, 3, (random) =>
      filterDamaged(program, random, runs, 1 + random.below(20)),
    )
  }
  const onePercent = Math.ceil(present.reduce((sum, { start, end }) => sum + end - start, 0) / 100)
  hostile('one page in a hundred', 2, (random) =>
    exploreDamaged(program, random, present, onePercent),
  )
  // Without symbols and types little is walked: here they are spared.
  const spared = new Set(kinds['symbols and types']?.map(({ start }) => start))
  hostile('one page in a hundred, but symbols and types', 10, (random) =>
    exploreDamaged(program, random, present, onePercent, spared),
  )
  hostile('filtering with one page in a hundred damaged', 2, (random) =>
    filterDamaged(program, random, present, onePercent),
  )
}

function exploreDamaged(
  { dump }: Program,
  random: Random,
  runs: readonly PfnRun[],
  count: number,
  spared: ReadonlySet<number> = new Set(),
): void {
  const pages = damagedPages(dump, random, runs, count)
  for (const pfn of spared) pages.delete(pfn)
  explore(new Program(damagedDump(dump, replaceBlocks(pages, dump.pageSize)), { loadModules }))
}

async function filterDamaged(
  { dump }: Program,
  random: Random,
  runs: readonly PfnRun[],
  count: number,
): Promise<void> {
  const pages = damagedPages(dump, random, runs, count)
  await runDump({
    dump: damagedDump(dump, replaceBlocks(pages, dump.pageSize)),
    outputs: [nullOutput('nowhere')],
    level: 31,
    codec: undefined,
    pageOrder: 'priority',
  })
}

function damagedPages(
  dump: Program['dump'],
  random: Random,
  runs: readonly PfnRun[],
  count: number,
): Map<number, Uint8Array> {
  const total = runs.reduce((sum, { start, end }) => sum + end - start, 0)
  const pages = new Map<number, Uint8Array>()
  for (; count > 0; count--) {
    let index = random.below(total)
    const run = runs.find(({ start, end }) => (index -= end - start) < 0)
    if (!run) continue
    const pfn = run.end + index
    const page = new Uint8Array(dump.pageSize)
    try {
      dump.readPhysical(pfn * dump.pageSize, page)
    } catch {
      continue
    }
    pages.set(pfn, padded(mutate(page, random, used(page)), dump.pageSize))
  }
  return pages
}

/** Where a page is not zero, so that damage meets what is read. */
function used(page: Uint8Array): HotRanges {
  const ranges: [number, number][] = []
  for (let at = 0; at < page.length; at += 64)
    if (page.subarray(at, at + 64).some((byte) => byte !== 0)) ranges.push([at, at + 64])
  return ranges
}

function padded(bytes: Uint8Array, size: number): Uint8Array {
  const whole = new Uint8Array(size)
  whole.set(bytes)
  return whole
}

/** Ask what a person asks first. What cannot be read is said in a line; all else thrown is a failure. */
function explore(program: Program): void {
  const session = new Session(program, COMMANDS)
  for (const line of COMMAND_LINES) {
    let count = 0
    for (const text of renderText(runWords(session, line.split(' ')))) {
      void text
      if (++count > LINES_MAX) throw new Error(`${line} does not end`)
    }
  }
  const report = buildReport(program, { fileBytes: 0, timings: [] })
  assert.ok(renderReportText(report).length > 0)
  assert.ok(renderReportHtml(report).length > 0)
}

function tableFrames({ dump, arch, info, memory }: Program): PfnRun[] {
  const readPage = (physical: number, into: Uint8Array): boolean => {
    try {
      dump.readPhysical(physical, into)
      return true
    } catch {
      return false
    }
  }
  const { tables } = arch.readKernelMap(readPage, memory.translator.kernelRoot, info)
  return tables.map((pfn) => ({ start: pfn, end: pfn + 1 }))
}

function symbolFrames(program: Program): PfnRun[] {
  const size = (start: string, stop: string): number =>
    Number(program.symbol(stop) - program.symbol(start))
  const address = (name: string): bigint => program.info.symbol(`kallsyms_${name}`) ?? 0n
  const names = Number(address('token_table') - address('names'))
  const count = program.kernelSymbols?.count ?? 0
  const ranges: (readonly [start: bigint, size: number])[] = [
    [address('num_syms'), 4],
    [address('names'), names],
    [address('token_table'), 4096],
    [address('token_index'), 512],
    [address('offsets'), count * 4],
    [address('relative_base'), 8],
  ]
  ranges.push([program.symbol('__start_BTF'), size('__start_BTF', '__stop_BTF')])
  ranges.push([program.symbol('__start_orc_unwind'), 1_000_000])
  ranges.push([program.symbol('__start_orc_unwind_ip'), 500_000])
  return framesOf(program, ranges)
}

function taskFrames(program: Program): PfnRun[] {
  const ranges: (readonly [start: bigint, size: number])[] = []
  for (const task of forEachTask(program)) {
    ranges.push([task.address, 4096], [task.pointer('stack'), 16384])
    for (const member of ['signal', 'files', 'fs', 'mm', 'nsproxy'])
      ranges.push([task.pointer(member), 512])
  }
  for (const { ranges: own } of program.modules)
    for (const { start, size } of own) ranges.push([start, size])
  ranges.push([program.symbol('init_task'), 8192])
  return framesOf(program, ranges)
}

function framesOf(
  { memory }: Program,
  ranges: Iterable<readonly [start: bigint, size: number]>,
): PfnRun[] {
  const frames = new Set<number>()
  for (const [start, size] of ranges) {
    if (start === 0n) continue
    for (let done = 0; done < size; done += PAGE_SIZE) {
      try {
        frames.add(Math.floor(memory.toPhysical(start + BigInt(done)) / PAGE_SIZE))
      } catch {
        continue
      }
    }
  }
  return Array.from(frames, (pfn) => ({ start: pfn, end: pfn + 1 }))
}
