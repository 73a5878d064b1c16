// How many pages of each kind the crashed kernel thought it had: what /proc/vmstat would have shown, exact, CPUs'
// unfolded differences included. Source: mm/vmstat.c, include/linux/mmzone.h, mm/hugetlb.c, mm/memory-failure.c.
import { wrap64 } from '../../core/base/addr.ts'
import { CorruptError } from '../../core/base/errors.ts'
import type { TypeFacts } from '../../core/debuginfo/type_facts.ts'
import { readVirtualBytes, type VirtualReader } from '../../core/io/virtual_reader.ts'
import type { KernelFacts } from './kernel_facts.ts'

/** NR_CPUS of MAXSMP. */
const CPU_LIMIT = 8192
/** MAX_NUMNODES of the largest configuration (NODES_SHIFT 10). */
const NODE_LIMIT = 1024
const ZONE_LIMIT = 16
/** Enumerators are a few dozen. */
const ITEM_LIMIT = 1024
/** HUGE_MAX_HSTATE is 4 at most; the largest pages have 16 GiB. */
const HSTATE_LIMIT = 16
const HUGE_ORDER_MAX = 22
/** Zones and nodes times CPUs whose differences are read: 256 Ki take a second. */
const DIFF_LIMIT = 256 * 1024
/** A CPU folds a difference in when it exceeds this. @source mm/vmstat.c calculate_normal_threshold() */
const DIFF_MAX = 125
/** A page on its way between two lists: a batch of them per CPU. @source include/linux/pagevec.h, mm/page_alloc.c */
const BATCH_PAGES = 64

/** Counters in pages. Names are the kernel's, NR_FREE_PAGES; undefined is what it does not count. */
export interface KernelCounters {
  /** `enum zone_stat_item`, summed over zones. */
  zone(name: string): number | undefined
  /** `enum node_stat_item`, summed over nodes. */
  node(name: string): number | undefined
  /** Pages given to the page allocator: all but those reserved at boot. */
  readonly managed: number
  /** Pages of hugetlbfs pools, used or free. */
  readonly hugetlb: number | undefined
  /** Pages given up because of memory errors. */
  readonly poisoned: number | undefined
  /** Pages in blocks that are being taken offline: free ones of them are not in NR_FREE_PAGES. */
  readonly isolatedBlocks: number
  /** By how many pages a counter may be off, as CPUs stopped in the middle of what they did. */
  readonly slack: number
}

/**
 * Read the counters.
 *
 * @returns undefined if symbols or types are missing
 * @throws {FaultError} if they are not in the dump
 * @throws {CorruptError} if a number is beyond any machine's
 */
export function readKernelCounters(facts: KernelFacts): KernelCounters | undefined {
  const { symbols, types, reader } = facts
  const zoneStat = symbols.get('vm_zone_stat')
  const nodeStat = symbols.get('vm_node_stat')
  if (!types || zoneStat === undefined || nodeStat === undefined) return undefined
  const memory = new CounterReader(reader, types)
  const zoneItems = memory.counters(
    zoneStat,
    types.value('zone_stat_item', 'NR_VM_ZONE_STAT_ITEMS'),
  )
  const nodeItems = memory.counters(
    nodeStat,
    types.value('node_stat_item', 'NR_VM_NODE_STAT_ITEMS'),
  )
  const nodes = readNodes(facts, memory)
  const zones = nodes.flatMap((node) => memory.zones(node))
  const slack = addDifferences(facts, memory, { nodes, zones, zoneItems, nodeItems })
  const item = (items: readonly number[], index: number | undefined): number | undefined =>
    index === undefined ? undefined : items[index]
  const poisoned = symbols.get('num_poisoned_pages')
  return {
    zone: (name) => item(zoneItems, types.value('zone_stat_item', name)),
    node: (name) => item(nodeItems, types.value('node_stat_item', name)),
    managed: zones.reduce((sum, zone) => sum + memory.member(zone, 'zone.managed_pages'), 0),
    hugetlb: hugetlbPages(facts, memory),
    poisoned: poisoned === undefined ? undefined : memory.number(poisoned),
    isolatedBlocks: zones.reduce(
      (sum, zone) => sum + memory.member(zone, 'zone.nr_isolate_pageblock'),
      0,
    ),
    slack,
  }
}

function readNodes({ symbols }: KernelFacts, memory: CounterReader): bigint[] {
  const only = symbols.get('contig_page_data')
  if (only !== undefined) return [only]
  const table = symbols.get('node_data')
  if (table === undefined) return []
  const nodes: bigint[] = []
  for (let node = 0; node < NODE_LIMIT; node++) {
    const at = table + BigInt(node * 8)
    const address = memory.address(at)
    // Numbers may have holes, and where the table ends no symbol says: what follows is no node of that number.
    if (address === 0n) continue
    if (!memory.isNode(address, node)) break
    nodes.push(address)
  }
  return nodes
}

interface Totals {
  readonly nodes: readonly bigint[]
  readonly zones: readonly bigint[]
  readonly zoneItems: number[]
  readonly nodeItems: number[]
}

/**
 * Add what CPUs have counted and not folded in. A kernel for one CPU has no such differences.
 *
 * @returns how many pages may be missing still
 */
