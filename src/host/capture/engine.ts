// makedumpfile's job in one function: filter a dump's pages and write them to a file, or to several. Used on a host and in
// the capture kernel. Memory: one bit a page frame in frame order, four more (160 MiB a TiB) for the order of
// importance, and some 8 MiB of buffers and of pages remembered.
import type { KernelMap } from '../../core/arch/arch.ts'
import { FormatError, KdumpError, UnsupportedError } from '../../core/base/errors.ts'
import type { CodecName } from '../../core/codec/codec.ts'
import { getCodec } from '../../core/codec/codecs.ts'
import { VmcoreInfo } from '../../core/debuginfo/vmcoreinfo.ts'
import type { Dump } from '../../core/dump/dump_format.ts'
import type { DumpOutput } from '../platform/dump_output.ts'
import { registerNativeCodecs } from '../platform/native_codecs.ts'
import { readFacts } from './dump_facts.ts'
import { type DumpPages, dumpPages } from './dump_pages.ts'
import { type DumpStats, makeStats } from './dump_stats.ts'
import { EXCLUDE_ZERO } from './exclude/page_class.ts'
import { type FrameBlocks, memoryBlocks } from './frame_blocks.ts'
import { KernelMemory } from './kernel_memory.ts'
import { readMemMaps } from './mem_map.ts'
import type { DumpPath } from './open_pages.ts'
import { copyPages } from './page_copy.ts'
import { type FilterInput, filterPages, type FilterResult } from './page_filter.ts'
import { readPageLayout } from './page_layout.ts'
import {
  frugalOrder,
  type PageOrder,
  type PagePass,
  PFN_ORDER,
  priorityOrder,
} from './page_order.ts'
import { PagePacker } from './page_packer.ts'
import { PagePool } from './page_pool.ts'
import { findReservedFlag } from './reserved_flag.ts'
import type { DumpWriter } from './writers/dump_writer.ts'
import { KdumpWriter } from './writers/kdump_writer.ts'

/** The two parts of the work that take time. */
export type DumpStage = 'filter' | 'copy'

/** Told a few times a second at most; `done` of `total` is the fraction of that stage. */
export type OnDumpProgress = (
  stage: DumpStage,
  done: number,
  total: number,
  writtenBytes: number,
) => void

/** What to write, and where to. */
export interface RunDumpOptions {
  readonly dump: Dump
  /** Where `dump` was opened: threads open it again. Without it no thread is started. */
  readonly path?: DumpPath
  readonly output: DumpOutput
  /** 0 to 31, bits as in makedumpfile(8). */
  readonly level: number
  /** undefined stores pages as they are. */
  readonly codec: CodecName | undefined
  readonly pageOrder: PageOrder
  /** Threads that compress; 0 and 1 do all in this one. */
  readonly threads?: number
  /** Asked now and then; true ends the dump as a full target would. */
  readonly isExpired?: () => boolean
  readonly onProgress?: OnDumpProgress
}

const LEVEL_ALL = 31
/** 1 TiB of 4 KiB pages: beyond it the bitmaps of page kinds would crowd a capture kernel. */
const KINDS_FRAMES_MAX = 2 ** 28
const NO_TEXT = new Uint8Array(0)

/**
 * Write a filtered copy of `dump`.
 *
 * A target that fills up is no error: what fits is kept, marked incomplete, and `isComplete` is false. The output is
 * neither flushed nor closed.
 *
 * @throws {UnsupportedError} for kernels or machines the filter does not know (nothing is written then)
 * @throws {FormatError} if the dump has no VMCOREINFO
 */
export async function runDump(options: RunDumpOptions): Promise<DumpStats> {
  registerNativeCodecs()
  const startMs = performance.now()
  const { dump, output, codec } = options
  // What was left out before is still left out, and zeros that were shared are shared again.
  const level = options.level | (dump.dumpLevel ?? 0)
  const { plan, info } = planDump(options, level)
  const { pages, filter, memory, problems } = plan
  const filterMs = performance.now() - startMs
  const shareZeros = (level & EXCLUDE_ZERO) !== 0
  const writers = [
    new KdumpWriter(output, {
      facts: readFacts(dump, { level, codec, eraseInfo: NO_TEXT }, info, memory),
      existing: pages.existing,
      dumped: plan.dumped,
      shareZeros,
    }),
  ]
  for (const writer of writers) writer.begin()
  // makedumpfile stores repeats again, and frame order is for being like it.
  const sharing = { shareZeros, shareRepeats: options.pageOrder === 'priority' }
  await using pool = startPool(options, pages, sharing)
  let isExpired = false
  const counts = await copyPages({
    ...plan,
    writers,
    pool,
    packer: new PagePacker(pages, { ...sharing, codec: codec && getCodec(codec) }),
    pageSize: pages.pageSize,
    onTurn({ copied, zero, repeated }) {
      const done = copied + zero + repeated
      options.onProgress?.('copy', done, plan.dumped.total, bytesOf(writers))
      isExpired = options.isExpired?.() ?? false
      return !isExpired
    },
  })
  const pageCount = plan.dumped.total
  const written = counts.copied + counts.zero + counts.repeated
  const isComplete = written === pageCount && writers.every(({ ok }) => ok)
  for (const writer of writers) writer.finish(isComplete)
  const outputs = [output]
  return makeStats({
    ...{ outputs, pages, filter, writers, pageCount, counts, problems, startMs, filterMs },
    isComplete,
  })
}

