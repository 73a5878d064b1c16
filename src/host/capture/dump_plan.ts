// What goes into a dump and in which order, decided before anything is written: memory model, page layout, filter, page
// tables. Nothing is trusted before it was verified; what fails makes the dump larger, never wrong.
import type { KernelMap } from '../../core/arch/arch.ts'
import { KdumpError, MismatchError, UnsupportedError } from '../../core/base/errors.ts'
import type { VmcoreInfo } from '../../core/debuginfo/vmcoreinfo.ts'
import { monotonicMs } from '../platform/clock.ts'
import { checkProblems, failedClasses, verifyClasses } from './class_checks.ts'
import type { PfnRun } from '../../core/dump/dump_format.ts'
import type { DumpPages } from './dump_pages.ts'
import { EXCLUDE_ZERO } from './exclude/page_class.ts'
import {
  BLOCK_BYTES,
  BLOCK_PFNS,
  type FrameBlocks,
  type FrameStore,
  memoryBlocks,
  setRuns,
} from './frame_blocks.ts'
import { readKernelCounters } from './kernel_counters.ts'
import { type KernelFacts, readKernelFacts } from './kernel_facts.ts'
import type { KernelMemory } from './kernel_memory.ts'
import { readMemMaps } from './mem_map.ts'
import { bitmapOf } from './page_bitmap.ts'
import {
  filterByWindow,
  type FilterInput,
  type FilterOptions,
  filterPages,
  type FilterSums,
  NO_SUMS,
  type PageKinds,
} from './page_filter.ts'
import { readPageLayout } from './page_layout.ts'
import {
  frugalOrder,
  type PageOrder,
  type PagePass,
  PFN_ORDER,
  priorityOrder,
} from './page_order.ts'
import { imageFrames, ownFrames } from './protect_kernel.ts'
import { findReservedFlag } from './reserved_flag.ts'
import { findVitalFrames } from './vital_frames.ts'

/** 128 GiB of 4 KiB pages: beyond it the bitmaps of page kinds, five of them, would crowd a capture kernel. */
const KINDS_FRAMES_MAX = 2 ** 25
const LEVEL_ALL = 31

/** A dump's memory, opened for filtering. */
export interface PlanInput {
  readonly info: VmcoreInfo
  readonly pages: DumpPages
  readonly memory: KernelMemory
  readonly littleEndian: boolean
}

/** What is to be left out. */
export interface PlanOptions {
  readonly level: number
  readonly pageOrder: PageOrder
  /** Keep every page that the dump has, whatever it is. */
  readonly keepAll: boolean
  /** Keeps the bits of what is dumped, where memory would not hold them. */
  readonly store: FrameStore | undefined
  readonly onProgress?: ((done: number, total: number) => void) | undefined
}

/** What is dumped, and in which order. */
export interface DumpPlan {
  readonly filter: FilterSums
  /** Time spent on the page array, of all that planning took. */
  readonly filterMs: number
  readonly dumped: FrameBlocks
  /** The bits of `dumped`, where they are in memory. */
  readonly bitmap: Uint8Array | undefined
  readonly passes: readonly PagePass[]
  readonly mark: ((words: Uint32Array) => void) | undefined
  /** What could not be verified or found out, and what was done about it. */
  readonly problems: readonly KdumpError[]
}

/**
 * Filter a dump's pages and choose their order.
 *
 * @throws {UnsupportedError} for machines the filter does not know
 */
export function planDump(input: PlanInput, options: PlanOptions): DumpPlan {
  const problems: KdumpError[] = []
  if (options.keepAll) return planAll(input.pages, options.store, problems)
  const prepared = prepareFilter(input, problems)
  if (!prepared) return planAll(input.pages, options.store, problems)
  const { facts, map, own } = prepared
  const wantKinds = map !== undefined && options.pageOrder === 'priority'
  const filter = filterVerified(prepared, problems, { ...options, own, wantKinds })
  const vital = wantKinds && facts ? findVitalFrames(input.memory, input.info, facts) : []
  return { problems, ...filter, ...planOrder(prepared.input, options, filter, map, vital) }
}

/** All that a filter run needs to be told. */
export interface PreparedFilter {
  readonly input: FilterInput
  readonly facts: KernelFacts | undefined
  readonly map: KernelMap | undefined
  /** Frames of the kernel's own. */
  readonly own: readonly PfnRun[]
}

/**
 * Find the page array and how it is laid out.
 *
 * @param problems what could not be found out is added
 * @returns undefined if there is nothing to filter by
 * @throws {UnsupportedError} for big-endian machines
 */
export function prepareFilter(
  input: PlanInput,
  problems: KdumpError[],
): PreparedFilter | undefined {
  if (!input.littleEndian) throw new UnsupportedError('filtering dumps of big-endian machines')
  const attempt = <T>(read: () => T): T | undefined => tryTo(read, problems)
  const map = attempt(() => input.memory.readKernelMap())
  const facts = attempt(() => readKernelFacts(input.memory, input.info))
  problems.push(...(facts?.problems ?? []))
  const found = attempt(() => openPageArray(input, facts, map))
  if (!found) return undefined
  for (const { what } of found.layout.disputes) problems.push(new MismatchError(what))
  const image = facts && attempt(() => imageOf(input, facts))
  const own = map ? ownFrames({ map, image: image ?? [] }, input.pages.pfnEnd) : []
  return { input: found, facts, map, own }
}

