// Plans for machines whose sources disagree, or cannot be read: what is in doubt stays in the dump, and the doubt is named.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  FRAMES,
  PageArrayMachine,
  type PageEra,
  PFN_END,
} from '../../../test/support/page_array_recipe.ts'
import { addFacts, type FactsRecipe } from '../../../test/support/page_facts_recipe.ts'
import { testBit } from '../../core/base/bits.ts'
import { UnsupportedError } from '../../core/base/errors.ts'
import { VmcoreInfo } from '../../core/debuginfo/vmcoreinfo.ts'
import { dumpPages } from './dump_pages.ts'
import { type DumpPlan, planDump, type PlanOptions } from './dump_plan.ts'
import { BLOCK_BYTES } from './frame_blocks.ts'
import { KernelMemory } from './kernel_memory.ts'

const RECIPE = `
  0x140-0x14f absent
  0x600-0x6ff lru
  0x700-0x7ff anon lru swapbacked
  0xa00-0xbff buddy 9
  0xc00-0xdff slab
`
const COUNTERS = {
  NR_FREE_PAGES: 512,
  NR_INACTIVE_ANON: 256,
  NR_INACTIVE_FILE: 256,
  NR_ANON_MAPPED: 256,
  NR_SLAB_UNRECLAIMABLE_B: 512,
}
const RAM = PFN_END - 16

interface Request {
  readonly era?: PageEra
  readonly facts?: FactsRecipe | undefined
  readonly lie?: (vmcoreinfo: string) => string
  readonly change?: (machine: PageArrayMachine) => void
  readonly lost?: readonly number[]
  readonly littleEndian?: boolean
}

function plan(request: Request = {}, options: Partial<PlanOptions> = {}): DumpPlan {
  const era = request.era ?? '6.12'
  const machine = new PageArrayMachine(era, RECIPE)
  if ('facts' in request && request.facts) addFacts(machine, era, request.facts)
  machine.vmcoreinfo = request.lie?.(machine.vmcoreinfo) ?? machine.vmcoreinfo
  request.change?.(machine)
  const dump = machine.dump(request.lost)
  const info = VmcoreInfo.parse(dump.vmcoreinfo ?? new Uint8Array())
  const pages = dumpPages(dump)
  const memory = new KernelMemory(dump, pages, info)
  return planDump(
    { info, pages, memory, littleEndian: request.littleEndian ?? true },
    { level: 31, pageOrder: 'priority', keepAll: false, store: undefined, ...options },
  )
}

/** Which classes of RECIPE are in the dump, whole. */
function kept({ dumped }: DumpPlan): string[] {
  const bits = new Uint8Array(BLOCK_BYTES)
  dumped.load(bits, 0)
  const classes = { cache: 0x600, user: 0x700, free: 0xa00, slab: 0xc00 }
  return Object.entries(classes).flatMap(([name, start]) => {
    const frames = Array.from({ length: 256 }, (_, i) => testBit(bits, start + i))
    assert.ok(
      frames.every((bit) => bit === frames[0]),
      `${name} is in or out as one`,
    )
    return frames[0] === true ? [name] : []
  })
}

const messages = ({ problems }: DumpPlan): string =>
  problems.map(({ message }) => message).join('\n')

test('where both sources agree with the counters, classes go, and nothing is in doubt', () => {
  const found = plan({ facts: { counters: COUNTERS } })
  assert.deepEqual(kept(found), ['slab'])
  assert.equal(messages(found), '')
  assert.ok(found.passes.length > 1)
})

test('without the kernel’s types VMCOREINFO is believed', () => {
  assert.deepEqual(kept(plan()), ['slab'])
})

const replace = (from: RegExp, to: string) => (text: string) => {
  assert.match(text, from)
  return text.replace(from, to)
}

const LIES: readonly (readonly [
  what: string,
  lie: (text: string) => string,
  kept: string[],
  named: RegExp,
])[] = [
  [
    'the mark of free pages',
    replace(
      /^NUMBER\(PAGE_BUDDY_MAPCOUNT_VALUE\)=.*$/m,
      `NUMBER(PAGE_BUDDY_MAPCOUNT_VALUE)=${0xf5 << 24}`,
    ),
    ['free', 'slab'],
    /PAGE_BUDDY_MAPCOUNT_VALUE/,
  ],
  [
    'the flag of cache',
    replace(/^NUMBER\(PG_lru\)=4$/m, 'NUMBER(PG_lru)=9'),
    ['cache', 'slab'],
    /PG_lru/,
  ],
  [
    'where a page says whose it is',
    replace(/^OFFSET\(page\.mapping\)=24$/m, 'OFFSET(page.mapping)=40'),
    ['cache', 'user', 'slab'],
    /page\.mapping/,
  ],
]

