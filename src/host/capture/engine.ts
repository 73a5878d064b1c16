// makedumpfile's job in one function: filter a dump's pages and write them to a file, or to several. Used on a host and in
// the capture kernel. Memory beyond the runtime's stays below 64 MiB: up to 128 GiB of RAM six bits a frame, up to
// 512 GiB one bit, above that none; and some 16 MiB of buffers, symbols and pages remembered.
import { monotonicMs } from '../platform/clock.ts'
import { FormatError } from '../../core/base/errors.ts'
import type { CodecName } from '../../core/codec/codec.ts'
import { getCodec } from '../../core/codec/codecs.ts'
import { VmcoreInfo } from '../../core/debuginfo/vmcoreinfo.ts'
import type { Dump } from '../../core/dump/dump_format.ts'
import type { DumpOutput } from '../platform/dump_output.ts'
import { registerNativeCodecs } from '../platform/native_codecs.ts'
import { readFacts } from './dump_facts.ts'
import { type DumpPages, dumpPages, erasedPages } from './dump_pages.ts'
import type { ErasePlan } from './erase/erase_plan.ts'
import { type DumpPlan, planDump, type PlanInput } from './dump_plan.ts'
import { type DumpStats, makeStats } from './dump_stats.ts'
import { EXCLUDE_ZERO } from './exclude/page_class.ts'
import { type FrameStore, storeInFile } from './frame_blocks.ts'
import { KernelMemory } from './kernel_memory.ts'
import type { DumpPath } from './open_pages.ts'
import { copyPages, type PageCopyInput } from './page_copy.ts'
import { type PageOrder, PFN_ORDER } from './page_order.ts'
import { PagePacker } from './page_packer.ts'
import type { PagePool } from './page_pool.ts'
import { allocateSeen, SeenPages } from './seen_pages.ts'
import { splitParts } from './split_parts.ts'
import { elfFrames } from './writers/elf_runs.ts'
import { ElfWriter } from './writers/elf_writer.ts'
import { type KdumpFacts, kdumpLayout } from './writers/kdump_header.ts'
import { KdumpWriter } from './writers/kdump_writer.ts'
import { dropZeroPages } from './zero_pages.ts'

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
  /** One file, or the parts of a split dump. */
  readonly outputs: readonly DumpOutput[]
  /** ELF is not compressed, not split, and in frame order. */
  readonly format?: 'kdump' | 'elf'
  /** 0 to 31, bits as in makedumpfile(8). */
  readonly level: number
  /** undefined stores pages as they are. */
  readonly codec: CodecName | undefined
  readonly pageOrder: PageOrder
  /** What must not get into the dump: see erase/erase_plan.ts. */
  readonly erase?: Pick<ErasePlan, 'ranges' | 'info'> | undefined
  /** Filter nothing: the input is a dump already, and is copied. */
  readonly keepAll?: boolean
  /** Frames that parts begin at multiples of. */
  readonly splitGrain?: number | undefined
  /** Threads that compress; 0 and 1 do all in this one. */
  readonly threads?: number
  /** Beyond so many frames their bits are kept in the dump itself while it is made; 2^27 if not given. */
  readonly memoryFramesMax?: number
  /** Asked now and then; true ends the dump as a full target would. */
  readonly isExpired?: () => boolean
  readonly onProgress?: OnDumpProgress
}

/** 512 GiB of 4 KiB pages: beyond it even one bitmap, 16 MiB, is kept in the dump itself. */
const MEMORY_FRAMES_MAX = 2 ** 27

/**
 * Write a filtered copy of `dump`.
 *
 * A target that fills up is no error: what fits is kept, marked incomplete, and `isComplete` is false. The outputs are
 * neither flushed nor closed.
 *
 * @throws {UnsupportedError} for kernels or machines the filter does not know (nothing is written then)
 * @throws {FormatError} if the dump has no VMCOREINFO
 */
export async function runDump(options: RunDumpOptions): Promise<DumpStats> {
  registerNativeCodecs()
  const startMs = monotonicMs()
  const { onProgress } = options
  const input = openInput(options)
  const plan = planDump(input, {
    level: input.level,
    pageOrder: options.pageOrder,
    keepAll: options.keepAll === true,
    store: input.store,
    onProgress: onProgress && ((done, total) => onProgress('filter', done, total, 0)),
  })
  const planMs = monotonicMs() - startMs
  const writing =
    options.format === 'elf' ? elfWriting(options, input, plan) : kdumpWriting(options, input, plan)
  const { writers, dumped } = writing
  for (const writer of writers) await writer.begin()
  // Whatever happens: what was written must be found in the file.
  await using unfinished = new AsyncDisposableStack()
  for (const writer of writers) unfinished.defer(() => writer.finish(false))
  await using pool = await startPool(options, writing)
  let isExpired = false
  const counts = await copyPages({
    ...writing,
    pool,
    pageSize: input.pages.pageSize,
    packer: new PagePacker(input.clean, {
      ...writing,
      codec: options.codec === undefined ? undefined : getCodec(options.codec),
    }),
    onTurn({ copied, zero, repeated }) {
      const bytes = writers.reduce((sum, { writtenBytes }) => sum + writtenBytes, 0)
      onProgress?.('copy', copied + zero + repeated, dumped.total, bytes)
      isExpired ||= options.isExpired?.() ?? false
      return !isExpired
    },
  })
  const isWhole = counts.copied + counts.zero + counts.repeated === dumped.total
  const isComplete = isWhole && writers.every(({ ok }) => ok)
  unfinished.move()
  for (const writer of writers) await writer.finish(isComplete)
  return makeStats({
    ...{ plan, counts, startMs, planMs, isComplete, writers },
    pages: input.pages,
    outputs: options.outputs,
    pageCount: dumped.total,
    zeroPages: writing.zeroPages,
  })
}

