// A node with one zone of 32 frames: a free block of four pages, and its lists.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { KernelBuilder } from '../../../test/support/kernel_builder.ts'
import type { Program } from '../program/program.ts'
import {
  findFreeBlock,
  forEachFreeBlock,
  forEachFreeList,
  forEachNode,
  nodeZones,
  pageZoneOf,
  zoneFreePages,
  zoneManagedPages,
  zoneWatermarks,
} from './mmzone.ts'
import { pfnToPage } from './page.ts'

const types = (lru: string, zone: string): string => `
  typedef struct { int counter; } atomic_t; typedef struct { long counter; } atomic_long_t;
  struct list_head { struct list_head *next, *prev; };
  enum pageflags { PG_locked, PG_head = 6, __NR_PAGEFLAGS = 24 };
  enum pagetype { PGTY_buddy = 240, PGTY_slab = 245 };
  enum zone_stat_item { NR_FREE_PAGES, NR_OTHER, NR_VM_ZONE_STAT_ITEMS };
  struct page { unsigned long flags; ${lru} unsigned long words[2]; unsigned long private;
    unsigned int page_type; atomic_t _refcount; unsigned long memcg_data; };
  struct free_area { struct list_head free_list[2]; unsigned long nr_free; };
  struct zone { ${zone} struct pglist_data *zone_pgdat; unsigned long zone_start_pfn; unsigned long spanned_pages;
    const char *name; struct free_area free_area[4]; atomic_long_t vm_stat[2]; };
  struct pglist_data { struct zone node_zones[2]; int node_id; };`

const LAYOUTS = {
  'v4.20 and older': types(
    'struct list_head lru;',
    'unsigned long watermark[3]; unsigned long managed_pages;',
  ),
  'v6.0 and later': types(
    'union { struct list_head lru; struct list_head buddy_list; };',
    'unsigned long _watermark[4]; unsigned long watermark_boost; atomic_long_t managed_pages;',
  ),
}

function build(layout: string): { program: Program; pfn: number } {
  const builder = new KernelBuilder(layout)
  const map = builder.allocate(64 * 64, 4096)
  const pfn = Math.ceil((Number(map - 0xffff_8880_0000_0000n) / 4096 + 1) / 4) * 4
  builder.global('vmemmap_base', 'unsigned long', map - BigInt((pfn - 8) * 64))
  builder.vmcoreinfo = '\nLENGTH(node_data)=1'
  const node = builder.global('contig_page_data', 'struct pglist_data', {})
  const isNew = layout === LAYOUTS['v6.0 and later']
  builder.set('struct zone', node, {
    zone_start_pfn: pfn - 8,
    spanned_pages: 32,
    name: 'Normal',
    zone_pgdat: node,
    vm_stat: [{ counter: 4 }],
    ...(isNew
      ? { _watermark: [10, 20, 30], watermark_boost: 5, managed_pages: { counter: 32 } }
      : { watermark: [10, 20, 30], managed_pages: 32 }),
  })
  const at = (index: number): bigint => map + BigInt((8 + index) * 64)
  for (let i = -8; i < 56; i++) builder.set('struct page', at(i), { page_type: 0xffff_ffff })
  builder.set('struct page', at(0), { page_type: 240 * 2 ** 24, private: 2 })
  const zoneArea = node + BigInt(builder.offsetof('struct zone', 'free_area'))
  const size = BigInt(40)
  for (let order = 0n; order < 4n; order++) {
    for (let type = 0n; type < 2n; type++) {
      const head = zoneArea + order * size + type * 16n
      const block = order === 2n && type === 1n ? at(0) + 8n : head
      for (const [from, to] of [
        [head, block],
        [block, head],
      ] as const) {
        builder.write(from, 8, to)
        builder.write(from + 8n, 8, to)
      }
    }
  }
  return { program: builder.build(), pfn }
}

for (const [name, layout] of Object.entries(LAYOUTS)) {
  test(`free blocks are on lists by size and mobility (${name})`, () => {
    const { program, pfn } = build(layout)
    const [node] = forEachNode(program)
    assert.ok(node)
    const [zone] = nodeZones(node)
    assert.ok(zone)
    const blocks = [...forEachFreeList(zone)].flatMap((list) =>
      Array.from(forEachFreeBlock(list), ({ address }) => [list.order, list.migrateType, address]),
    )
    assert.deepEqual(blocks, [[2, 1, pfnToPage(program, pfn).address]])
    assert.equal(zoneFreePages(zone), 4)
    assert.equal(zoneManagedPages(zone), 32)
    const boost = layout === LAYOUTS['v6.0 and later'] ? 5 : 0
    assert.deepEqual(zoneWatermarks(zone), { min: 10 + boost, low: 20 + boost, high: 30 + boost })
  })

  test(`a page finds the free block it is in (${name})`, () => {
    const { program, pfn } = build(layout)
    const block = (at: number): unknown => {
      const found = findFreeBlock(pfnToPage(program, at))
      return found && [found.head.address, found.order]
    }
    assert.deepEqual(block(pfn + 3), [pfnToPage(program, pfn).address, 2])
    assert.equal(block(pfn + 4), undefined)
    assert.equal(block(pfn - 1), undefined)
    assert.equal(pageZoneOf(pfnToPage(program, pfn))?.string('name'), 'Normal')
  })
}
