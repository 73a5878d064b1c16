// In which order pages are written. The format does not care, so what a reader needs to open a dump comes first: a
// dump that was cut short, by a full disk or a lost connection, still opens.
import type { KernelMap, MappedRun } from '../../core/arch/arch.ts'
import type { PfnRun } from '../../core/dump/dump_format.ts'
import { BLOCK_BYTES, clearRuns, isEmpty, setRuns } from './frame_blocks.ts'
import { mergeRuns } from './page_bitmap.ts'
import type { PageKinds } from './page_filter.ts'

/** What is vmalloc'ed holds modules and stacks, and on some machines gigabytes of tables: then the image comes first. */
const EARLY_FACTOR = 4

/** Longest call instruction of the architectures. */
const CALL_BYTES = 8
/** Text wanted at a return address: crash disassembles that far from the start of schedule(). */
const TEXT_FRAMES = 4

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
  /** Frames without which a dump says nothing, see vital_frames.ts; none where symbols and types are missing. */
  readonly vital: readonly PfnRun[]
  readonly map: KernelMap
}

/** Frame order, as makedumpfile writes. */
export const PFN_ORDER: readonly PagePass[] = [
  { name: 'all pages', isRoot: false, select: (block) => block.fill(0xff) },
]

/**
 * The order of importance for machines so large that bitmaps count: what is vital, what page tables map, the rest,
 * the page array.
 */
export function frugalOrder(
  { map, pageArray, vital }: Pick<PageSets, 'map' | 'pageArray' | 'vital'>,
  pfnEnd: number,
): readonly PagePass[] {
  const named = [
    { name: 'vital frames and page tables', runs: vitalRuns(map, vital, pfnEnd) },
    { name: 'kernel image', runs: frameRuns([...map.image, ...map.text], pfnEnd) },
    { name: 'modules and stacks', runs: frameRuns(map.other, pfnEnd) },
  ]
  const clearFirst = (block: Uint8Array, firstPfn: number, count: number): void => {
    clearRuns(block, firstPfn, pageArray)
    for (const { runs } of named.slice(0, count)) clearRuns(block, firstPfn, runs)
  }
  const passes = named.map(({ name, runs }, i) => ({
    name,
    isRoot: false,
    select(block: Uint8Array, firstPfn: number) {
      setRuns(block, firstPfn, runs)
      clearFirst(block, firstPfn, i)
    },
  }))
  return [
    ...passes,
    {
      name: 'all other pages',
      isRoot: false,
      select(block, firstPfn) {
        block.fill(0xff)
        clearFirst(block, firstPfn, named.length)
      },
    },
    {
      name: 'page array',
      isRoot: false,
      select: (block, firstPfn) => setRuns(block, firstPfn, pageArray),
    },
  ]
}

/** The order that lets a cut dump open, and a place to note what pages of the first passes point to. */
export interface PriorityOrder {
  readonly passes: readonly PagePass[]
  /** Note the pointers in a page. */
  readonly mark: (words: Uint32Array) => void
}

/**
 * The order of importance: what is vital, with the page tables; modules and all stacks; text that stacks return to; data
 * of the kernel image (symbols, types, unwind tables); what was reserved at boot; slabs that all these point into; other
 * kernel memory; other slabs; other text, which a package could replace; the page array; and what the level keeps of user
 * memory, caches and free pages.
 *
 * Each pass takes its pages out of what is left, so that none is written twice and none is forgotten.
 */
export function priorityOrder(sets: PageSets): PriorityOrder {
  const { dumped, pageArray, map } = sets
  const left = dumped.slice()
  const wanted = new Uint8Array(dumped.length)
  const pfnEnd = dumped.length * 8
  const runs: ImageRuns = {
    vital: vitalRuns(map, sets.vital, pfnEnd),
    mapped: frameRuns(map.other, pfnEnd),
    image: frameRuns(map.image, pfnEnd),
    text: frameRuns(map.text, pfnEnd),
  }
  const take = (name: string, isRoot: boolean, choose: PagePass['select']): PagePass => ({
    name,
    isRoot,
    select(block, firstPfn) {
      choose(block, firstPfn)
      if (isEmpty(block)) return
      andBlock(block, left, firstPfn)
      takeBlock(block, left, firstPfn)
    },
  })
  const choose = chooseFrames(sets, runs, wanted)
  const modules = take('modules and stacks', true, choose.modules)
  const isEarly =
    countFrames(runs.mapped) - countFrames(pageArray) <= EARLY_FACTOR * countFrames(runs.image)
  const passes = [
    take('vital frames and page tables', true, choose.vital),
    ...(isEarly ? [modules] : []),
    take('text that stacks return to', false, choose.textInUse),
    take('kernel data', true, choose.image),
    ...(isEarly ? [] : [modules]),
    take('memory of boot time', true, choose.boot),
    take('slabs in use', false, choose.slabsInUse),
    take('other kernel memory', false, choose.plain),
    take('other slabs', false, choose.slabs),
    take('text in use', false, choose.textInUse),
    take('other text', false, choose.text),
    take('page array', false, choose.pageArray),
    take('user memory, caches and free pages', false, (block) => block.fill(0xff)),
  ]
  return { passes, mark: (words) => markPointers(words, map, runs.text, wanted) }
}

