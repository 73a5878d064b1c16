// In which order pages are written. The format does not care, so what a reader needs to open a dump comes first: a
// dump that was cut short, by a full disk or a lost connection, still opens.
import type { KernelMap } from '../../core/arch/arch.ts'
import type { PfnRun } from './dump_pages.ts'
import { clearRange, mergeRuns, setRange } from './page_bitmap.ts'

export type PageOrder = 'priority' | 'pfn'

/** One way through all frames, ascending. */
export interface PagePass {
  readonly name: string
  /** Look for pointers in the pages of this pass: what they mean comes next. */
  readonly isRoot: boolean
  /**
   * Set the bits of the pages to write in a piece of bitmap.
   *
   * @param block BLOCK_PFNS bits, the first of them is frame `firstPfn`
   */
  select(block: Uint8Array, firstPfn: number): void
}

/** Frames whose selection is computed at once. */
export const BLOCK_PFNS = 32768
const BLOCK_BYTES = BLOCK_PFNS / 8
/** A pointer to an object makes the 16 KiB around it wanted: a task_struct is longer than a page. */
const MARK_FRAMES = 4

export interface PageSets {
  /** What is dumped. */
  readonly dumped: Uint8Array
  /** What dump level 31 would keep. */
  readonly kernel: Uint8Array
  readonly slab: Uint8Array
  /** Frames of the page array (`struct page`). */
  readonly pageArray: readonly PfnRun[]
  readonly map: KernelMap
}

/** Frame order, as makedumpfile writes. */
export function pfnOrder(dumped: Uint8Array): PagePass[] {
  return [
    {
      name: 'all pages',
      isRoot: false,
      select: (block, firstPfn) => copyBlock(block, dumped, firstPfn),
    },
  ]
}

/** The order that lets a cut dump open, and a place to note what pages of the first passes point to. */
export interface PriorityOrder {
  readonly passes: readonly PagePass[]
  /** Note the direct-map pointers in a page. */
  readonly mark: (words: Uint32Array) => void
}

/**
 * Order: the kernel image, its page tables, modules and stacks (vmalloc); all other kernel memory but slabs, with
 * the per-CPU areas; slabs that one of those points to, such as task_structs; other slabs; the page array; and what
 * the level keeps of user memory, caches and free pages.
 */
export function priorityOrder({ dumped, kernel, slab, pageArray, map }: PageSets): PriorityOrder {
  const wanted = new Uint8Array(dumped.length)
  const pfnEnd = dumped.length * 8
  const mapped = [...map.image, ...map.other].map(({ pfn, count }) => ({
    start: pfn,
    end: pfn + count,
  }))
  const tables = map.tables.map((pfn) => ({ start: pfn, end: pfn + 1 }))
  const first = mergeRuns([...mapped, ...tables]).filter((run) => run.start < pfnEnd)
  const without = (block: Uint8Array, firstPfn: number): void => {
    // The page array is mapped like vmalloc, so it is among `first`.
    forEachInBlock(first, firstPfn, (start, end) => clearRange(block, start, end))
    forEachInBlock(pageArray, firstPfn, (start, end) => clearRange(block, start, end))
  }
  const pass = (name: string, isRoot: boolean, select: PagePass['select']): PagePass => ({
    name,
    isRoot,
    select,
  })
  return {
    passes: [
      pass('kernel image and what is mapped', true, (block, firstPfn) => {
        block.fill(0)
        forEachInBlock(first, firstPfn, (start, end) => setRange(block, start, end))
        forEachInBlock(pageArray, firstPfn, (start, end) => clearRange(block, start, end))
        andBlock(block, dumped, firstPfn)
      }),
      pass('kernel data', true, (block, firstPfn) => {
        copyBlock(block, kernel, firstPfn)
        andNotBlock(block, slab, firstPfn)
        without(block, firstPfn)
      }),
      pass('slabs in use by those', false, (block, firstPfn) => {
        copyBlock(block, kernel, firstPfn)
        andBlock(block, slab, firstPfn)
        andBlock(block, wanted, firstPfn)
        without(block, firstPfn)
      }),
      pass('other slabs', false, (block, firstPfn) => {
        copyBlock(block, kernel, firstPfn)
        andBlock(block, slab, firstPfn)
        andNotBlock(block, wanted, firstPfn)
        without(block, firstPfn)
      }),
      pass('page array', false, (block, firstPfn) => {
        block.fill(0)
        forEachInBlock(pageArray, firstPfn, (start, end) => setRange(block, start, end))
        andBlock(block, dumped, firstPfn)
      }),
      pass('user memory, caches and free pages', false, (block, firstPfn) => {
        copyBlock(block, dumped, firstPfn)
        if (kernel !== dumped) andNotBlock(block, kernel, firstPfn)
        else block.fill(0)
        without(block, firstPfn)
      }),
    ],
    mark(words) {
      for (let i = 1; i < words.length; i += 2) {
        const high = words[i] as number
        if (high < 0xff00_0000) continue
        const frame = map.directMapFrame(high, words[i - 1] as number)
        if (!(frame >= 0 && frame < pfnEnd)) continue
        const start = frame - (frame % MARK_FRAMES)
        wanted[Math.floor(start / 8)] =
          (wanted[Math.floor(start / 8)] as number) | (0xf << (start & 7))
      }
    },
  }
}

/** Call with the parts of sorted `runs` that lie in a block, as bit numbers in it. */
function forEachInBlock(
  runs: readonly PfnRun[],
  firstPfn: number,
  visit: (start: number, end: number) => void,
): void {
  const endPfn = firstPfn + BLOCK_PFNS
  let low = 0
  let high = runs.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((runs[middle] as PfnRun).end <= firstPfn) low = middle + 1
    else high = middle
  }
  for (let i = low; i < runs.length; i++) {
    const run = runs[i] as PfnRun
    if (run.start >= endPfn) break
    visit(Math.max(run.start, firstPfn) - firstPfn, Math.min(run.end, endPfn) - firstPfn)
  }
}

function copyBlock(block: Uint8Array, bitmap: Uint8Array, firstPfn: number): void {
  const part = blockOf(bitmap, firstPfn)
  block.set(part)
  block.fill(0, part.length)
}

function andBlock(block: Uint8Array, bitmap: Uint8Array, firstPfn: number): void {
  const part = blockOf(bitmap, firstPfn)
  for (let i = 0; i < part.length; i++) block[i] = (block[i] as number) & (part[i] as number)
  block.fill(0, part.length)
}

function andNotBlock(block: Uint8Array, bitmap: Uint8Array, firstPfn: number): void {
  const part = blockOf(bitmap, firstPfn)
  for (let i = 0; i < part.length; i++) block[i] = (block[i] as number) & ~(part[i] as number)
}

function blockOf(bitmap: Uint8Array, firstPfn: number): Uint8Array {
  const at = firstPfn / 8
  return bitmap.subarray(at, Math.min(at + BLOCK_BYTES, bitmap.length))
}
