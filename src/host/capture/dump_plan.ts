// What goes into a dump and in which order, decided before anything is written: memory model, page layout, filter, page
// tables.
import type { KernelMap } from '../../core/arch/arch.ts'
import { FormatError, KdumpError, UnsupportedError } from '../../core/base/errors.ts'
import { VmcoreInfo } from '../../core/debuginfo/vmcoreinfo.ts'
import type { Dump } from '../../core/dump/dump_format.ts'
import { type DumpPages, dumpPages } from './dump_pages.ts'
import { EXCLUDE_ZERO } from './exclude/page_class.ts'
import { type FrameBlocks, memoryBlocks } from './frame_blocks.ts'
import { KernelMemory } from './kernel_memory.ts'
import { readMemMaps } from './mem_map.ts'
import { type FilterInput, filterPages, type FilterResult } from './page_filter.ts'
import { readPageLayout } from './page_layout.ts'
import {
  frugalOrder,
  type PageOrder,
  type PagePass,
  PFN_ORDER,
  priorityOrder,
} from './page_order.ts'
import { findReservedFlag } from './reserved_flag.ts'

const LEVEL_ALL = 31
/** 1 TiB of 4 KiB pages: beyond it the bitmaps of page kinds would crowd a capture kernel. */
const KINDS_FRAMES_MAX = 2 ** 28

/** What is dumped, and in which order. */
export interface DumpPlan {
  readonly info: VmcoreInfo
  readonly pages: DumpPages
  readonly memory: KernelMemory
  readonly filter: FilterResult
  readonly dumped: FrameBlocks
  readonly passes: readonly PagePass[]
  readonly mark: ((words: Uint32Array) => void) | undefined
  readonly problems: readonly KdumpError[]
}

/** What a plan is made from. */
export interface PlanOptions {
  readonly dump: Dump
  readonly level: number
  readonly pageOrder: PageOrder
  /** Keep every page that the dump has, whatever it is. */
  readonly keepAll?: boolean | undefined
  readonly onFilterProgress?: ((done: number, total: number) => void) | undefined
}

/**
 * Filter a dump's pages and choose their order.
 *
 * @throws {UnsupportedError} for kernels or machines the filter does not know
 * @throws {FormatError} if the dump has no VMCOREINFO
 */
export function planDump(options: PlanOptions): DumpPlan {
  const { dump, level, pageOrder, onFilterProgress } = options
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
  const map = pageOrder === 'priority' ? tryKernelMap(memory, problems) : undefined
  const input = map ? withReservedFlag(plain, map) : plain
  const filter = filterPages(input, {
    level,
    wantKinds: map !== undefined && pages.pfnEnd <= KINDS_FRAMES_MAX,
    ...(onFilterProgress && { onProgress: onFilterProgress }),
  })
  const dumped = memoryBlocks(filter.dumped, pages.pfnEnd)
  const order = planOrder(level, input, filter, map)
  return { info, pages, memory, filter, dumped, problems, ...order }
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