/** Frames by where they are mapped, sorted. */
interface ImageRuns {
  readonly vital: readonly PfnRun[]
  readonly mapped: readonly PfnRun[]
  readonly image: readonly PfnRun[]
  readonly text: readonly PfnRun[]
}

/** What the passes choose from what is left. `wanted` changes as pages are written. */
function chooseFrames(
  { kernel, slab, plain, pageArray }: PageSets,
  { vital, mapped, image, text }: ImageRuns,
  wanted: Uint8Array,
) {
  return {
    vital: (block, firstPfn) => setRuns(block, firstPfn, vital),
    modules(block, firstPfn) {
      setRuns(block, firstPfn, mapped)
      // The page array is mapped like modules are.
      clearRuns(block, firstPfn, pageArray)
    },
    image: (block, firstPfn) => setRuns(block, firstPfn, image),
    text: (block, firstPfn) => setRuns(block, firstPfn, text),
    textInUse(block, firstPfn) {
      setRuns(block, firstPfn, text)
      andBlock(block, wanted, firstPfn)
    },
    boot(block, firstPfn) {
      copyBlock(block, kernel, firstPfn)
      andNotBlock(block, slab, firstPfn)
      andNotBlock(block, plain, firstPfn)
      clearRuns(block, firstPfn, text)
      clearRuns(block, firstPfn, pageArray)
    },
    slabs(block, firstPfn) {
      copyBlock(block, slab, firstPfn)
      andBlock(block, kernel, firstPfn)
    },
    slabsInUse(block, firstPfn) {
      copyBlock(block, slab, firstPfn)
      andBlock(block, kernel, firstPfn)
      andBlock(block, wanted, firstPfn)
    },
    plain(block, firstPfn) {
      copyBlock(block, plain, firstPfn)
      andBlock(block, kernel, firstPfn)
      clearRuns(block, firstPfn, pageArray)
    },
    pageArray: (block, firstPfn) => setRuns(block, firstPfn, pageArray),
  } satisfies Record<string, PagePass['select']>
}

/**
 * Set the bits of what the pointers in a page mean.
 *
 * @param text frames of which a few are wanted
 */
function markPointers(
  words: Uint32Array,
  map: KernelMap,
  text: readonly PfnRun[],
  wanted: Uint8Array,
): void {
  const textStart = text[0]?.start ?? 0
  const textEnd = text.at(-1)?.end ?? 0
  for (let i = 1; i < words.length; i += 2) {
    const high = words[i] as number
    if (high < 0xff00_0000) continue
    const low = words[i - 1] as number
    const frame = map.frameOf(high, low)
    if (frame < 0 || frame >= wanted.length * 8) continue
    const at = Math.floor(frame / 8)
    // Eight frames are a byte, and the largest slab: an object is wanted whole, and its neighbours are of its kind.
    if (frame < textStart || frame >= textEnd) wanted[at] = 0xff
    else {
      // The call before a return address may begin in the frame before.
      want(wanted, (low & 0xfff) < CALL_BYTES ? frame - 1 : frame)
      for (let i = 0; i < TEXT_FRAMES; i++) want(wanted, frame + i)
    }
  }
}

function want(wanted: Uint8Array, frame: number): void {
  const at = Math.floor(frame / 8)
  wanted[at] = (wanted[at] as number) | (1 << (frame & 7))
}

const countFrames = (runs: readonly PfnRun[]): number =>
  runs.reduce((sum, { start, end }) => sum + end - start, 0)

function vitalRuns(map: KernelMap, vital: readonly PfnRun[], pfnEnd: number): PfnRun[] {
  const tables = map.tables.map((pfn) => ({ pfn, count: 1 }))
  return mergeRuns([...vital, ...frameRuns(tables, pfnEnd)])
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
  const from = wordsOf(block)
  const to = blockOf(bitmap, firstPfn)
  for (let i = 0; i < to.length; i++) to[i] = (to[i] as number) & ~(from[i] as number)
}

function copyBlock(block: Uint8Array, bitmap: Uint8Array, firstPfn: number): void {
  const to = wordsOf(block)
  const from = blockOf(bitmap, firstPfn)
  to.set(from)
  to.fill(0, from.length)
}

function andBlock(block: Uint8Array, bitmap: Uint8Array, firstPfn: number): void {
  const to = wordsOf(block)
  const from = blockOf(bitmap, firstPfn)
  for (let i = 0; i < from.length; i++) to[i] = (to[i] as number) & (from[i] as number)
  to.fill(0, from.length)
}

function andNotBlock(block: Uint8Array, bitmap: Uint8Array, firstPfn: number): void {
  const to = wordsOf(block)
  const from = blockOf(bitmap, firstPfn)
  for (let i = 0; i < from.length; i++) to[i] = (to[i] as number) & ~(from[i] as number)
}

/** 32 frames at a time: bitmaps are whole words, and blocks begin with one. */
const wordsOf = (bytes: Uint8Array): Int32Array =>
  new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4)

function blockOf(bitmap: Uint8Array, firstPfn: number): Int32Array {
  const at = firstPfn / 8
  return wordsOf(bitmap.subarray(at, Math.min(at + BLOCK_BYTES, bitmap.length)))
}
