// Which pages go into a dump: reads every `struct page` and clears the bits of what the dump level leaves out.
// The order of the tests is makedumpfile's (__exclude_unnecessary_pages), and so are the counts. A page costs a few
// nanoseconds: 1 TiB has 268 million.
import {
  CACHE,
  CACHE_PRIVATE,
  CLASS_COUNT,
  EXCLUDE_CACHE,
  EXCLUDE_CACHE_PRIVATE,
  EXCLUDE_FREE,
  EXCLUDE_USER,
  FREE,
  HWPOISON,
  KEEP,
  OFFLINE,
  PLAIN,
  SLAB,
  USER,
} from './exclude/page_class.ts'
import { isHwpoison, isOffline } from './exclude/broken.ts'
import { isCache } from './exclude/cache.ts'
import { freeOrder } from './exclude/free.ts'
import { isSlab } from './exclude/slab.ts'
import { isAnonymous, isHugetlb } from './exclude/user.ts'
import type { PfnRun } from '../../core/dump/dump_format.ts'
import type { DumpPages } from './dump_pages.ts'
import type { KernelMemory } from './kernel_memory.ts'
import type { MemMap } from './mem_map.ts'
import { bitmapOf, clearRange, mergeRuns, setRange } from './page_bitmap.ts'
import type { PageLayout } from './page_layout.ts'

/** Frames looked at in one read: 2 MiB of `struct page`. Even, so that a compound head's second page is in its window. */
const WINDOW_PAGES = 32768
/** Orders are exponents of a machine word. */
const ORDER_LIMIT = 64

/** Told how many frames are decided. */
export type OnFilterProgress = (done: number, total: number) => void

/** Which frames are dumped, and what the others are. */
export interface FilterResult {
  /** Bitmap of what is dumped; pages of zeros still count as dumped. */
  readonly dumped: Uint8Array
  /** For the order of pages, if asked for. */
  readonly kinds: PageKinds | undefined
  /** Frames by page class. */
  readonly counts: readonly number[]
  /** Frames that hold the page array. */
  readonly pageArray: readonly PfnRun[]
  /** Pages of the page array that could not be read: the frames they describe are all dumped. */
  readonly unreadable: number
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
  readonly wantKinds?: boolean
  readonly onProgress?: OnFilterProgress
}

