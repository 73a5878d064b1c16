// What a kernel says of itself beyond VMCOREINFO, for a PageArrayMachine: BTF of `struct page` and its neighbours,
// kallsyms, and the counters of zones and nodes, all in the image. Two CPUs, one node of two zones.
import { btfOfC } from './c_declarations.ts'
import { mkkallsyms } from './mkkallsyms.ts'
import { FRAMES, type PageArrayMachine, type PageEra, PFN_END } from './page_array_recipe.ts'

/** Counters by the kernel's names; what is not given is 0. */
export interface FactsRecipe {
  /** `enum zone_stat_item` and `enum node_stat_item`, as the sum of global counters and differences. */
  readonly counters?: Readonly<Record<string, number>>
  /** Of each counter, so much is in the differences of each CPU; at most 127. */
  readonly difference?: number
  readonly managed?: number
  readonly poisoned?: number
  /** Huge pages of 2 MiB. */
  readonly hugePages?: number
  readonly isolatedBlocks?: number
  /** C declarations made otherwise, such as lies. */
  readonly types?: (declarations: string) => string
}

const PAGE_SIZE = 4096
const IMAGE_MAP = 0xffff_ffff_8000_0000n
/** Frames of the image. */
const AT = { kallsyms: 0x210, btf: 0x220, data: 0x240, node: 0x241, cpus: 0x242 }
const CPUS = 2
const CPU_AREA = 0x400
const RESERVED_FRAMES = 256
/** Per-CPU pointers of zone 0, zone 1 and the node. */
const ZONE_STATS = [0x40, 0x80]
const NODE_STATS = 0x100

const ZONE_ITEMS = ['NR_FREE_PAGES', 'NR_UNACCEPTED']
const NODE_ITEMS = [
  'NR_INACTIVE_ANON',
  'NR_ACTIVE_ANON',
  'NR_INACTIVE_FILE',
  'NR_ACTIVE_FILE',
  'NR_UNEVICTABLE',
  'NR_SLAB_RECLAIMABLE',
  'NR_SLAB_UNRECLAIMABLE',
  'NR_ISOLATED_ANON',
  'NR_ANON_MAPPED',
]

/** Put the facts into the machine's memory and VMCOREINFO. */
export function addFacts(machine: PageArrayMachine, era: PageEra, recipe: FactsRecipe = {}): void {
  const declarations = typesOf(era)
  const btf = btfOfC(recipe.types?.(declarations) ?? declarations).bytes
  machine.memory.set(btf, AT.btf * PAGE_SIZE)
  const offsets = dataOffsets()
  writeCounters(machine, era, recipe, offsets)
  const symbols = symbolsOf(btf.length, offsets)
  const tables = mkkallsyms({ symbols, at: imageAddress(AT.kallsyms), encoding: 'relative' })
  if (tables.bytes.length > (AT.btf - AT.kallsyms) * PAGE_SIZE) throw new Error('kallsyms overlaps')
  machine.memory.set(tables.bytes, AT.kallsyms * PAGE_SIZE)
  const stext = imageAddress(FRAMES.text).toString(16)
  machine.vmcoreinfo += `SYMBOL(_stext)=${stext}\n${tables.vmcoreinfo}`
}

const imageAddress = (pfn: number, offset = 0): bigint =>
  IMAGE_MAP + BigInt(pfn * PAGE_SIZE + offset)

/** Offsets of variables in the data frame. */
function dataOffsets(): Record<string, number> {
  return {
    vm_zone_stat: 0,
    vm_node_stat: 0x100,
    num_poisoned_pages: 0x200,
    hugetlb_max_hstate: 0x208,
    nr_cpu_ids: 0x20c,
    __per_cpu_offset: 0x210,
    node_data: 0x240,
    hstates: 0x280,
  }
}

function symbolsOf(btfSize: number, offsets: Readonly<Record<string, number>>): string {
  const line = (name: string, address: bigint): string => `${address.toString(16)} D ${name}`
  const variables = Object.entries(offsets).map(([name, offset]) =>
    line(name, imageAddress(AT.data, offset)),
  )
  return [
    line('__start_rodata', imageAddress(FRAMES.image)),
    line('__start_BTF', imageAddress(AT.btf)),
    line('__stop_BTF', imageAddress(AT.btf, btfSize)),
    ...variables,
    line('__end_rodata', imageAddress(FRAMES.image + 0x60)),
    line('_stext', imageAddress(FRAMES.text)),
    line('_etext', imageAddress(FRAMES.text + 0x7f, 0x800)),
  ].join('\n')
}

