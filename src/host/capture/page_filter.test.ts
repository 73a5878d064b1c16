// Classes and levels on a page array made by recipe, for each layout `struct page` had since 4.18.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  FRAMES,
  type MemoryModel,
  PAGE_ERAS,
  PageArrayMachine,
  type PageEra,
} from '../../../test/support/page_array_recipe.ts'
import { testBit } from '../../core/base/bits.ts'
import { VmcoreInfo } from '../../core/debuginfo/vmcoreinfo.ts'
import { dumpPages } from './dump_pages.ts'
import { CACHE, CACHE_PRIVATE, FREE, HWPOISON, OFFLINE, USER } from './exclude/page_class.ts'
import { KernelMemory } from './kernel_memory.ts'
import { readMemMaps } from './mem_map.ts'
import { filterPages, type FilterResult } from './page_filter.ts'
import { readPageLayout } from './page_layout.ts'

function filter(machine: PageArrayMachine, level: number, lost: number[] = []): FilterResult {
  const dump = machine.dump(lost)
  const info = VmcoreInfo.parse(dump.vmcoreinfo ?? new Uint8Array())
  const pages = dumpPages(dump)
  const memory = new KernelMemory(dump, pages, info)
  const maps = readMemMaps(info, dump.pfnEnd, true, (address, into) => memory.read(address, into))
  return filterPages(
    { pages, maps, layout: readPageLayout(info), memory },
    { level, wantKinds: true },
  )
}

/** The frames of `[first, last]` that are left out. */
function missing({ dumped }: FilterResult, first: number, last: number): number[] {
  const frames = Array.from({ length: last - first + 1 }, (_, i) => first + i)
  return frames.filter((pfn) => !testBit(dumped, pfn))
}

const range = (first: number, last: number): number[] =>
  Array.from({ length: last - first + 1 }, (_, i) => first + i)

const RECIPE = `
  0x600-0x60f buddy 4
  0x610 lru
  0x611 lru private
  0x612 anon lru swapbacked
  0x613 swapcache
  0x614 swapcache swapbacked
  0x615 slab
  0x616 hwpoison
  0x617 offline
  0x620-0x627 compound lru
  0x628-0x62f compound anon lru swapbacked
  0x800-0x9ff compound hugetlb
  0x640-0x647 compound slab
  0x648-0x64f compound
`

/** Marked since 4.20. */
const hasOffline = (era: PageEra): boolean => era !== '4.18'

for (const era of PAGE_ERAS) {
  test(`${era}: each bit of the level leaves out its class, broken pages go always`, () => {
    const machine = new PageArrayMachine(era, RECIPE)
    const always = hasOffline(era) ? [0x616, 0x617] : [0x616]
    const cases: readonly (readonly [level: number, frames: readonly number[]])[] = [
      [0, []],
      [1, []],
      [2, [0x610, 0x614, ...range(0x620, 0x627)]],
      [4, [0x610, 0x611, 0x614, ...range(0x620, 0x627)]],
      [8, [0x612, ...range(0x628, 0x62f), ...range(0x800, 0x9ff)]],
      [16, range(0x600, 0x60f)],
    ]
    for (const [level, frames] of cases) {
      const expected = [...frames, ...always].sort((a, b) => a - b)
      assert.deepEqual(missing(filter(machine, level), 0x500, 0xfff), expected, `level ${level}`)
    }
  })

  test(`${era}: frames are counted by class`, () => {
    const { counts } = filter(new PageArrayMachine(era, RECIPE), 31)
    const classes = [CACHE, CACHE_PRIVATE, USER, FREE, HWPOISON, OFFLINE]
    assert.deepEqual(
      classes.map((pageClass) => counts[pageClass]),
      [10, 1, 1 + 8 + 512, 16, 1, hasOffline(era) ? 1 : 0],
    )
  })

  test(`${era}: slabs are told apart, their tails included`, () => {
    const { kinds, dumped } = filter(new PageArrayMachine(era, RECIPE), 31)
    assert.ok(kinds)
    const slabs = range(0, 0xfff).filter((pfn) => testBit(kinds.slab, pfn))
    assert.deepEqual(slabs, [0x615, ...range(0x640, 0x647)])
    for (const pfn of slabs) assert.ok(testBit(dumped, pfn))
  })
}

test('a compound page that spans sections is left out whole', () => {
  const machine = new PageArrayMachine('6.12', '0x800-0xfff compound hugetlb')
  assert.deepEqual(missing(filter(machine, 8), 0x500, 0xfff), range(0x800, 0xfff))
})

