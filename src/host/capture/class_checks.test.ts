// Kernels made by recipe, of each era of `struct page`: facts from BTF, counters in memory, and VMCOREINFO that lies.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  FRAMES,
  PAGE_ERAS,
  PageArrayMachine,
  type PageEra,
} from '../../../test/support/page_array_recipe.ts'
import { addFacts, type FactsRecipe } from '../../../test/support/page_facts_recipe.ts'
import { testBit } from '../../core/base/bits.ts'
import { VmcoreInfo } from '../../core/debuginfo/vmcoreinfo.ts'
import { checkProblems, type ClassCheck, failedClasses, verifyClasses } from './class_checks.ts'
import { dumpPages } from './dump_pages.ts'
import { EXCLUDE_FREE, EXCLUDE_HWPOISON, EXCLUDE_USER } from './exclude/page_class.ts'
import { readKernelCounters } from './kernel_counters.ts'
import { type KernelFacts, readKernelFacts } from './kernel_facts.ts'
import { KernelMemory } from './kernel_memory.ts'
import { readMemMaps } from './mem_map.ts'
import { filterPages, type FilterResult } from './page_filter.ts'
import { type PageLayout, readPageLayout } from './page_layout.ts'

const RECIPE = `
  0x600-0x6ff lru
  0x700-0x7ff anon lru swapbacked
  0x800-0x9ff compound hugetlb
  0xa00-0xbff buddy 9
  0xc00-0xdff slab
  0xe00-0xeff lru private
`
const CLASSES = {
  cache: [0x600, 0x6ff],
  user: [0x700, 0x7ff],
  hugetlb: [0x800, 0x9ff],
  free: [0xa00, 0xbff],
  slab: [0xc00, 0xdff],
  private: [0xe00, 0xeff],
} as const

/** What the kernel of RECIPE counted. */
function countersOf(era: PageEra): Record<string, number> {
  const slab = era === '4.18' ? 'NR_SLAB_UNRECLAIMABLE' : 'NR_SLAB_UNRECLAIMABLE_B'
  return {
    NR_FREE_PAGES: 512,
    NR_INACTIVE_ANON: 200,
    NR_ACTIVE_ANON: 56,
    NR_INACTIVE_FILE: 312,
    NR_ACTIVE_FILE: 200,
    NR_ANON_MAPPED: 256,
    [slab]: 512,
  }
}

interface Request {
  readonly era: PageEra
  readonly recipe?: string
  readonly facts?: FactsRecipe
  readonly lie?: (vmcoreinfo: string) => string
  readonly lost?: readonly number[]
}

interface Opened {
  readonly facts: KernelFacts
  readonly layout: PageLayout
  filter(level: number, keep?: number, layout?: PageLayout): FilterResult
  verify(result: FilterResult, layout?: PageLayout): ClassCheck[]
}

function open({ era, recipe = RECIPE, facts, lie, lost = [] }: Request): Opened {
  const machine = new PageArrayMachine(era, recipe)
  addFacts(machine, era, { counters: countersOf(era), hugePages: 1, ...facts })
  machine.vmcoreinfo = lie?.(machine.vmcoreinfo) ?? machine.vmcoreinfo
  const dump = machine.dump(lost)
  const info = VmcoreInfo.parse(dump.vmcoreinfo ?? new Uint8Array())
  const pages = dumpPages(dump)
  const memory = new KernelMemory(dump, pages, info)
  const found = readKernelFacts(memory, info)
  const maps = readMemMaps(
    info,
    pages.pfnEnd,
    true,
    (address, into) => memory.read(address, into),
    found.types,
  )
  const layout = readPageLayout(info, found.types)
  return {
    facts: found,
    layout,
    filter: (level, keep = 0, other = layout) =>
      filterPages({ pages, maps, layout: other, memory }, { level, keep }),
    verify(result, other = layout) {
      const counters = readKernelCounters(found)
      assert.ok(counters)
      return verifyClasses(result, counters, other, 4096)
    },
  }
}

/** Classes of RECIPE that are left out, all of each. */
function leftOut({ dumped }: FilterResult): string[] {
  return Object.entries(CLASSES).flatMap(([name, [first, last]]) => {
    const frames = Array.from({ length: last - first + 1 }, (_, i) => first + i)
    const missing = frames.filter((pfn) => !testBit(dumped, pfn)).length
    if (missing !== 0) assert.equal(missing, frames.length, `${name} is left out in part`)
    return missing === 0 ? [] : [name]
  })
}

const ALL = ['cache', 'user', 'hugetlb', 'free', 'private']
const disputed = ({ layout }: Opened): string[] => layout.disputes.map(({ what }) => what)