function writeCounters(
  machine: PageArrayMachine,
  era: PageEra,
  recipe: FactsRecipe,
  offsets: Readonly<Record<string, number>>,
): void {
  const view = new DataView(machine.memory.buffer)
  machine.memory.fill(0, AT.data * PAGE_SIZE, (AT.cpus + 1) * PAGE_SIZE)
  const at = (name: string): number => AT.data * PAGE_SIZE + (offsets[name] ?? 0)
  const u64 = (physical: number, value: bigint | number): void =>
    view.setBigUint64(physical, BigInt.asUintN(64, BigInt(value)), true)
  const difference = recipe.difference ?? 0
  const cpu = (index: number): number => AT.cpus * PAGE_SIZE + index * CPU_AREA
  const put = (name: string, items: readonly string[], diffs: readonly number[]): void =>
    items.forEach((item, i) => {
      u64(at(name) + i * 8, (recipe.counters?.[item] ?? 0) - difference * CPUS * diffs.length)
      for (let index = 0; index < CPUS; index++)
        for (const diff of diffs) view.setInt8(cpu(index) + diff + i, difference)
    })
  // The threshold comes first in both sets of differences.
  put('vm_zone_stat', ZONE_ITEMS, [(ZONE_STATS[0] ?? 0) + 1, (ZONE_STATS[1] ?? 0) + 1])
  put('vm_node_stat', nodeItems(era), [NODE_STATS + 1])
  u64(at('num_poisoned_pages'), recipe.poisoned ?? 0)
  view.setUint32(at('hugetlb_max_hstate'), 1, true)
  view.setUint32(at('nr_cpu_ids'), CPUS, true)
  for (let i = 0; i < CPUS; i++)
    u64(at('__per_cpu_offset') + i * 8, imageAddress(AT.cpus, i * CPU_AREA))
  u64(at('node_data'), imageAddress(AT.node))
  view.setUint32(at('hstates'), 9, true)
  u64(at('hstates') + 8, recipe.hugePages ?? 0)
  const node = AT.node * PAGE_SIZE
  ZONE_STATS.forEach((pointer, i) => {
    const zone = node + i * ZONE_SIZE
    u64(zone, i === 0 ? (recipe.managed ?? PFN_END - RESERVED_FRAMES) : 0)
    u64(zone + 8, pointer)
    u64(zone + 16, i === 0 ? (recipe.isolatedBlocks ?? 0) : 0)
  })
  u64(node + 2 * ZONE_SIZE, NODE_STATS)
}

/** Three words, and 11 free areas of 16 bytes. */
const ZONE_SIZE = 24 + 11 * 16

function nodeItems(era: PageEra): string[] {
  const isOld = era === '4.18'
  return NODE_ITEMS.map((name) => (!isOld && name.includes('_SLAB_') ? `${name}_B` : name))
}

/** Members of `struct page` and of `struct folio` behind it, by era. */
function typesOf(era: PageEra): string {
  const isBefore5_14 = era === '4.18' || era === '5.10'
  const stats = isBefore5_14 ? 'per_cpu_pageset' : 'per_cpu_zonestat'
  return `
    struct page {
      unsigned long flags;
      unsigned long ${era === '7.1' ? 'compound_info' : 'compound_head'};
      ${isBefore5_14 ? 'unsigned char compound_dtor; unsigned char compound_order;' : ''}
      void *mapping @ 24;
      unsigned long private @ 40;
      int _mapcount; int _refcount; unsigned long memcg_data;
    };
    ${folioOf(era)}
    struct mem_section { unsigned long section_mem_map; void *usage; };
    struct free_area { void *free_list; unsigned long nr_free; };
    struct ${stats} { signed char stat_threshold; signed char vm_stat_diff[${ZONE_ITEMS.length}]; };
    struct per_cpu_nodestat {
      signed char stat_threshold; signed char vm_node_stat_diff[${NODE_ITEMS.length}];
    };
    struct zone {
      unsigned long managed_pages;
      struct ${stats} *${isBefore5_14 ? 'pageset' : 'per_cpu_zonestats'};
      unsigned long nr_isolate_pageblock;
      struct free_area free_area[11];
    };
    struct pglist_data {
      struct zone node_zones[2]; struct per_cpu_nodestat *per_cpu_nodestats; int node_id;
    };
    struct hstate { unsigned int order; unsigned long nr_huge_pages; };
    enum pageflags {
      PG_lru = 4, PG_head = 6, ${era === '6.6' ? 'PG_hugetlb = 8,' : ''}
      ${hasSlabFlag(era) ? 'PG_slab = 9,' : ''}
      PG_swapcache = 10, PG_reserved = 12, PG_private = 13, PG_swapbacked = 19, PG_hwpoison = 21,
    };
    ${pageTypesOf(era)}
    enum compound_dtor_id { NULL_COMPOUND_DTOR, COMPOUND_PAGE_DTOR, HUGETLB_PAGE_DTOR };
    enum zone_stat_item { ${ZONE_ITEMS.join(', ')}, NR_VM_ZONE_STAT_ITEMS };
    enum node_stat_item { ${nodeItems(era).join(', ')}, NR_VM_NODE_STAT_ITEMS };
  `
}

const hasSlabFlag = (era: PageEra): boolean => !['6.11', '6.12', '7.1'].includes(era)

function folioOf(era: PageEra): string {
  if (era === '4.18' || era === '5.10') return ''
  const tail =
    era === '6.3' ? 'unsigned char _folio_dtor @ 80; unsigned char _folio_order @ 81;' : ''
  return `struct folio { struct page page; unsigned long _flags_1; unsigned long _head_1; ${tail} };`
}

function pageTypesOf(era: PageEra): string {
  if (era === '6.11') {
    return `enum pagetype {
      PG_buddy = 1073741824, PG_offline = 536870912, PG_hugetlb = 67108864, PG_slab = 33554432
    };`
  }
  const names = ['buddy', 'offline', 'table', 'guard', 'hugetlb', 'slab', 'zsmalloc']
  if (era === '7.1') names.push('unaccepted', 'large_kmalloc')
  const values = names.map((name, i) => `PGTY_${name} = ${0xf0 + i}`)
  return era === '6.12' || era === '7.1' ? `enum pagetype { ${values.join(', ')} };` : ''
}