for (const [what, lie, expected, named] of LIES) {
  test(`VMCOREINFO lies about ${what}: the class stays, and the check is named`, () => {
    const found = plan({ facts: { counters: COUNTERS }, lie })
    assert.deepEqual(kept(found), expected)
    assert.match(messages(found), named)
  })
}

test('counters that do not agree keep their class, and are named', () => {
  const found = plan({ facts: { counters: { ...COUNTERS, NR_FREE_PAGES: 1000 } } })
  assert.deepEqual(kept(found), ['free', 'slab'])
  assert.match(messages(found), /free/)
  assert.equal(found.problems.length, 1)
})

test('a page array that is nowhere keeps everything', () => {
  const blind = (machine: PageArrayMachine): void => {
    machine.memory.fill(0, FRAMES.section * 4096, (FRAMES.section + 3) * 4096)
  }
  const found = plan({ change: blind })
  assert.equal(found.dumped.total, RAM)
  assert.match(messages(found), /mem_section/)
  const none = plan({ lie: (text) => text.replace(/^SYMBOL\(mem_section\).*$/m, '') })
  assert.equal(none.dumped.total, RAM)
  assert.match(messages(none), /mem_section/)
})

test('mem_section that cannot be read keeps everything', () => {
  const found = plan({ lost: [FRAMES.section, FRAMES.section + 1, FRAMES.section + 2] })
  assert.equal(found.dumped.total, RAM)
  assert.match(messages(found), /mem_section/)
})

test('page tables that cannot be read keep everything, in frame order', () => {
  const found = plan({ lost: Array.from({ length: 0x40 }, (_, i) => FRAMES.tables + i) })
  assert.equal(found.dumped.total, RAM)
  assert.equal(found.passes.length, 1)
  assert.notEqual(messages(found), '')
})

test('a piece of the page array that cannot be read keeps what it describes', () => {
  const found = plan({ lost: [FRAMES.pageArray + 0x640 / 64, FRAMES.pageArray + 0xa00 / 64] })
  assert.equal(found.filter.unreadable, 2)
  const bits = new Uint8Array(BLOCK_BYTES)
  found.dumped.load(bits, 0)
  assert.deepEqual(
    [0x63f, 0x640, 0x67f, 0x680].map((pfn) => testBit(bits, pfn)),
    [false, true, true, false],
  )
})

/** The page array of a kernel that says all of memory is free. */
function freeAll({ memory }: PageArrayMachine): void {
  const array = memory.subarray(FRAMES.pageArray * 4096, FRAMES.pageArray * 4096 + PFN_END * 64)
  array.fill(0)
  const view = new DataView(array.buffer, array.byteOffset)
  for (let pfn = 0; pfn < PFN_END; pfn++) view.setInt32(pfn * 64 + 48, 0xf0 << 24, true)
}

test('a page array that calls all memory free is not believed', () => {
  const found = plan({ facts: { counters: COUNTERS }, change: freeAll })
  assert.equal(found.dumped.total, RAM)
  assert.match(messages(found), /free/)
})

test('with nothing to compare it with, still no page of the kernel’s own goes', () => {
  const found = plan({ change: freeAll })
  const bits = new Uint8Array(BLOCK_BYTES)
  found.dumped.load(bits, 0)
  for (const pfn of [FRAMES.pageArray, FRAMES.tables, FRAMES.stack]) assert.ok(testBit(bits, pfn))
  assert.ok(found.filter.protectedFrames > 0)
  assert.match(messages(found), /kernel's own/)
})

test('a copy keeps what is there, and looks at nothing', () => {
  const found = plan({ lost: [FRAMES.tables] }, { keepAll: true })
  assert.equal(found.dumped.total, RAM)
  assert.equal(found.problems.length, 0)
  assert.equal(found.filter.frames, 0)
})

test('a machine of the other byte order is refused, not filtered wrong; a copy of it is made', () => {
  assert.throws(() => plan({ littleEndian: false }), UnsupportedError)
  assert.equal(plan({ littleEndian: false }, { keepAll: true }).dumped.total, RAM)
})

test('in frame order nothing is asked of page tables', () => {
  const { passes, mark } = plan({ facts: { counters: COUNTERS } }, { pageOrder: 'pfn' })
  assert.equal(passes.length, 1)
  assert.equal(mark, undefined)
})