for (const era of PAGE_ERAS) {
  test(`${era}: types and VMCOREINFO agree, and types tell PG_reserved besides`, () => {
    const opened = open({ era })
    assert.deepEqual(opened.facts.problems, [])
    assert.ok(opened.facts.types)
    assert.deepEqual(disputed(opened), [])
    assert.equal(opened.layout.reserved, 1 << 12)
    assert.deepEqual(leftOut(opened.filter(31)), ALL)
  })

  test(`${era}: what VMCOREINFO does not say of struct page the types do`, () => {
    // The values of page types are macros before 6.11, which no types tell.
    const isMacro = !['6.11', '6.12', '7.1'].includes(era)
    const strip = (text: string): string =>
      text
        .split('\n')
        .filter((line) => !/\((?:page|folio)\.|\(page\)|PG_|zone\.|_DTOR/.test(line))
        .filter((line) => isMacro || !line.includes('_MAPCOUNT_VALUE'))
        .join('\n')
    assert.deepEqual(leftOut(open({ era, lie: strip }).filter(31)), ALL)
  })

  test(`${era}: class sums are the kernel's, at any level, what CPUs have not folded in included`, () => {
    const opened = open({ era, facts: { difference: 7 } })
    for (const level of [0, 8, 31]) {
      const checks = opened.verify(opened.filter(level))
      const failed = checkProblems(checks).map(({ message }) => message)
      assert.deepEqual(failed, [])
      const names = ['free', 'slab', 'lru', 'lru of files', 'anonymous', 'hugetlb', 'hwpoison']
      assert.deepEqual(
        checks.map(({ name }) => name),
        names,
      )
      const pages = checks.map((check) => check.pages)
      assert.deepEqual(pages, [512, 512, 768, 512, 256, 512, 0], `level ${level}`)
      assert.equal(checks[0]?.high, 512)
    }
  })
}

const LIES: readonly (readonly [
  what: string,
  from: string | RegExp,
  to: string,
  dispute: RegExp,
  out: readonly string[],
])[] = [
  [
    'PG_lru',
    'NUMBER(PG_lru)=4',
    'NUMBER(PG_lru)=3',
    /PG_lru\): types say 4, VMCOREINFO says 3/,
    ['user', 'hugetlb', 'free'],
  ],
  [
    'the mark of free pages',
    /(PAGE_BUDDY_MAPCOUNT_VALUE\))=.*/,
    '$1=-129',
    /PAGE_BUDDY/,
    ['cache', 'user', 'hugetlb', 'private'],
  ],
  ['where mapping is', 'OFFSET(page.mapping)=24', 'OFFSET(page.mapping)=32', /mapping/, ['free']],
  [
    'where private is',
    'OFFSET(page.private)=40',
    'OFFSET(page.private)=32',
    /private/,
    ['cache', 'user', 'hugetlb', 'private'],
  ],
  ['how large a page is', 'SIZE(page)=64', 'SIZE(page)=56', /SIZE\(page\)/, []],
  [
    'a flag that does not exist',
    'NUMBER(PG_lru)=4',
    'NUMBER(PG_lru)=4\nNUMBER(PG_slab)=4',
    /PG_slab\): types say there is none/,
    ['cache', 'private'],
  ],
  [
    'a page type that is none',
    /(PAGE_UNACCEPTED_MAPCOUNT_VALUE\))=.*/,
    '$1=-1',
    /PAGE_UNACCEPTED/,
    ['cache', 'user', 'hugetlb', 'private'],
  ],
]
for (const [what, from, to, dispute, out] of LIES) {
  test(`VMCOREINFO lies about ${what}: what depends on it stays, and it is said`, () => {
    const opened = open({ era: '7.1', lie: (text) => text.replace(from, to) })
    assert.match(disputed(opened).join('\n'), dispute)
    assert.deepEqual(leftOut(opened.filter(31)), out)
    // The types were right.
    assert.equal(failedClasses(opened.verify(opened.filter(31))), 0)
  })
}

test('types that lie are as bad: neither source is believed', () => {
  const opened = open({
    era: '6.12',
    facts: { types: (text) => text.replace('PG_lru = 4', 'PG_lru = 5') },
  })
  assert.match(disputed(opened).join(), /PG_lru\): types say 5, VMCOREINFO says 4/)
  assert.deepEqual(leftOut(opened.filter(31)), ['user', 'hugetlb', 'free'])
})

test('two page types of one value are told, and what they tell stays', () => {
  const lie = (text: string): string => text.replace(/(PAGE_OFFLINE\w+\))=.*/, '$1=-129')
  const opened = open({ era: '5.10', lie })
  assert.deepEqual(disputed(opened), ['two page types have one value'])
  assert.deepEqual(leftOut(opened.filter(31)), ['cache', 'private'])
})

test('a value that no type contradicts is caught by its class sum', () => {
  const lie = (text: string): string => text.replace(/(PAGE_BUDDY\w+\))=.*/, '$1=-1025')
  const opened = open({ era: '5.10', lie })
  assert.deepEqual(disputed(opened), [])
  const checks = opened.verify(opened.filter(31))
  assert.deepEqual(
    checkProblems(checks).map(({ message }) => message),
    ["dump contradicts itself: free: pages 0 against the kernel's 512"],
  )
  assert.equal(failedClasses(checks), EXCLUDE_FREE)
  assert.deepEqual(
    leftOut(opened.filter(31, failedClasses(checks))),
    ALL.filter((name) => name !== 'free'),
  )
})

