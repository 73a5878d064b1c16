// In which order pages are written. The format does not care, so what a reader needs to open a dump comes first: a
// dump that was cut short, by a full disk or a lost connection, still opens.
import type { KernelMap, MappedRun } from '../../core/arch/arch.ts'
import type { PfnRun } from '../../core/dump/dump_format.ts'
import { BLOCK_BYTES, clearRuns, setRuns } from './frame_blocks.ts'
import { mergeRuns } from './page_bitmap.ts'
import type { PageKinds } from './page_filter.ts'

/** By importance, or as makedumpfile has it. */
export type PageOrder = 'priority' | 'pfn'

/** One way through all frames, ascending. */
export interface PagePass {
  readonly name: string
  /** Look for pointers in the pages of this pass: what they mean comes next. */
  readonly isRoot: boolean
  /**
   * Set the bits of the pages to write in a piece of bitmap. Frames that are not dumped do not count.
   *
   * @param block BLOCK_PFNS bits, the first of them is frame `firstPfn`
   */
  select(block: Uint8Array, firstPfn: number): void
}

/** Frames by what they hold, as bitmaps or runs. */
export interface PageSets extends PageKinds {
  /** What is dumped. */
  readonly dumped: Uint8Array
  /** What dump level 31 would keep. */
  readonly kernel: Uint8Array
  /** Frames of the page array (`struct page`). */
  readonly pageArray: readonly PfnRun[]
  readonly map: KernelMap
}

/** Frame order, as makedumpfile writes. */
export const PFN_ORDER: readonly PagePass[] = [
  { name: 'all pages', isRoot: false, select: (block) => block.fill(0xff) },
]

/**
 * The order of importance for machines so large that bitmaps count: what page tables map, everything else, the
 * page array.
 */
export function frugalOrder(
  map: KernelMap,
  pageArray: readonly PfnRun[],
  pfnEnd: number,
): readonly PagePass[] {
  const tables = map.tables.map((pfn) => ({ pfn, count: 1 }))
  const first = frameRuns([...map.image, ...map.text, ...map.other, ...tables], pfnEnd)
  const pass = (name: string, select: PagePass['select']): PagePass => ({
    name,
    isRoot: false,
    select,
  })
  return [
    pass('kernel image, modules and stacks', (block, firstPfn) => {
      setRuns(block, firstPfn, first)
      clearRuns(block, firstPfn, pageArray)
    }),
    pass('all other pages', (block, firstPfn) => {
      block.fill(0xff)
      clearRuns(block, firstPfn, first)
      clearRuns(block, firstPfn, pageArray)
    }),
    pass('page array', (block, firstPfn) => setRuns(block, firstPfn, pageArray)),
  ]
}

/** The order that lets a cut dump open, and a place to note what pages of the first passes point to. */
export interface PriorityOrder {
  readonly passes: readonly PagePass[]
  /** Note the pointers in a page. */
  readonly mark: (words: Uint32Array) => void
}

/**
 * The order of importance: modules, stacks and page tables; the text that stacks return to; data of the kernel image
 * (symbols, types, log); what was reserved at boot, with the per-CPU areas; slabs that all these point into, such
 * as task_structs; other kernel memory; other slabs; other text, which a package could replace; the page array; and
 * what the level keeps of user memory, caches and free pages.
 *
 * Each pass takes its pages out of what is left, so that none is written twice and none is forgotten.
 */
export function priorityOrder(sets: PageSets): PriorityOrder {
  const { dumped, kernel, slab, plain, pageArray, map } = sets
  const left = dumped.slice()
  const wanted = new Uint8Array(dumped.length)
  const pfnEnd = dumped.length * 8
  const tables = map.tables.map((pfn) => ({ pfn, count: 1 }))
  const mapped = frameRuns([...map.other, ...tables], pfnEnd)
  const image = frameRuns(map.image, pfnEnd)
  const text = frameRuns(map.text, pfnEnd)
  const pass = (name: string, isRoot: boolean, choose: PagePass['select']): PagePass => ({
    name,
    isRoot,
    select(block, firstPfn) {
      choose(block, firstPfn)
      andBlock(block, left, firstPfn)
      takeBlock(block, left, firstPfn)
    },
  })
  const passes = [
    pass('modules and stacks', true, (block, firstPfn) => {
      setRuns(block, firstPfn, mapped)
      // The page array is mapped like modules are.
      clearRuns(block, firstPfn, pageArray)
    }),
    pass('text in use', false, (block, firstPfn) => {
      setRuns(block, firstPfn, text)
      andBlock(block, wanted, firstPfn)
    }),
    pass('kernel data', true, (block, firstPfn) => setRuns(block, firstPfn, image)),
    pass('memory of boot time', true, (block, firstPfn) => {
      copyBlock(block, kernel, firstPfn)
      andNotBlock(block, slab, firstPfn)
      andNotBlock(block, plain, firstPfn)
      clearRuns(block, firstPfn, text)
      clearRuns(block, firstPfn, pageArray)
    }),
    pass('slabs in use', false, (block, firstPfn) => {
      copyBlock(block, slab, firstPfn)
      andBlock(block, kernel, firstPfn)
      andBlock(block, wanted, firstPfn)
    }),
    pass('other kernel memory', false, (block, firstPfn) => {
      copyBlock(block, plain, firstPfn)
      andBlock(block, kernel, firstPfn)
      clearRuns(block, firstPfn, pageArray)
    }),
    pass('other slabs', false, (block, firstPfn) => {
      copyBlock(block, slab, firstPfn)
      andBlock(block, kernel, firstPfn)
    }),
    pass('other text', false, (block, firstPfn) => setRuns(block, firstPfn, text)),
    pass('page array', false, (block, firstPfn) => setRuns(block, firstPfn, pageArray)),
    pass('user memory, caches and free pages', false, (block) => block.fill(0xff)),
  ]
  return { passes, mark: (words) => markPointers(words, map, wanted) }
}

/** Set the bits of what the pointers in a page mean. */
function markPointers(words: Uint32Array, map: KernelMap, wanted: Uint8Array): void {
  for (let i = 1; i < words.length; i += 2) {
    const high = words[i] as number
    if (high < 0xff00_0000) continue
    const frame = map.frameOf(high, words[i - 1] as number)
    // Eight frames are a byte, and the largest slab: an object is wanted whole, and its neighbours are of its kind.
    if (frame >= 0 && frame < wanted.length * 8) wanted[Math.floor(frame / 8)] = 0xff
  }
}

function frameRuns(runs: readonly MappedRun[], pfnEnd: number): PfnRun[] {
  return mergeRuns(
    runs
      .filter(({ pfn }) => pfn < pfnEnd)
      .map(({ pfn, count }) => ({ start: pfn, end: pfn + count })),
  )
}

/** Clear the bits of `block` in `bitmap`. */
function takeBlock(block: Uint8Array, bitmap: Uint8Array, firstPfn: number): void {
  const part = blockOf(bitmap, firstPfn)
  for (let i = 0; i < part.length; i++) part[i] = (part[i] as number) & ~(block[i] as number)
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