const bytesOf = (writers: readonly DumpWriter[]): number =>
  writers.reduce((sum, { writtenBytes }) => sum + writtenBytes, 0)

function startPool(
  { path, threads = 0, codec }: RunDumpOptions,
  { pageSize }: DumpPages,
  sharing: { readonly shareZeros: boolean; readonly shareRepeats: boolean },
): PagePool | undefined {
  return path && threads > 1
    ? new PagePool(threads, { path, codec, pageSize, ...sharing })
    : undefined
}

/** What is dumped, and in which order. */
interface DumpPlan {
  readonly pages: DumpPages
  readonly memory: KernelMemory
  readonly filter: FilterResult
  readonly dumped: FrameBlocks
  readonly passes: readonly PagePass[]
  readonly mark: ((words: Uint32Array) => void) | undefined
  readonly problems: readonly KdumpError[]
}

function planDump(options: RunDumpOptions, level: number): { plan: DumpPlan; info: VmcoreInfo } {
  const { dump } = options
  if (!dump.vmcoreinfo) throw new FormatError(dump.file, 0, 'dump has no VMCOREINFO note')
  if (!dump.littleEndian) throw new UnsupportedError('filtering dumps of big-endian machines')
  const info = VmcoreInfo.parse(dump.vmcoreinfo)
  const pages = dumpPages(dump)
  const memory = new KernelMemory(dump, pages, info)
  const maps = readMemMaps(info, pages.pfnEnd, dump.littleEndian, (address, into) =>
    memory.read(address, into),
  )
  const plain: FilterInput = { pages, maps, layout: readPageLayout(info), memory }
  const problems: KdumpError[] = []
  const map = options.pageOrder === 'priority' ? tryKernelMap(memory, problems) : undefined
  const input = map ? withReservedFlag(plain, map) : plain
  const filter = filterPages(input, {
    level,
    wantKinds: map !== undefined && pages.pfnEnd <= KINDS_FRAMES_MAX,
    ...progressOf(options),
  })
  const dumped = memoryBlocks(filter.dumped, pages.pfnEnd)
  const order = planOrder(level, input, filter, map)
  return { plan: { pages, memory, filter, dumped, problems, ...order }, info }
}

function progressOf({ onProgress }: RunDumpOptions): {
  onProgress?: (done: number, total: number) => void
} {
  return onProgress ? { onProgress: (done, total) => onProgress('filter', done, total, 0) } : {}
}

/** Without the kernel's page tables no page is known to be more important than another. */
function tryKernelMap(memory: KernelMemory, problems: KdumpError[]): KernelMap | undefined {
  try {
    return memory.readKernelMap()
  } catch (error) {
    if (!(error instanceof KdumpError)) throw error
    problems.push(error)
    return undefined
  }
}

function withReservedFlag(input: FilterInput, map: KernelMap): FilterInput {
  const reserved = findReservedFlag(input, [...map.image, ...map.text])
  return { ...input, layout: { ...input.layout, reserved } }
}

function planOrder(
  level: number,
  input: FilterInput,
  { dumped, kinds, pageArray }: FilterResult,
  map: KernelMap | undefined,
): Pick<DumpPlan, 'passes' | 'mark'> {
  if (!map) return { passes: PFN_ORDER, mark: undefined }
  if (!kinds) {
    return { passes: frugalOrder(map, pageArray, input.pages.pfnEnd), mark: undefined }
  }
  const keepsUserData = (level | EXCLUDE_ZERO) !== LEVEL_ALL
  const kernel = keepsUserData ? filterPages(input, { level: LEVEL_ALL }).dumped : dumped
  return priorityOrder({ dumped, kernel, ...kinds, pageArray, map })
}
