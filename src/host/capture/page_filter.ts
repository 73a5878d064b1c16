// Which pages go into a dump: reads every `struct page` and clears the bits of what the dump level leaves out.
// A page costs a few nanoseconds: 1 TiB has 268 million.
import { classify } from './exclude/classify.ts'
import { freeOrder } from './exclude/free.ts'
import { BIT_FREE, BIT_SLAB, BITS_END, flagBits, typeBits } from './exclude/page_bits.ts'
import {
  CLASS_COUNT,
  EXCLUDE_FREE,
  EXCLUDE_HWPOISON,
  EXCLUDE_OFFLINE,
  KEEP,
  PLAIN,
  SLAB,
} from './exclude/page_class.ts'
import type { PfnRun } from '../../core/dump/dump_format.ts'
import type { DumpPages } from './dump_pages.ts'
import type { KernelMemory } from './kernel_memory.ts'
import type { MemMap } from './mem_map.ts'
import { BitmapWindow } from './bitmap_window.ts'
import { BLOCK_BYTES, BLOCK_PFNS } from './frame_blocks.ts'
import { mergeRuns, setRange } from './page_bitmap.ts'
import type { PageLayout } from './page_layout.ts'
import { type PageSums, pageSums } from './page_sums.ts'

/** Frames looked at in one read: 2 MiB of `struct page`. Even, so that a compound head's second page is in its window. */
const WINDOW_PAGES = BLOCK_PFNS
/** Pieces of the page array noted before those that touch are joined. */
const PIECES_MAX = 4096
/** The largest huge page there is has order 22 (16 GiB); what claims 16 TiB is damaged. */
const ORDER_LIMIT = 32

/** Told how many frames are decided. */
export type OnFilterProgress = (done: number, total: number) => void

/** What a filter run saw. */
export interface FilterSums {
  /** Frames by page class: what was left out as such. */
  readonly counts: readonly number[]
  /** Frames whose `struct page` was looked at. */
  readonly frames: number
  /** Frames of each kind, left out or not. */
  readonly sums: PageSums
  /** Frames that hold the page array. */
  readonly pageArray: readonly PfnRun[]
  /** Pages of the page array that could not be read: the frames they describe are all dumped. */
  readonly unreadable: number
  /** Frames of the kernel's own that would have been left out, and are not. */
  readonly protectedFrames: number
}

/** Sums of no run at all. */
export const NO_SUMS: FilterSums = {
  counts: [],
  frames: 0,
  sums: pageSums(new Float64Array(BITS_END), 0),
  pageArray: [],
  unreadable: 0,
  protectedFrames: 0,
}

/** Which frames are dumped, and what the others are. */
export interface FilterResult extends FilterSums {
  /** Bitmap of what is dumped; pages of zeros still count as dumped. */
  readonly dumped: Uint8Array
  /** For the order of pages, if asked for. */
  readonly kinds: PageKinds | undefined
}

/** Bitmaps of kept pages by what they hold; the rest was reserved at boot: the image, per-CPU areas, big tables. */
export interface PageKinds {
  readonly slab: Uint8Array
  /** Neither slab nor reserved. */
  readonly plain: Uint8Array
}

/** Where the page array is and how to read it. */
export interface FilterInput {
  readonly pages: DumpPages
  readonly maps: readonly MemMap[]
  readonly layout: PageLayout
  readonly memory: Pick<KernelMemory, 'readLenient'>
}

/** What to leave out, and what to find out besides. */
export interface FilterOptions {
  /** Dump level, 0 to 31. */
  readonly level: number
  /** EXCLUDE_ bits of classes that stay whatever the level: a check of class_checks.ts failed. */
  readonly keep?: number
  /** Frames of the kernel's own, sorted: never left out. See protect_kernel.ts. */
  readonly own?: readonly PfnRun[]
  readonly wantKinds?: boolean
  readonly onProgress?: OnFilterProgress | undefined
}

/** Filter all frames that exist. */
export function filterPages(input: FilterInput, options: FilterOptions): FilterResult {
  const { pages } = input
  const size = Math.ceil(pages.pfnEnd / 32) * 4
  const window = new BitmapWindow(pages, options.own ?? [], size, () => {})
  const kinds = options.wantKinds
    ? { slab: new Uint8Array(size), plain: new Uint8Array(size) }
    : undefined
  return { ...scanPages(input, options, window, kinds), dumped: window.bits, kinds }
}

/**
 * Filter all frames that exist, a window of them after the other: for machines whose bitmap would not fit into memory.
 *
 * @param put told the bits of BLOCK_PFNS frames at a time, all of them in frame order
 */
export function filterByWindow(
  input: FilterInput,
  options: FilterOptions,
  put: (bits: Uint8Array, firstPfn: number) => void,
): FilterSums {
  const window = new BitmapWindow(input.pages, options.own ?? [], BLOCK_BYTES, put)
  return scanPages(input, options, window, undefined)
}