test('pages that a guest has not accepted are free, in blocks of the largest order', () => {
  const machine = new PageArrayMachine('7.1', '0x800 unaccepted')
  assert.deepEqual(missing(filter(machine, 16), 0x500, 0xfff), range(0x800, 0x800 + 1023))
})

test('an order that is impossible leaves out one frame or none', () => {
  const recipe = '0x601-0x608 compound lru\n0x700 buddy 11\n0x710 buddy 4294967295'
  const machine = new PageArrayMachine('6.6', recipe)
  assert.deepEqual(missing(filter(machine, 31), 0x500, 0xfff), [0x601])
})

test('frames that are no RAM are neither looked at nor counted', () => {
  const machine = new PageArrayMachine('6.12', '0x600-0x6ff absent\n0x600 lru\n0x700 lru')
  const { counts, dumped } = filter(machine, 31)
  assert.equal(counts[CACHE], 1)
  assert.equal(testBit(dumped, 0x600), false)
  assert.equal(testBit(dumped, 0x700), false)
  assert.equal(testBit(dumped, 0x701), true)
})

test('where the page array cannot be read, the frames it describes are kept', () => {
  const machine = new PageArrayMachine('6.12', '0x600-0x7ff lru')
  const lostFrame = FRAMES.pageArray + (0x640 * 64) / 4096
  const result = filter(machine, 31, [lostFrame])
  assert.equal(result.unreadable, 1)
  assert.deepEqual(missing(result, 0x600, 0x7ff), [...range(0x600, 0x63f), ...range(0x680, 0x7ff)])
})

const MODELS: readonly MemoryModel[] = ['vmemmap', 'pointer', 'sparse', 'static', 'flat']
for (const model of MODELS) {
  for (const levels of [4, 5] as const) {
    test(`memory model ${model}, ${levels} levels of page tables: classes are found`, () => {
      const machine = new PageArrayMachine('6.12', RECIPE, { model, levels })
      const { counts, pageArray } = filter(machine, 31)
      assert.deepEqual(counts, [0, 10, 1, 521, 16, 1, 1, 0, 0])
      assert.deepEqual(pageArray, [{ start: FRAMES.pageArray, end: FRAMES.pageArray + 64 }])
    })
  }
}

test('what was reserved at boot stays, whatever else its flags say', () => {
  const machine = new PageArrayMachine('6.12', '0x600 lru reserved\n0x601 anon reserved\n0x602 lru')
  const dump = machine.dump()
  const info = VmcoreInfo.parse(dump.vmcoreinfo ?? new Uint8Array())
  const pages = dumpPages(dump)
  const memory = new KernelMemory(dump, pages, info)
  const maps = readMemMaps(info, dump.pfnEnd, true, (address, into) => memory.read(address, into))
  const layout = { ...readPageLayout(info), reserved: 1 << 12 }
  const result = filterPages({ pages, maps, layout, memory }, { level: 31 })
  assert.deepEqual(missing(result, 0x500, 0xfff), [0x602])
})

test('a section without memory has no page array', () => {
  const machine = new PageArrayMachine('6.12', '0x600 lru\n0xa00 lru')
  machine.poke((FRAMES.section + 1) * 4096 + 2 * 16, 0n)
  assert.deepEqual(missing(filter(machine, 31), 0x500, 0xfff), [0x600])
})

test('the page array is found by its page tables, not by arithmetic', () => {
  // HugeTLB vmemmap optimisation: the tail pages of a huge page's array share one frame.
  const machine = new PageArrayMachine('6.12', '0x800-0x9ff compound hugetlb\n0xa00-0xa3f lru')
  const at = 0xffff_ea00_0000_0000n + BigInt(0x840 * 64)
  machine.tables.map(at, (FRAMES.pageArray + (0x880 * 64) / 4096) * 4096)
  for (const [physical, view] of machine.tables.frames) {
    machine.memory.set(new Uint8Array(view.buffer), physical)
  }
  machine.memory.fill(0xff, (FRAMES.pageArray + 0x21) * 4096, (FRAMES.pageArray + 0x22) * 4096)
  assert.deepEqual(missing(filter(machine, 31), 0x800, 0xfff), range(0x800, 0xa3f))
})

const ERAS_WITHOUT_TYPES: readonly PageEra[] = ['4.18', '5.10', '6.3', '6.6', '6.9']
for (const era of ERAS_WITHOUT_TYPES) {
  test(`${era}: a slab page with a count like a free one's is kept`, () => {
    const machine = new PageArrayMachine(era, '0x600 buddy 3\n0x600 slab\n0x610 slab anon')
    assert.deepEqual(missing(filter(machine, 31), 0x500, 0xfff), [])
  })
}
