// Page descriptors of v5.10 (flags for slabs, types as cleared bits), v6.12 (types as numbers) and v7.1 (masks for heads).
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Value } from '../../../test/support/encode_value.ts'
import { KernelBuilder } from '../../../test/support/kernel_builder.ts'
import type { Program } from '../program/program.ts'
import {
  compoundHead,
  compoundOrder,
  isDirectMap,
  pageFlagNames,
  pageFlags,
  pageHasFlag,
  pageNode,
  pageOfDescriptor,
  pageToPfn,
  pageType,
  pageZone,
  pfnToPage,
  virtToPage,
} from './page.ts'

const COMMON = `
  typedef struct { int counter; } atomic_t; struct list_head { struct list_head *next, *prev; };
  struct zone { int spanned_pages; }; struct pglist_data { struct zone node_zones[5]; };`
const V5_10 = `${COMMON}
  enum pageflags { PG_locked, PG_lru = 4, PG_slab = 9, PG_head = 16, __NR_PAGEFLAGS = 24, PG_checked = 4 };
  struct page { unsigned long flags;
    union { struct list_head lru; struct { unsigned long compound_head; unsigned char dtor; unsigned char compound_order; }; };
    unsigned long words[3]; unsigned int page_type; atomic_t _refcount; unsigned long memcg_data; };`
const V6_12 = `${COMMON}
  enum pageflags { PG_locked, PG_lru = 5, PG_head = 6, __NR_PAGEFLAGS = 24 };
  enum pagetype { PGTY_buddy = 240, PGTY_slab = 245, PGTY_mapcount_underflow = 255 };
  struct page { unsigned long flags; union { struct list_head lru; unsigned long compound_head; };
    unsigned long words[3]; unsigned int page_type; atomic_t _refcount; unsigned long memcg_data; };
  struct folio { struct page page; unsigned long _flags_1; unsigned long _head_1; unsigned long rest[6]; };`
const V7_1 = V6_12.replace('unsigned long compound_head', 'unsigned long compound_info').replace(
  'struct page { unsigned long flags;',
  'typedef struct { unsigned long f; } memdesc_flags_t; struct page { memdesc_flags_t flags;',
)
const MACROS = '\nNUMBER(PAGE_BUDDY_MAPCOUNT_VALUE)=-129\nNUMBER(PAGE_OFFLINE_MAPCOUNT_VALUE)=-257'

interface Map {
  readonly program: Program
  /** Address of the nth descriptor. */
  at(index: number): bigint
}

/** The array of descriptors of the frames at the start of the recipe's heap: it holds itself. */
function buildMap(types: string, pages: Readonly<Record<number, Value>>, info = ''): Map {
  const builder = new KernelBuilder(types)
  const map = builder.allocate(256 * 64, 4096)
  const pfn = Number(map - 0xffff_8880_0000_0000n) / 4096
  builder.global('vmemmap_base', 'unsigned long', map - BigInt(pfn * 64))
  builder.vmcoreinfo = `\nLENGTH(node_data)=4${info}`
  for (const [index, value] of Object.entries(pages))
    builder.set('struct page', map + BigInt(Number(index) * 64), value)
  return { program: builder.build(), at: (index) => map + BigInt(index * 64) }
}

test('frames, descriptors and addresses lead to each other', () => {
  const { program, at } = buildMap(V6_12, {})
  const page = program.objectAt<'page'>('struct page', at(3))
  const pfn = pageToPfn(page)
  assert.equal(pfnToPage(program, pfn).address, at(3))
  assert.equal(virtToPage(program, at(0) + 3n * 4096n + 5n).address, at(3))
  assert.equal(pageOfDescriptor(program, at(3) + 63n)?.address, at(3))
  assert.equal(pageOfDescriptor(program, at(0) - 0x1000_0000_0000n), undefined)
  assert.ok(isDirectMap(program, at(0)))
  assert.ok(!isDirectMap(program, 0xffff_ffff_8100_0000n))
})

test('heads are found by pointer, and by mask since v7.1', () => {
  for (const [types, tail] of [
    [V5_10, (head: bigint) => head | 1n],
    [V7_1, (head: bigint) => head | 1n],
    [V7_1, () => 0xffff_ffff_ffff_ff00n | 1n],
  ] as const) {
    const empty = buildMap(types, {})
    const member = types === V7_1 ? 'compound_info' : 'compound_head'
    const { program, at } = buildMap(types, { 6: { [member]: tail(empty.at(4)) } })
    const head = (index: number): bigint =>
      compoundHead(program.objectAt<'page'>('struct page', at(index))).address
    assert.equal(head(6), at(4))
    assert.equal(head(4), at(4))
  }
})

test('a tail that looks like a head, as its descriptor is shared, leads to the true head', () => {
  const first = buildMap(V6_12, {}).at(0)
  const { program, at } = buildMap(V6_12, {
    64: { flags: 1 << 6 },
    65: { compound_head: first | 1n },
  })
  assert.equal(compoundHead(program.objectAt<'page'>('struct page', at(64))).address, at(0))
})

test('the order of a compound page is where its time kept it', () => {
  const order = (types: string, second: Value, head: number): number => {
    const { program, at } = buildMap(types, { 0: { flags: 2 ** head }, 1: second })
    return compoundOrder(program.objectAt<'page'>('struct page', at(0)))
  }
  assert.equal(order(V5_10, { compound_order: 9 }, 16), 9)
  assert.equal(order(V6_12, { flags: 0x1204 }, 6), 4)
  const { program, at } = buildMap(V6_12, { 1: { flags: 4 } })
  assert.equal(compoundOrder(program.objectAt<'page'>('struct page', at(0))), 0)
})

test('types are numbers since v6.12 and cleared bits before, and no type is none', () => {
  const type = (types: string, value: number, info = ''): string | undefined => {
    const { program, at } = buildMap(types, { 0: { page_type: value } }, info)
    return pageType(program.objectAt<'page'>('struct page', at(0)))
  }
  assert.equal(type(V6_12, 0xf5_00_00_00), 'slab')
  assert.equal(type(V7_1, 0xf0_00_00_00), 'buddy')
  assert.equal(type(V6_12, 0xffff_ffff), undefined)
  assert.equal(type(V6_12, 3), undefined)
  assert.equal(type(V5_10, 0xffff_ff7f, MACROS), 'buddy')
  assert.equal(type(V5_10, 0xffff_feff, MACROS), 'offline')
  assert.equal(type(V5_10, 0xffff_ffff, MACROS), undefined)
})

test('flags have names, aliases aside, and zone and node lie above them', () => {
  const flags = (1n << 62n) | (3n << 59n) | 0x11n
  const { program, at } = buildMap(V5_10, { 0: { flags } })
  const page = program.objectAt<'page'>('struct page', at(0))
  assert.deepEqual(pageFlagNames(program, pageFlags(page)), ['locked', 'lru'])
  assert.ok(pageHasFlag(page, 'PG_checked'))
  assert.ok(!pageHasFlag(page, 'PG_unheard_of'))
  assert.deepEqual([pageNode(page), pageZone(page)], [1, 3])
})