function scanPages(
  { pages, maps, layout, memory }: FilterInput,
  options: FilterOptions,
  window: BitmapWindow,
  kinds: PageKinds | undefined,
): FilterSums {
  const scan = new PageScan(layout, excludedClasses(layout, options), window, kinds)
  const pageArray = new PageArrayRuns(pages.pageSize)
  const bytes = new Uint8Array(WINDOW_PAGES * layout.size)
  const words = new Int32Array(bytes.buffer)
  const onPiece = (physical: number, size: number): void => pageArray.add(physical, size)
  let unreadable = 0
  let frames = 0
  for (const { start, end, map } of windows(pages.existing, maps)) {
    while (start >= window.end) scan.advance()
    const address = map.address + BigInt((start - map.pfnStart) * layout.size)
    const part = bytes.subarray(0, (end - start) * layout.size)
    unreadable += memory.readLenient(address, part, onPiece)
    frames += end - start
    scan.window(words, start, end - start)
    options.onProgress?.(end, pages.pfnEnd)
  }
  while (window.end < pages.pfnEnd) scan.advance()
  window.finish()
  return {
    counts: scan.counts,
    frames,
    sums: pageSums(scan.tally, scan.keptFree),
    pageArray: pageArray.merged(),
    unreadable,
    protectedFrames: window.protectedFrames,
  }
}

/** EXCLUDE_ bits of what is left out: not what the layout's sources dispute. */
function excludedClasses({ disputes }: PageLayout, { level, keep = 0 }: FilterOptions): number {
  const disputed = disputes.reduce((bits, { classes }) => bits | classes, 0)
  return (level | EXCLUDE_HWPOISON | EXCLUDE_OFFLINE) & ~disputed & ~keep
}

interface FrameWindow extends PfnRun {
  readonly map: MemMap
}

/** Pieces of the page array that describe existing frames, cut to windows. */
function* windows(existing: readonly PfnRun[], maps: readonly MemMap[]): Generator<FrameWindow> {
  let first = 0
  for (const map of maps) {
    while (first < existing.length && (existing[first] as PfnRun).end <= map.pfnStart) first++
    for (let i = first; i < existing.length; i++) {
      const run = existing[i] as PfnRun
      if (run.start >= map.pfnEnd) break
      const runEnd = Math.min(run.end, map.pfnEnd)
      for (let start = Math.max(run.start, map.pfnStart); start < runEnd;) {
        const end = Math.min(runEnd, start - (start % WINDOW_PAGES) + WINDOW_PAGES)
        yield { start, end, map }
        start = end
      }
    }
  }
}

/** Frames of the page array, as pieces of it are read. */
class PageArrayRuns {
  readonly #pageSize: number
  #runs: PfnRun[] = []
  /** So many pieces are joined where they touch: those of terabytes are many, and few when joined. */
  #limit = PIECES_MAX

  constructor(pageSize: number) {
    this.#pageSize = pageSize
  }

