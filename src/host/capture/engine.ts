// makedumpfile's job in one function: filter a dump's pages and write them as a kdump-compressed file. Used on a
// host and in the capture kernel. Memory: one bit a page frame in frame order, four more (160 MiB a TiB) for the
// order of importance, and some 4 MiB of buffers.
import type { KernelMap } from '../../core/arch/arch.ts'
import { BitRank } from '../../core/base/bits.ts'
import { FormatError, KdumpError, UnsupportedError } from '../../core/base/errors.ts'
import type { CodecName } from '../../core/codec/codec.ts'
import { getCodec } from '../../core/codec/codecs.ts'
import { VmcoreInfo } from '../../core/debuginfo/vmcoreinfo.ts'
import type { Dump } from '../../core/dump/dump_format.ts'
import { NT_PRSTATUS } from '../../core/elf/elf_note.ts'
import { registerNativeCodecs } from '../platform/native_codecs.ts'
import type { DumpOutput } from '../platform/dump_output.ts'
import { dumpPages, type DumpPages } from './dump_pages.ts'
import {
  CACHE,
  CACHE_PRIVATE,
  EXCLUDE_ZERO,
  FREE,
  HWPOISON,
  OFFLINE,
  USER,
} from './exclude/page_class.ts'
import { KernelMemory } from './kernel_memory.ts'
import { readMemMaps } from './mem_map.ts'
import { PageCopy, type PageCopyCounts } from './page_copy.ts'
import { type FilterInput, filterPages, type FilterResult } from './page_filter.ts'
import { readPageLayout } from './page_layout.ts'
import {
  BLOCK_PFNS,
  frugalOrder,
  type PageOrder,
  type PagePass,
  pfnOrder,
  priorityOrder,
} from './page_order.ts'
import { findReservedFlag } from './reserved_flag.ts'
import { encodeNotes } from './writers/encode_notes.ts'
import { type KdumpFacts, KdumpWriter } from './writers/kdump_writer.ts'

/** The two parts of the work that take time. */
export type DumpStage = 'filter' | 'copy'

/** What to write, and where to. */
export interface RunDumpOptions {
  readonly dump: Dump
  readonly output: DumpOutput
  /** 0 to 31, bits as in makedumpfile(8). */
  readonly level: number
  /** undefined stores pages as they are. */
  readonly codec: CodecName | undefined
  readonly pageOrder: PageOrder
  /** Called a few times a second at most; `done` of `total` is the fraction of that stage. */
  readonly onProgress?: (
    stage: DumpStage,
    done: number,
    total: number,
    writtenBytes: number,
  ) => void
}

/** What became of all pages; frames, bytes and milliseconds. Names follow makedumpfile --show-stats. */
export interface DumpStats {
  readonly totalPages: number
  readonly originalPages: number
  readonly zeroPages: number
  readonly cachePages: number
  readonly cachePrivatePages: number
  readonly userPages: number
  readonly freePages: number
  readonly hwpoisonPages: number
  readonly offlinePages: number
  /** Pages whose data is in the file, those of zeros left out. */
  readonly remainingPages: number
  /** Of those, pages that share the data of their predecessor. */
  readonly repeatedPages: number
  /** Pages that should be in the dump and are not: unreadable, or no room was left. */
  readonly lostPages: number
  /** Pages of the page array that could not be read: what they describe was kept. */
  readonly unreadableMapPages: number
  readonly writtenBytes: number
  readonly fileSize: number
  readonly isComplete: boolean
  /** Why the target took no more, or why the order is not the one asked for. */
  readonly problems: readonly KdumpError[]
  readonly filterMs: number
  readonly copyMs: number
}

const LEVEL_ALL = 31
/** `char sysname[65]`, and five more alike. Source: include/uapi/linux/utsname.h. */
const UTSNAME_FIELD = 65
/** 1 TiB of 4 KiB pages: beyond it the bitmaps of page kinds would crowd a capture kernel. */
const KINDS_FRAMES_MAX = 2 ** 28
/** Timers and signals get their turn so often. */
const YIELD_MS = 100

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
  const { dump } = options
  // What was left out before is still left out, and zeros that were shared are shared again.
  const level = options.level | (dump.dumpLevel ?? 0)
  if (!dump.vmcoreinfo) throw new FormatError(dump.file, 0, 'dump has no VMCOREINFO note')
  if (!dump.littleEndian) throw new UnsupportedError('filtering dumps of big-endian machines')
  const start = performance.now()
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
  const plan = planOrder(level, input, filter, map)
  const filtered = performance.now()
  const writer = new KdumpWriter(
    options.output,
    readFacts(options, level, info, pages, memory),
    filter.dumped,
  )
  writer.begin(pages.existing, filter.dumped)
  const counts = await copyPages({ ...options, level }, pages, writer, plan, filter.dumped)
  writer.finish(counts.unreadable === 0)
  return makeStats({
    options,
    pages,
    filter,
    writer,
    counts,
    problems,
    filterMs: filtered - start,
    start,
  })
}

function progressOf({ onProgress }: RunDumpOptions): {
  onProgress?: (done: number, total: number) => void
} {
  return onProgress ? { onProgress: (done, total) => onProgress('filter', done, total, 0) } : {}
}