/** The dump to be made, as far as it is known before a page is looked at. */
interface DumpInput extends PlanInput {
  /** What was left out before is still left out, and zeros that were shared are shared again. */
  readonly level: number
  readonly facts: KdumpFacts
  readonly store: FrameStore | undefined
  /** Pages without what is erased: what is written is read of these. */
  readonly clean: DumpPages
}

function openInput({ dump, codec, outputs, format, ...options }: RunDumpOptions): DumpInput {
  if (!dump.vmcoreinfo) {
    const search = dump.kernelSearch === undefined ? '' : ` (${dump.kernelSearch})`
    throw new FormatError(dump.file, 0, `dump has no VMCOREINFO note${search}`)
  }
  const level = options.level | (dump.dumpLevel ?? 0)
  const info = VmcoreInfo.parse(dump.vmcoreinfo)
  const pages = dumpPages(dump)
  const memory = new KernelMemory(dump, pages, info)
  const clean = erasedPages(pages, options.erase?.ranges ?? [])
  const earlier = dump.eraseinfo ? `${dump.eraseinfo}\n` : ''
  const eraseInfo = new TextEncoder().encode(earlier + (options.erase?.info ?? ''))
  // The header names the machine: not if that is erased.
  const facts = readFacts(
    dump,
    { level, codec, eraseInfo },
    info,
    new KernelMemory(dump, clean, info),
  )
  const [output] = outputs
  const { memoryFramesMax = MEMORY_FRAMES_MAX } = options
  const isHuge = pages.pfnEnd > memoryFramesMax && outputs.length === 1 && format !== 'elf'
  const read = output?.read?.bind(output)
  const store =
    isHuge && output && read
      ? storeInFile(Object.assign(output, { read }), kdumpLayout(facts).bitmap2, pages.pfnEnd)
      : undefined
  return { info, pages, clean, memory, littleEndian: dump.littleEndian, level, facts, store }
}

/** The files to write, which frames in which order, and what pages may share in them. */
interface Writing extends Pick<PageCopyInput, 'writers' | 'dumped' | 'passes' | 'mark' | 'seen'> {
  readonly shareZeros: boolean
  /** Pages of zeros that are left out beforehand. */
  readonly zeroPages: number
}

function kdumpWriting(
  { outputs, pageOrder, splitGrain }: RunDumpOptions,
  { level, facts, pages, store }: DumpInput,
  { dumped, passes, mark }: DumpPlan,
): Writing {
  const shareZeros = (level & EXCLUDE_ZERO) !== 0
  const hasBitmap = store !== undefined
  const content = { facts, existing: pages.existing, dumped, hasBitmap, shareZeros }
  const isSplit = outputs.length > 1
  const parts = isSplit ? splitParts(dumped, outputs.length, splitGrain) : []
  const writers = outputs.map((output, i) => {
    const part = parts[i]
    return new KdumpWriter(output, part ? { ...content, part } : content)
  })
  // makedumpfile stores repeats again, and frame order is for being like it. Parts share nothing with each other.
  const seen =
    pageOrder === 'priority' && !isSplit ? new SeenPages(allocateSeen(dumped.total)) : undefined
  return { writers, dumped, passes, mark, shareZeros, seen, zeroPages: 0 }
}

function elfWriting(
  { dump, outputs: [output] }: RunDumpOptions,
  { level, facts, pages, clean }: DumpInput,
  { bitmap }: DumpPlan,
): Writing {
  if (!output || !bitmap) throw new Error('an ELF dump needs an output and its bits in memory')
  const zeroPages = (level & EXCLUDE_ZERO) === 0 ? 0 : dropZeroPages(clean, bitmap)
  const frames = elfFrames(pages.existing, pages.present, bitmap, pages.pfnEnd)
  return {
    writers: [new ElfWriter(output, { dump, frames, eraseInfo: facts.eraseInfo })],
    dumped: frames.stored,
    passes: PFN_ORDER,
    mark: undefined,
    shareZeros: false,
    seen: undefined,
    zeroPages,
  }
}

async function startPool(
  { path, threads = 0, codec, dump, erase }: RunDumpOptions,
  { shareZeros, seen }: Writing,
): Promise<PagePool | undefined> {
  // Each thread would search all of memory for the kernel.
  if (!path || threads < 2 || dump.kernelSearch !== undefined) return undefined
  const { PagePool, THREADS_MAX } = await import('./page_pool.ts')
  return new PagePool(Math.min(threads, THREADS_MAX), {
    ...{ path, codec, shareZeros, pageSize: dump.pageSize },
    seen: seen?.memory,
    erase: erase?.ranges ?? [],
  })
}
