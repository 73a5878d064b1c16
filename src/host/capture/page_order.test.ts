// Passes over frames of a made-up machine: each frame in one pass, and in which. Frames are hexadecimal numbers.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { KernelMap } from '../../core/arch/arch.ts'
import type { PfnRun } from '../../core/dump/dump_format.ts'
import { BLOCK_BYTES, BLOCK_PFNS } from './frame_blocks.ts'
import { bitmapOf } from './page_bitmap.ts'
import { frugalOrder, type PagePass, type PageSets, priorityOrder } from './page_order.ts'

const PFN_END = 2 * BLOCK_PFNS
const run = (start: number, count: number): PfnRun => ({ start, end: start + count })
const mapped = ({ start, end }: PfnRun): { pfn: number; count: number } => ({
  pfn: start,
  count: end - start,
})

const IMAGE = run(0x200, 0x20)
const TEXT = run(0x300, 0x20)
const MODULES = run(0x400, 0x10)
const PAGE_ARRAY = run(0x408, 4)
const SLABS = run(0x500, 0x40)
const PLAIN = run(0x600, 0x10)
const USER = run(0x700, 0x10)
/** In the second block. */
const BOOT = run(BLOCK_PFNS + 0x10, 0x10)
const VITAL = [run(0x204, 1), run(0x402, 2), run(0x510, 2), run(BLOCK_PFNS + 0x18, 1)]
const TABLE = 0x613
const ALL = [IMAGE, TEXT, MODULES, SLABS, PLAIN, USER, BOOT, run(TABLE, 1)]

/** Pointers are their frame's address plus 0xffff8880_00000000. */
const MAP: KernelMap = {
  tables: [TABLE],
  image: [mapped(IMAGE)],
  text: [mapped(TEXT)],
  other: [mapped(MODULES)],
  complete: true,
  frameOf: (high, low) => (high === 0xffff_8880 ? low >>> 12 : -1),
}

const SETS: PageSets = {
  dumped: bitmapOf(ALL, PFN_END),
  kernel: bitmapOf(
    ALL.filter((part) => part !== USER),
    PFN_END,
  ),
  slab: bitmapOf([SLABS], PFN_END),
  plain: bitmapOf([PLAIN], PFN_END),
  pageArray: [PAGE_ARRAY],
  vital: VITAL,
  map: MAP,
}

/** Frames by pass, as the engine would write them; `onPass` may mark what it likes. */
function select(
  passes: readonly PagePass[],
  onPass: (name: string) => void = () => {},
): Map<string, number[]> {
  const selected = new Map<string, number[]>()
  const block = new Uint8Array(BLOCK_BYTES)
  for (const pass of passes) {
    const frames: number[] = []
    for (let firstPfn = 0; firstPfn < PFN_END; firstPfn += BLOCK_PFNS) {
      pass.select(block, firstPfn)
      for (let i = 0; i < BLOCK_PFNS; i++) {
        const pfn = firstPfn + i
        const isSelected = (block[i >> 3] as number) & (1 << (i & 7))
        if (isSelected && (SETS.dumped[pfn >> 3] as number) & (1 << (pfn & 7))) frames.push(pfn)
      }
    }
    selected.set(pass.name, frames)
    onPass(pass.name)
  }
  return selected
}

const framesOf = (runs: readonly PfnRun[]): number[] =>
  runs.flatMap(({ start, end }) => Array.from({ length: end - start }, (_, i) => start + i))
const ascending = (frames: readonly number[]): number[] => [...frames].sort((a, b) => a - b)

test('every frame is written once, in either order', () => {
  const everything = ascending(framesOf(ALL))
  for (const passes of [priorityOrder(SETS).passes, frugalOrder(SETS, PFN_END)]) {
    assert.deepEqual(ascending([...select(passes).values()].flat()), everything)
  }
})

test('what is vital comes first, whatever kind it is, and the page tables with it', () => {
  for (const passes of [priorityOrder(SETS).passes, frugalOrder(SETS, PFN_END)]) {
    const [first] = select(passes).values()
    assert.deepEqual(first, ascending([...framesOf(VITAL), TABLE]))
  }
})

const namesOf = (passes: readonly PagePass[]): string[] =>
  [...select(passes)].filter(([, frames]) => frames.length > 0).map(([name]) => name)

test('what a reader needs comes before what it can do without, the page array after all kernel memory', () => {
  assert.deepEqual(namesOf(priorityOrder(SETS).passes), [
    'vital frames and page tables',
    'modules and stacks',
    'kernel data',
    'memory of boot time',
    'other kernel memory',
    'other slabs',
    'other text',
    'page array',
    'user memory, caches and free pages',
  ])
  assert.deepEqual(namesOf(frugalOrder(SETS, PFN_END)), [
    'vital frames and page tables',
    'kernel image',
    'modules and stacks',
    'all other pages',
    'page array',
  ])
})

test('where much is vmalloced the image comes first; the page array does not count', () => {
  const isEarly = (sets: PageSets): boolean => {
    const names = namesOf(priorityOrder(sets).passes)
    return names.indexOf('modules and stacks') < names.indexOf('kernel data')
  }
  const large = mapped(run(0x2000, 0x1000))
  const map = { ...MAP, other: [...MAP.other, large] }
  assert.equal(isEarly({ ...SETS, map }), false)
  assert.equal(isEarly({ ...SETS, map, pageArray: [PAGE_ARRAY, run(0x2000, 0x1000)] }), true)
})

test('text that stacks return to comes early, a few frames each, and one before where the call may begin there', () => {
  const { passes, mark } = priorityOrder(SETS)
  const early = select(passes, (name) => {
    if (name === 'vital frames and page tables') mark(pointersTo(0x305_800, 0x30a_004))
    if (name === 'kernel data') mark(pointersTo(0x310_800))
  })
  assert.deepEqual(early.get('text that stacks return to'), framesOf([run(0x305, 9)]))
  assert.deepEqual(early.get('text in use'), framesOf([run(0x310, 4)]))
})

test('slabs that are pointed to come before the others, eight frames at once', () => {
  const { passes, mark } = priorityOrder(SETS)
  const selected = select(passes, (name) => {
    if (name === 'kernel data') mark(pointersTo(0x52b_010))
  })
  assert.deepEqual(selected.get('slabs in use'), framesOf([run(0x528, 8)]))
  assert.deepEqual(
    selected.get('other slabs'),
    framesOf([SLABS]).filter(
      (pfn) => (pfn < 0x528 || pfn >= 0x530) && pfn !== 0x510 && pfn !== 0x511,
    ),
  )
})

/** A page's words: these pointers, and zeros. */
function pointersTo(...addresses: readonly number[]): Uint32Array {
  const words = new Uint32Array(1024)
  addresses.forEach((address, i) => words.set([address, 0xffff_8880], i * 2))
  return words
}