interface OrderPlan {
  readonly passes: readonly PagePass[]
  readonly mark?: (words: Uint32Array) => void
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
): OrderPlan {
  if (!map) return { passes: pfnOrder(dumped) }
  if (!kinds) return { passes: frugalOrder({ dumped, pageArray, map }) }
  const keepsUserData = (level | EXCLUDE_ZERO) !== LEVEL_ALL
  const kernel = keepsUserData ? filterPages(input, { level: LEVEL_ALL }).dumped : dumped
  return priorityOrder({ dumped, kernel, ...kinds, pageArray, map })
}

async function copyPages(
  options: RunDumpOptions,
  pages: DumpPages,
  writer: KdumpWriter,
  { passes, mark }: OrderPlan,
  dumped: Uint8Array,
): Promise<PageCopyCounts> {
  const copy = new PageCopy(pages, writer, {
    codec: options.codec === undefined ? undefined : getCodec(options.codec),
    shareZeros: (options.level & EXCLUDE_ZERO) !== 0,
    // makedumpfile stores repeats again, and frame order is for being like it.
    shareRepeats: options.pageOrder === 'priority',
  })
  if (options.level & EXCLUDE_ZERO) copy.storeZeroPage()
  const rank = new BitRank(dumped)
  const block = new Uint8Array(BLOCK_PFNS / 8)
  let yielded = performance.now()
  for (const pass of passes) {
    for (let firstPfn = 0; firstPfn < dumped.length * 8 && writer.ok; firstPfn += BLOCK_PFNS) {
      pass.select(block, firstPfn)
      const part = dumped.subarray(firstPfn / 8, firstPfn / 8 + block.length)
      copy.copyBlock(block, part, firstPfn, rank.rank(firstPfn), pass.isRoot ? mark : undefined)
      if (performance.now() - yielded < YIELD_MS) continue
      const { copied, zero, repeated } = copy.counts
      options.onProgress?.('copy', copied + zero + repeated, rank.total, writer.writtenBytes)
      await new Promise((resolve) => setImmediate(resolve))
      yielded = performance.now()
    }
  }
  options.onProgress?.('copy', rank.total, rank.total, writer.writtenBytes)
  return copy.counts
}

function readFacts(
  options: RunDumpOptions,
  level: number,
  info: VmcoreInfo,
  pages: DumpPages,
  memory: KernelMemory,
): KdumpFacts {
  const { dump } = options
  const { notes, vmcoreinfoOffset } = encodeNotes(dump)
  return {
    pageSize: pages.pageSize,
    pfnEnd: pages.pfnEnd,
    littleEndian: dump.littleEndian,
    utsname: readUtsname(dump, info, memory),
    timestamp: info.crashTime || dump.timestamp || Math.floor(Date.now() / 1000),
    codec: options.codec,
    dumpLevel: level,
    physBase: info.number('phys_base') ?? dump.physBase ?? 0,
    cpuCount: dump.notes.filter((note) => note.name === 'CORE' && note.type === NT_PRSTATUS).length,
    notes,
    vmcoreinfoOffset,
    vmcoreinfoSize: dump.vmcoreinfo?.length ?? 0,
  }
}

/** The kernel's own, else what the input's header says: a reader must at least learn the machine. */
function readUtsname(dump: Dump, info: VmcoreInfo, memory: KernelMemory): Uint8Array {
  const utsname = new Uint8Array(6 * UTSNAME_FIELD)
  const namespace = info.symbol('init_uts_ns')
  if (namespace !== undefined) {
    memory.readLenient(namespace + BigInt(info.offset('uts_namespace.name') ?? 0), utsname)
  }
  if (utsname[4 * UTSNAME_FIELD] !== 0 || !dump.utsname) return utsname
  const { nodename, release, version, machine } = dump.utsname
  for (const [i, text] of ['Linux', nodename, release, version, machine].entries()) {
    utsname.set(new TextEncoder().encode(text).subarray(0, UTSNAME_FIELD - 1), i * UTSNAME_FIELD)
  }
  return utsname
}

interface Outcome {
  readonly options: RunDumpOptions
  readonly pages: DumpPages
  readonly filter: FilterResult
  readonly writer: KdumpWriter
  readonly counts: PageCopyCounts
  readonly problems: readonly KdumpError[]
  readonly start: number
  readonly filterMs: number
}

function makeStats({
  options,
  pages,
  filter,
  writer,
  counts,
  problems,
  start,
  filterMs,
}: Outcome): DumpStats {
  const count = (pageClass: number): number => filter.counts[pageClass] ?? 0
  const originalPages = pages.existing.reduce((sum, run) => sum + run.end - run.start, 0)
  const { problem } = options.output
  const written = counts.copied + counts.repeated
  return {
    totalPages: pages.pfnEnd,
    originalPages,
    zeroPages: counts.zero,
    cachePages: count(CACHE),
    cachePrivatePages: count(CACHE_PRIVATE),
    userPages: count(USER),
    freePages: count(FREE),
    hwpoisonPages: count(HWPOISON),
    offlinePages: count(OFFLINE),
    remainingPages: writer.pageCount - counts.zero,
    repeatedPages: counts.repeated,
    lostPages: writer.pageCount - counts.zero - written + writer.lostPages,
    unreadableMapPages: filter.unreadable,
    writtenBytes: writer.writtenBytes,
    fileSize: writer.fileSize,
    isComplete: writer.ok && counts.unreadable === 0,
    problems: problem ? [...problems, problem] : problems,
    filterMs,
    copyMs: performance.now() - start - filterMs,
  }
}