const WRONG: readonly (readonly [
  what: string,
  change: Partial<PageLayout>,
  failed: readonly string[],
])[] = [
  ['PG_lru is another flag', { lru: 1 << 13 }, ['lru', 'lru of files']],
  ['PG_swapbacked is another flag', { swapbacked: 1 << 14 }, ['lru of files']],
  ['slabs look otherwise', { slab: { mask: -1, value: -77 } }, ['slab']],
  ['mapping is elsewhere', { mapping: 14 }, ['anonymous']],
  ['hugetlbfs pages look otherwise', { hugetlb: { mask: -1, value: -77 } }, ['hugetlb']],
  ['PG_hwpoison is another flag', { hwpoison: 1 << 13 }, ['hwpoison']],
  ['orders are elsewhere', { order: { word: 12, shift: 0 } }, ['hugetlb']],
]
for (const [what, change, failed] of WRONG) {
  test(`a layout that is wrong fails its check: ${what}`, () => {
    const opened = open({ era: '6.12' })
    const layout = { ...opened.layout, ...change }
    for (const level of [0, 31]) {
      const checks = opened.verify(opened.filter(level, 0, layout), layout)
      assert.deepEqual(
        checks.filter(({ passed }) => !passed).map(({ name }) => name),
        failed,
      )
    }
  })
}

test('a failed check of hardware poison keeps those pages, too', () => {
  const recipe = `${RECIPE}\n0xf00-0xf0f hwpoison`
  const opened = open({ era: '6.12', recipe })
  const first = opened.filter(0)
  assert.equal(testBit(first.dumped, 0xf00), false)
  assert.equal(failedClasses(opened.verify(first)), EXCLUDE_HWPOISON)
  assert.equal(testBit(opened.filter(0, EXCLUDE_HWPOISON).dumped, 0xf00), true)
  const honest = open({ era: '6.12', recipe, facts: { poisoned: 16 } })
  assert.equal(failedClasses(honest.verify(honest.filter(0))), 0)
})

test('a lost page of the page array makes no check fail', () => {
  const lost = [FRAMES.pageArray + (0x600 * 64) / 4096, FRAMES.pageArray + (0xd00 * 64) / 4096]
  const opened = open({ era: '6.12', lost })
  const result = opened.filter(31)
  assert.equal(result.unreadable, 2)
  assert.equal(failedClasses(opened.verify(result)), 0)
})

test('memory that the dump does not speak of makes no check fail, nor do free pages being taken offline', () => {
  const counters = { ...countersOf('6.12'), NR_FREE_PAGES: 512 + 900 }
  const hotplug = open({ era: '6.12', facts: { counters, managed: 4096 - 256 + 1024 } })
  assert.equal(failedClasses(hotplug.verify(hotplug.filter(31))), 0)
  const isolated = { ...countersOf('6.12'), NR_FREE_PAGES: 0 }
  const offlining = open({ era: '6.12', facts: { counters: isolated, isolatedBlocks: 1 } })
  assert.equal(failedClasses(offlining.verify(offlining.filter(31))), 0)
  const neither = open({ era: '6.12', facts: { counters } })
  assert.equal(failedClasses(neither.verify(neither.filter(31))), EXCLUDE_FREE)
})

test('pages not accepted are free to the kernel before they are marked', () => {
  const counters = { ...countersOf('6.12'), NR_FREE_PAGES: 512 + 1024, NR_UNACCEPTED: 1024 }
  const unmarked = open({
    era: '6.12',
    facts: { counters, types: (text) => text.replace('PGTY_unaccepted', 'PGTY_other') },
  })
  assert.equal(failedClasses(unmarked.verify(unmarked.filter(31))), 0)
})

test('fake heads of a huge page whose page array shares frames are no pages', () => {
  // HugeTLB vmemmap optimisation: each page of the array shows the huge page's first 64 descriptors.
  const opened = open({ era: '7.1' })
  const machine = new PageArrayMachine('7.1', RECIPE)
  addFacts(machine, '7.1', { counters: countersOf('7.1'), hugePages: 1 })
  const first = FRAMES.pageArray + (0x800 * 64) / 4096
  for (let i = 1; i < 8; i++) {
    machine.tables.map(0xffff_ea00_0000_0000n + BigInt((0x800 + i * 64) * 64), first * 4096)
  }
  for (const [physical, view] of machine.tables.frames)
    machine.memory.set(new Uint8Array(view.buffer), physical)
  const dump = machine.dump()
  const info = VmcoreInfo.parse(dump.vmcoreinfo ?? new Uint8Array())
  const pages = dumpPages(dump)
  const memory = new KernelMemory(dump, pages, info)
  const maps = readMemMaps(info, pages.pfnEnd, true, (address, into) => memory.read(address, into))
  for (const level of [0, EXCLUDE_USER, 31]) {
    const result = filterPages({ pages, maps, layout: opened.layout, memory }, { level })
    assert.equal(result.sums.hugetlb, 512)
    assert.equal(failedClasses(opened.verify(result)), 0)
    assert.equal(leftOut(result).includes('hugetlb'), level !== 0)
  }
})
