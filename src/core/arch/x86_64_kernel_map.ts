// What the kernel's own page tables of x86-64 map: found by walking the whole tree once.
// Source: Documentation/arch/x86/x86_64/mm.rst. Knows page tables, nothing of what lies in the pages.
import { lo32, hi32 } from '../base/addr.ts'
import type { VmcoreInfo } from '../debuginfo/vmcoreinfo.ts'
import type { KernelMap } from './arch.ts'

const PAGE_SIZE = 4096
const PAGE_PRESENT = 1
const PAGE_PSE = 0x80
/** Bit 63: no execution. */
const PAGE_NX_HIGH = 0x8000_0000
const ENTRIES = 512
/** Virtual page numbers without the sign extension: the kernel's half begins at half of the tree. */
const KERNEL_HALF = ENTRIES / 2
/** 128 Ki tables are 512 MiB; the tree of 16 TiB of RAM with 2 MiB pages has 16 Ki. */
const TABLES_MAX = 128 * 1024
const RUNS_MAX = 1024 * 1024
/** A walk gives up on a tree that so many entries of lead nowhere: damaged tables hold anything. */
const UNREADABLE_MAX = 64 * 1024
/** The kernel image's window: the upper 2 GiB, its first part. */
const IMAGE_FROM_TOP = 2 * 2 ** 30
const IMAGE_SIZE_DEFAULT = 2 ** 29

/**
 * Walk the tree at `root`.
 *
 * @param readPage reads one page of physical memory; false if it cannot be read
 */
export function readX86KernelMap(
  readPage: (physical: number, into: Uint8Array) => boolean,
  root: number,
  info: VmcoreInfo,
): KernelMap {
  const walk = new TreeWalk(readPage, info)
  walk.table(root, walk.levels, 0, KERNEL_HALF, 0)
  return sortRuns(walk, info.number('KERNEL_IMAGE_SIZE') ?? IMAGE_SIZE_DEFAULT)
}

/** Leaves contiguous in virtual and physical memory, all executable or none. */
interface LeafRun {
  /** Virtual page number, sign extension left out. */
  readonly vpn: number
  readonly pfn: number
  count: number
  readonly isExecutable: boolean
}

class TreeWalk {
  readonly levels: number
  /** Frames of the tables themselves. */
  readonly tables = new Set<number>()
  readonly runs: LeafRun[] = []
  complete = true
  #unreadable = 0
  readonly #readPage: (physical: number, into: Uint8Array) => boolean
  readonly #addressHigh: number
  readonly #addressLow: number
  /** One buffer a level: the walk goes on in the upper table after the lower one. */
  readonly #buffers: readonly { bytes: Uint8Array; view: DataView }[]

  constructor(readPage: (physical: number, into: Uint8Array) => boolean, info: VmcoreInfo) {
    this.#readPage = readPage
    this.levels = info.number('pgtable_l5_enabled') === 1 ? 5 : 4
    const smeMask = info.bigint('sme_mask') ?? 0n
    this.#addressHigh = 0xf_ffff & ~hi32(smeMask)
    this.#addressLow = 0xffff_f000 & ~lo32(smeMask)
    this.#buffers = Array.from({ length: this.levels + 1 }, () => {
      const bytes = new Uint8Array(PAGE_SIZE)
      return { bytes, view: new DataView(bytes.buffer) }
    })
  }

  /**
   * @param vpn virtual page number of the table's first entry, sign extension left out
   * @param noExec bit 63 of the entries above, joined
   */
  table(physical: number, level: number, vpn: number, first: number, noExec: number): void {
    const frame = physical / PAGE_SIZE
    // KASAN maps its shadow by one table many times; damaged tables may form rings.
    if (this.tables.has(frame)) return
    const buffer = this.#buffers[level]
    const isWithinLimits = this.tables.size < TABLES_MAX && this.#unreadable < UNREADABLE_MAX
    if (!buffer || !isWithinLimits || !this.#readPage(physical, buffer.bytes)) {
      this.#unreadable++
      this.complete = false
      return
    }
    this.tables.add(frame)
    const span = ENTRIES ** (level - 1)
    for (let index = first; index < ENTRIES; index++) {
      const low = buffer.view.getUint32(index * 8, true)
      if ((low & PAGE_PRESENT) === 0) continue
      const high = buffer.view.getUint32(index * 8 + 4, true)
      const target = (high & this.#addressHigh) * 2 ** 32 + ((low & this.#addressLow) >>> 0)
      const at = vpn + index * span
      const nx = noExec | (high & PAGE_NX_HIGH)
      if (level === 1) this.#leaf(at, target / PAGE_SIZE, 1, nx === 0)
      // Bit 12 of a large page's entry is PAT, not address.
      else if (level <= 3 && low & PAGE_PSE) {
        this.#leaf(at, Math.floor(target / PAGE_SIZE / span) * span, span, nx === 0)
      } else this.table(target, level - 1, at, 0, nx)
    }
  }

  #leaf(vpn: number, pfn: number, count: number, isExecutable: boolean): void {
    const last = this.runs.at(-1)
    if (
      last?.isExecutable === isExecutable &&
      last.vpn + last.count === vpn &&
      last.pfn + last.count === pfn
    ) {
      last.count += count
    } else if (this.runs.length < RUNS_MAX) this.runs.push({ vpn, pfn, count, isExecutable })
    else this.complete = false
  }
}

/** The direct map is the shift between virtual and physical that most pages share. */
function sortRuns(walk: TreeWalk, imageSize: number): KernelMap {
  const imageStart = ENTRIES ** walk.levels - IMAGE_FROM_TOP / PAGE_SIZE
  const imageEnd = imageStart + imageSize / PAGE_SIZE
  const directShift = commonShift(walk.runs)
  const isImage = ({ vpn }: LeafRun): boolean => vpn >= imageStart && vpn < imageEnd
  const inImage = walk.runs.filter(isImage)
  const imageShift = commonShift(inImage)
  const data = inImage.filter(({ isExecutable }) => !isExecutable)
  // A kernel without strict permissions maps all of its image executable.
  const isSplit = data.length > 0
  const highMask = ENTRIES ** walk.levels / 2 ** 20 - 1
  return {
    tables: [...walk.tables],
    image: isSplit ? data : inImage,
    text: isSplit ? inImage.filter(({ isExecutable }) => isExecutable) : [],
    other: walk.runs.filter((run) => !isImage(run) && run.vpn - run.pfn !== directShift),
    complete: walk.complete,
    frameOf(high, low) {
      // Canonical addresses have all bits above the tree's set.
      if ((high | highMask) >>> 0 !== 0xffff_ffff) return -1
      const vpn = (high & highMask) * 2 ** 20 + (low >>> 12)
      return vpn - (vpn >= imageStart && vpn < imageEnd ? imageShift : directShift)
    },
  }
}

/** Virtual minus physical page number of most of the pages; 0 for none. */
function commonShift(runs: readonly LeafRun[]): number {
  const pagesByShift = new Map<number, number>()
  for (const { vpn, pfn, count } of runs) {
    pagesByShift.set(vpn - pfn, (pagesByShift.get(vpn - pfn) ?? 0) + count)
  }
  let common = 0
  let most = 0
  for (const [shift, pages] of pagesByShift) {
    if (pages > most) [common, most] = [shift, pages]
  }
  return common
}