function addDifferences(
  { symbols, types }: KernelFacts,
  memory: CounterReader,
  { nodes, zones, zoneItems, nodeItems }: Totals,
): number {
  const offsets = symbols.get('__per_cpu_offset')
  const cpuCount = symbols.get('nr_cpu_ids')
  if (!types || offsets === undefined || cpuCount === undefined) return BATCH_PAGES
  const cpus = memory.u32(cpuCount)
  if (cpus > CPU_LIMIT) throw new CorruptError(cpuCount, `nr_cpu_ids is ${cpus}`)
  const sets = zones.length + nodes.length
  if (cpus * sets > DIFF_LIMIT) return cpus * (BATCH_PAGES + sets * DIFF_MAX)
  // Since v5.14, commit 28f836b6777b ("mm/page_alloc: split per cpu page lists and zone stats").
  const zoneDiffs =
    types.offset('per_cpu_zonestat.vm_stat_diff') ?? types.offset('per_cpu_pageset.vm_stat_diff')
  const nodeDiffs = types.offset('per_cpu_nodestat.vm_node_stat_diff')
  for (let cpu = 0; cpu < cpus; cpu++) {
    const base = memory.address(offsets + BigInt(cpu * 8))
    for (const zone of zones)
      memory.addBytes(zone, ['zone.per_cpu_zonestats', 'zone.pageset'], base, zoneDiffs, zoneItems)
    for (const node of nodes)
      memory.addBytes(node, ['pglist_data.per_cpu_nodestats'], base, nodeDiffs, nodeItems)
  }
  return cpus * BATCH_PAGES
}

/** @source mm/hugetlb.c hugetlb_total_pages() */
function hugetlbPages({ symbols, types }: KernelFacts, memory: CounterReader): number | undefined {
  const hstates = symbols.get('hstates')
  const count = symbols.get('hugetlb_max_hstate')
  const size = types?.size('hstate')
  if (hstates === undefined || count === undefined || size === undefined) return undefined
  let pages = 0
  for (let i = 0; i < Math.min(memory.u32(count), HSTATE_LIMIT); i++) {
    const hstate = hstates + BigInt(i * size)
    const order = memory.member(hstate, 'hstate.order', 4)
    if (order > HUGE_ORDER_MAX) throw new CorruptError(hstate, `huge pages of order ${order}`)
    pages += memory.member(hstate, 'hstate.nr_huge_pages') * 2 ** order
  }
  return pages
}

/** Reads numbers of dumped memory. */
class CounterReader {
  readonly #reader: VirtualReader
  readonly #types: TypeFacts

  constructor(reader: VirtualReader, types: TypeFacts) {
    this.#reader = reader
    this.#types = types
  }

  /** An array of `atomic_long_t`. */
  counters(address: bigint, count = 0): number[] {
    if (!(count >= 0 && count <= ITEM_LIMIT)) throw new CorruptError(address, `${count} counters`)
    const view = this.#view(address, count * 8)
    const { littleEndian } = this.#reader
    return Array.from({ length: count }, (_, i) => Number(view.getBigInt64(i * 8, littleEndian)))
  }

  number(address: bigint): number {
    return Number(this.#view(address, 8).getBigInt64(0, this.#reader.littleEndian))
  }

  address(address: bigint): bigint {
    return this.#view(address, 8).getBigUint64(0, this.#reader.littleEndian)
  }

  u32(address: bigint): number {
    return this.#view(address, 4).getUint32(0, this.#reader.littleEndian)
  }

  /** A member by 'type.member'; 0 if it does not exist. */
  member(address: bigint, path: string, size: 4 | 8 = 8): number {
    const offset = this.#types.offset(path)
    if (offset === undefined) return 0
    const at = address + BigInt(offset)
    return size === 4 ? this.u32(at) : this.number(at)
  }

  /** Is at `address` a node of that number? */
  isNode(address: bigint, node: number): boolean {
    if (address < 0x8000_0000_0000_0000n) return false
    return this.member(address, 'pglist_data.node_id', 4) === node
  }

  /** Zones of a node. */
  zones(node: bigint): bigint[] {
    const first = this.#types.offset('pglist_data.node_zones')
    const count = this.#types.length('pglist_data.node_zones') ?? 0
    const size = this.#types.size('zone')
    if (first === undefined || size === undefined || count > ZONE_LIMIT) return []
    return Array.from({ length: count }, (_, i) => node + BigInt(first + i * size))
  }

  /** Add the s8 differences that a member of the object points to, per CPU, to `items`. */
  addBytes(
    object: bigint,
    paths: readonly string[],
    cpuBase: bigint,
    diffs: number | undefined,
    items: number[],
  ): void {
    const path = paths.find((name) => this.#types.offset(name) !== undefined)
    const pointer =
      path === undefined ? 0n : this.address(object + BigInt(this.#types.offset(path) ?? 0))
    if (pointer === 0n || diffs === undefined) return
    const view = this.#view(wrap64(pointer + cpuBase + BigInt(diffs)), items.length)
    for (let i = 0; i < items.length; i++) items[i] = (items[i] as number) + view.getInt8(i)
  }

  #view(address: bigint, size: number): DataView {
    const bytes = readVirtualBytes(this.#reader, address, size)
    return new DataView(bytes.buffer)
  }
}