/** Without a page array that can be trusted all pages stay. */
function planAll(
  { present, pfnEnd }: DumpPages,
  store: FrameStore | undefined,
  problems: KdumpError[],
): DumpPlan {
  const rest = { filter: NO_SUMS, filterMs: 0, passes: PFN_ORDER, mark: undefined, problems }
  if (!store) {
    const bitmap = bitmapOf(present, pfnEnd)
    return { ...rest, bitmap, dumped: memoryBlocks(bitmap, pfnEnd) }
  }
  const block = new Uint8Array(BLOCK_BYTES)
  for (let first = 0; first < pfnEnd; first += BLOCK_PFNS) {
    setRuns(block, first, present)
    store.put(block, first)
  }
  return { ...rest, bitmap: undefined, dumped: store.blocks }
}

function tryTo<T>(read: () => T, problems: KdumpError[]): T | undefined {
  try {
    return read()
  } catch (error) {
    if (!(error instanceof KdumpError)) throw error
    problems.push(error)
    return undefined
  }
}

function openPageArray(
  { info, pages, memory, littleEndian }: PlanInput,
  facts: KernelFacts | undefined,
  map: KernelMap | undefined,
): FilterInput {
  const read = (address: bigint, into: Uint8Array): void => memory.read(address, into)
  const maps = readMemMaps(info, pages.pfnEnd, littleEndian, read, facts?.types)
  const input: FilterInput = { pages, maps, layout: readPageLayout(info, facts?.types), memory }
  if (!map) return input
  const reserved = findReservedFlag(input, [...map.image, ...map.text])
  return { ...input, layout: { ...input.layout, reserved } }
}

function imageOf({ memory, pages }: PlanInput, facts: KernelFacts): ReturnType<typeof imageFrames> {
  return imageFrames(facts, (address) => memory.toPhysical(address), pages.pageSize)
}

/** A filter run, and where it has its bits. */
interface Filtered {
  readonly filter: FilterSums
  readonly filterMs: number
  readonly dumped: FrameBlocks
  readonly bitmap: Uint8Array | undefined
  readonly kinds: PageKinds | undefined
}

/** Filter, compare the sums with the kernel's own, and filter again without the classes that do not agree. */
function filterVerified(
  { input, facts }: PreparedFilter,
  problems: KdumpError[],
  options: FilterOptions & Pick<PlanOptions, 'store'>,
): Filtered {
  const first = filterOnce(input, options)
  const counters = facts && tryTo(() => readKernelCounters(facts), problems)
  const checks = counters
    ? verifyClasses(first.filter, counters, input.layout, input.pages.pageSize)
    : []
  problems.push(...checkProblems(checks))
  const keep = failedClasses(checks)
  const isRetried = (options.level & keep) !== 0
  const last = isRetried ? filterOnce(input, { ...options, keep }) : first
  const { protectedFrames } = last.filter
  if (protectedFrames > 0) {
    const what = `${protectedFrames} pages of the kernel's own are marked as cache, user or free memory`
    problems.push(new MismatchError(`${what}: they are kept`))
  }
  return isRetried ? { ...last, filterMs: first.filterMs + last.filterMs } : last
}

function filterOnce(
  input: FilterInput,
  { store, ...options }: FilterOptions & Pick<PlanOptions, 'store'>,
): Filtered {
  const { pfnEnd } = input.pages
  const startMs = monotonicMs()
  if (store) {
    store.reset()
    const filter = filterByWindow(input, options, (bits, first) => store.put(bits, first))
    const filterMs = monotonicMs() - startMs
    return { filter, filterMs, dumped: store.blocks, bitmap: undefined, kinds: undefined }
  }
  const wantKinds = options.wantKinds === true && pfnEnd <= KINDS_FRAMES_MAX
  const filter = filterPages(input, { ...options, wantKinds })
  const filterMs = monotonicMs() - startMs
  const { dumped: bitmap, kinds } = filter
  return { filter, filterMs, dumped: memoryBlocks(bitmap, pfnEnd), bitmap, kinds }
}

/** Without the kernel's page tables no page is known to be more important than another. */
function planOrder(
  input: FilterInput,
  { level, pageOrder }: PlanOptions,
  { filter: { pageArray }, bitmap, kinds }: Filtered,
  map: KernelMap | undefined,
  vital: readonly PfnRun[],
): Pick<DumpPlan, 'passes' | 'mark'> {
  if (!map || pageOrder === 'pfn') return { passes: PFN_ORDER, mark: undefined }
  if (!bitmap || !kinds) {
    return { passes: frugalOrder({ map, pageArray, vital }, input.pages.pfnEnd), mark: undefined }
  }
  const keepsUserData = (level | EXCLUDE_ZERO) !== LEVEL_ALL
  const kernel = keepsUserData ? filterPages(input, { level: LEVEL_ALL }).dumped : bitmap
  return priorityOrder({ dumped: bitmap, kernel, ...kinds, pageArray, map, vital })
}