/** Filter all frames that exist. */
export function filterPages(
  { pages, maps, layout, memory }: FilterInput,
  options: FilterOptions,
): FilterResult {
  const dumped = bitmapOf(pages.present, pages.pfnEnd)
  const kinds = options.wantKinds
    ? { slab: new Uint8Array(dumped.length), plain: new Uint8Array(dumped.length) }
    : undefined
  const scan = new PageScan(layout, options.level, dumped, kinds)
  const pageArray: PfnRun[] = []
  const bytes = new Uint8Array(WINDOW_PAGES * layout.size)
  const words = new Int32Array(bytes.buffer)
  const onPiece = (physical: number, size: number): void =>
    addPiece(pageArray, physical, size, pages.pageSize)
  let unreadable = 0
  for (const { start, end, map } of windows(pages.existing, maps)) {
    const address = map.address + BigInt((start - map.pfnStart) * layout.size)
    const part = bytes.subarray(0, (end - start) * layout.size)
    unreadable += memory.readLenient(address, part, onPiece)
    scan.window(words, start, end - start)
    options.onProgress?.(end, pages.pfnEnd)
  }
  return { dumped, kinds, counts: scan.counts, pageArray: mergeRuns(pageArray), unreadable }
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

function addPiece(runs: PfnRun[], physical: number, size: number, pageSize: number): void {
  const start = Math.floor(physical / pageSize)
  const end = Math.ceil((physical + size) / pageSize)
  const last = runs.at(-1)
  if (last && start >= last.start && start <= last.end)
    runs[runs.length - 1] = { start: last.start, end }
  else runs.push({ start, end })
}

/** A class not looked up yet. */
const UNKNOWN = 255

/** The state of a scan: the bitmap, the counts, and how far the last excluded block reaches. */
class PageScan {
  readonly counts: number[] = new Array<number>(CLASS_COUNT).fill(0)
  readonly #layout: PageLayout
  readonly #level: number
  readonly #dumped: Uint8Array
  readonly #kinds: PageKinds | undefined
  readonly #shifts: FlagShifts
  /** Class by the bits that decide it, filled as they come up: most pages are decided without a branch. */
  readonly #classOf = new Uint8Array(256).fill(UNKNOWN)
  /** Frames below are decided: a block may end in a later window. */
  #decided = 0

  constructor(layout: PageLayout, level: number, dumped: Uint8Array, kinds: PageKinds | undefined) {
    this.#layout = layout
    this.#level = level
    this.#dumped = dumped
    this.#kinds = kinds
    this.#shifts = flagShifts(layout)
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
    const classOf = this.#classOf
    // Neighbours are mostly of one class: bits are cleared run by run.
    let runClass = KEEP
    let runStart = 0
    let runEnd = 0
    for (let index = Math.max(0, this.#decided - firstPfn); index < count; index++) {
      const at = index * stride
      // A tail page goes with its head, which was here before.
      if (tail >= 0 && (words[at + tail] as number) & 1) continue
      const flags = words[at + flagsWord] as number
      let pageClass = UNKNOWN
      let frames = 1
      // A count below -1 is a page type.
      if ((flags & head) === 0 && (words[at + mapcountWord] as number) >= -1) {
        const key =
          ((flags >>> lru) & 1) |
          (((flags >>> privateFlag) & 1) << 1) |
          (((flags >>> swapcache) & 1) << 2) |
          (((flags >>> swapbacked) & 1) << 3) |
          (((flags >>> hwpoison) & 1) << 4) |
          (((flags >>> slab) & 1) << 5) |
          (((flags >>> reserved) & 1) << 6) |
          (((words[at + mapping] as number) & 1) << 7)
        pageClass = classOf[key] as number
        if (pageClass === UNKNOWN) {
          pageClass = classify(words, at, this.#layout, this.#level, false)
          classOf[key] = pageClass
        }
      } else {
        const packed = this.#special(words, at, firstPfn + index, index + 1 < count)
        pageClass = packed & 0xff
        frames = 2 ** (packed >> 8)
      }
      if (pageClass === KEEP) continue
      if (pageClass !== runClass || index !== runEnd) {
        if (runEnd > runStart) this.#decide(runClass, firstPfn + runStart, firstPfn + runEnd)
        runClass = pageClass
        runStart = index
      }
      runEnd = index + frames
      index = runEnd - 1
    }
    if (runEnd > runStart) this.#decide(runClass, firstPfn + runStart, firstPfn + runEnd)
  }

  /** Class of a compound head or of a page with a type in the low byte, order of its block above. */
  #special(words: Int32Array, at: number, pfn: number, hasSecond: boolean): number {
    const layout = this.#layout
    const free = this.#level & EXCLUDE_FREE ? freeOrder(words, at, layout) : -1
    if (free >= 0) return FREE | (free << 8)
    const isHead = hasSecond && ((words[at + layout.flags] as number) & layout.head) !== 0
    const order = isHead ? compoundOrder(words, at, layout, pfn) : 0
    return classify(words, at, layout, this.#level, isHead) | (order << 8)
  }

  #decide(pageClass: number, start: number, end: number): void {
    this.#decided = end
    const kind = pageClass === SLAB ? this.#kinds?.slab : this.#kinds?.plain
    if (pageClass !== SLAB && pageClass !== PLAIN) {
      this.counts[pageClass] =
        (this.counts[pageClass] as number) + clearRange(this.#dumped, start, end)
    } else if (kind) setRange(kind, start, Math.min(end, kind.length * 8))
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

/** Class of the page at word `at` if `level` excludes it, else SLAB, PLAIN or KEEP. */
function classify(
  words: Int32Array,
  at: number,
  layout: PageLayout,
  level: number,
  isHead: boolean,
): number {
  const flags = words[at + layout.flags] as number
  if (level & (EXCLUDE_CACHE | EXCLUDE_CACHE_PRIVATE) && isCache(flags, layout)) {
    const isPrivate = (flags & layout.privateFlag) !== 0
    if ((level & EXCLUDE_CACHE_PRIVATE || !isPrivate) && !isAnonymous(words, at, layout)) {
      return isPrivate ? CACHE_PRIVATE : CACHE
    }
  }
  if (level & EXCLUDE_USER) {
    if (isAnonymous(words, at, layout) || (isHead && isHugetlb(words, at, layout))) return USER
  }
  if (isHwpoison(flags, layout)) return HWPOISON
  if (isOffline(words, at, layout)) return OFFLINE
  if (isSlab(words, at, layout)) return SLAB
  return layout.reserved === 0 || (flags & layout.reserved) !== 0 ? KEEP : PLAIN
}

/** Order of the compound page whose head is at word `at`; what is impossible there counts as 0. */
function compoundOrder(words: Int32Array, at: number, layout: PageLayout, pfn: number): number {
  const place = layout.order
  if (!place) return 0
  const order = ((words[at + layout.words + place.word] as number) >>> place.shift) & 0xff
  return order < ORDER_LIMIT && pfn % 2 ** order === 0 ? order : 0
}