  add(physical: number, size: number): void {
    const start = Math.floor(physical / this.#pageSize)
    const end = Math.ceil((physical + size) / this.#pageSize)
    const last = this.#runs.at(-1)
    if (last && start >= last.start && start <= last.end)
      this.#runs[this.#runs.length - 1] = { start: last.start, end: Math.max(end, last.end) }
    else this.#runs.push({ start, end })
    if (this.#runs.length < this.#limit) return
    this.#runs = this.merged()
    this.#limit = Math.max(PIECES_MAX, 2 * this.#runs.length)
  }

  merged(): PfnRun[] {
    return mergeRuns(this.#runs)
  }
}

/** A class not looked up yet. */
const UNKNOWN = 255

/** The state of a scan: the bitmap, the counts, and how far the last block reaches. */
class PageScan {
  readonly counts: number[] = new Array<number>(CLASS_COUNT).fill(0)
  /** Frames by set of page bits. */
  readonly tally = new Float64Array(BITS_END)
  /** Frames of free blocks that stay, their first ones left out. */
  keptFree = 0
  readonly #layout: PageLayout
  readonly #excluded: number
  readonly #window: BitmapWindow
  readonly #kinds: PageKinds | undefined
  readonly #shifts: FlagShifts
  /** The page bits that are read from flags: those of flags that the kernel lacks are noise. */
  readonly #flagBits: number
  /** Class by page bits, filled as they come up. */
  readonly #classOf = new Uint8Array(BITS_END).fill(UNKNOWN)
  /** Frames below are decided: a block may end in a later window. */
  #decided = 0
  /** Class of the block that ends there. */
  #decidedClass = KEEP

  constructor(
    layout: PageLayout,
    excluded: number,
    window: BitmapWindow,
    kinds: PageKinds | undefined,
  ) {
    this.#layout = layout
    this.#flagBits = flagBits(layout)
    this.#excluded = excluded
    this.#window = window
    this.#kinds = kinds
    this.#shifts = flagShifts(layout)
  }

  /** Go on to the frames behind the bitmap's window, into which the last block may reach. */
  advance(): void {
    const window = this.#window
    window.advance()
    if (this.#decidedClass !== KEEP) this.#leaveOut(this.#decidedClass, window.start, this.#decided)
  }

  window(words: Int32Array, firstPfn: number, count: number): void {
    const {
      words: stride,
      compoundHead: tail,
      flags: flagsWord,
      mapcount: mapcountWord,
      mapping,
      head,
    } = this.#layout
    const { lru, privateFlag, swapcache, swapbacked, hwpoison, slab, reserved } = this.#shifts
    const mask = this.#flagBits
    // Neighbours are mostly alike: bits are cleared, and frames counted, run by run.
    let runBits = 0
    let runStart = 0
    let runEnd = 0
    for (let index = Math.max(0, this.#decided - firstPfn); index < count; index++) {
      const at = index * stride
      // A tail page goes with its head, which was here before.
      if (tail >= 0 && (words[at + tail] as number) & 1) continue
      const flags = words[at + flagsWord] as number
      let bits =
        (((flags >>> lru) & 1) |
          (((flags >>> privateFlag) & 1) << 1) |
          (((flags >>> swapcache) & 1) << 2) |
          (((flags >>> swapbacked) & 1) << 3) |
          (((flags >>> hwpoison) & 1) << 4) |
          (((flags >>> slab) & 1) << 5) |
          (((flags >>> reserved) & 1) << 6) |
          (((words[at + mapping] as number) & 1) << 7)) &
        mask
      let frames = 1
      // A count below -1 is a page type.
      if ((flags & head) !== 0 || (words[at + mapcountWord] as number) < -1) {
        const packed = this.#special(words, at, bits, firstPfn + index, index + 1 < count)
        bits = packed % BITS_END
        frames = 2 ** Math.floor(packed / BITS_END)
      }
      if (bits !== runBits || index !== runEnd) {
        if (runEnd > runStart) this.#decide(runBits, firstPfn + runStart, firstPfn + runEnd)
        runBits = bits
        runStart = index
      }
      runEnd = index + frames
      index = runEnd - 1
    }
    if (runEnd > runStart) this.#decide(runBits, firstPfn + runStart, firstPfn + runEnd)
  }

  /** Bits of a compound head or of a page with a type; the order of its block times BITS_END. */
  #special(
    words: Int32Array,
    at: number,
    flagBits: number,
    pfn: number,
    hasSecond: boolean,
  ): number {
    const layout = this.#layout
    const isHead = hasSecond && ((words[at + layout.flags] as number) & layout.head) !== 0
    const bits = flagBits | typeBits(words, at, layout, isHead)
    const free = bits & BIT_SLAB ? -1 : freeOrder(words, at, layout)
    if (free >= 0) {
      if (this.#excluded & EXCLUDE_FREE) return (bits | BIT_FREE) + free * BITS_END
      // Pages inside of a free block that stays may be broken: each is looked at itself.
      this.keptFree += 2 ** free - 1
      return bits | BIT_FREE
    }
    return bits + (isHead ? compoundOrder(words, at, layout, pfn) : 0) * BITS_END
  }

  #decide(bits: number, start: number, end: number): void {
    this.#decided = end
    this.tally[bits] = (this.tally[bits] as number) + end - start
    let pageClass = this.#classOf[bits] as number
    if (pageClass === UNKNOWN) {
      pageClass = classify(bits, this.#layout, this.#excluded)
      this.#classOf[bits] = pageClass
    }
    const isKept = pageClass === KEEP || pageClass === SLAB || pageClass === PLAIN
    this.#decidedClass = isKept ? KEEP : pageClass
    if (!isKept) this.#leaveOut(pageClass, start, end)
    else if (this.#kinds && pageClass !== KEEP) {
      const kind = pageClass === SLAB ? this.#kinds.slab : this.#kinds.plain
      setRange(kind, start, Math.min(end, kind.length * 8))
    }
  }

  #leaveOut(pageClass: number, start: number, end: number): void {
    this.counts[pageClass] = (this.counts[pageClass] as number) + this.#window.clear(start, end)
  }
}

/** Bit numbers of the flags that decide a class; a flag that the kernel lacks has a bit that decides nothing. */
interface FlagShifts {
  readonly lru: number
  readonly privateFlag: number
  readonly swapcache: number
  readonly swapbacked: number
  readonly hwpoison: number
  readonly slab: number
  readonly reserved: number
}

function flagShifts(layout: PageLayout): FlagShifts {
  const bit = (mask: number): number => (mask === 0 ? 31 : 31 - Math.clz32(mask))
  return {
    lru: bit(layout.lru),
    privateFlag: bit(layout.privateFlag),
    swapcache: bit(layout.swapcache),
    swapbacked: bit(layout.swapbacked),
    hwpoison: bit(layout.hwpoison),
    slab: bit(layout.slabFlag),
    reserved: bit(layout.reserved),
  }
}

/** Order of the compound page whose head is at word `at`; what is impossible there counts as 0. */
function compoundOrder(words: Int32Array, at: number, layout: PageLayout, pfn: number): number {
  const place = layout.order
  if (!place) return 0
  const order = ((words[at + layout.words + place.word] as number) >>> place.shift) & 0xff
  return order < ORDER_LIMIT && pfn % 2 ** order === 0 ? order : 0
}
