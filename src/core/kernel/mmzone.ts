// Memory nodes, their zones and free blocks, and how much memory there is. Source: include/linux/mmzone.h, mm/page_alloc.c.
import { FaultError, NotFoundError } from '../base/errors.ts'
import { stripType } from '../debuginfo/type.ts'
import type { KObject } from '../program/kobject.ts'
import type { Program } from '../program/program.ts'
import { listForEach } from './list.ts'
import { pageIsBuddy, pageNode, pageToPfn, pageZone, pfnToPage, type Page } from './page.ts'

export type Node = KObject<'pglist_data'>
export type Zone = KObject<'zone'>

/** MAX_NUMNODES of the largest configuration (NODES_SHIFT 10). */
const NODE_LIMIT = 1024

/**
 * Walk the memory nodes that exist, by number.
 *
 * @throws {NotFoundError} without symbols
 * @source include/linux/mmzone.h for_each_online_pgdat()
 */
export function* forEachNode(program: Program): Generator<Node> {
  // Kernels without NUMA have one node, contig_page_data.
  if (program.hasSymbol('contig_page_data')) {
    yield program.objectAt('struct pglist_data', program.symbol('contig_page_data'))
    return
  }
  const table = program.findSymbol('node_data')
  if (!table) throw new NotFoundError('symbol', 'node_data')
  const count = Math.min(NODE_LIMIT, Math.floor(table.size / 8))
  for (let node = 0; node < count; node++) {
    const address = program.memory.u64(table.address + BigInt(node * 8))
    // Entries behind the last node are NULL; node numbers may have holes.
    if (address !== 0n) yield program.objectAt('struct pglist_data', address)
  }
}

/** The zones of a node, those without memory included. @source include/linux/mmzone.h for_each_zone() */
export function nodeZones(node: Node): Zone[] {
  return [...node.get('node_zones')]
}

/** The node of a number, or undefined. @source include/linux/mmzone.h NODE_DATA() */
export function findNode(program: Program, nid: number): Node | undefined {
  for (const node of forEachNode(program)) if (node.number('node_id') === nid) return node
  return undefined
}

/** Pages a zone must keep free: below `min` only some may take more, `low` wakes kswapd, `high` lets it sleep. */
export interface Watermarks {
  readonly min: number
  readonly low: number
  readonly high: number
}

/** The watermarks in force, boost included: those of /proc/zoneinfo. @source include/linux/mmzone.h min_wmark_pages() */
export function zoneWatermarks(zone: Zone): Watermarks {
  const boost = zone.find('watermark_boost')?.number() ?? 0
  // Since v5.0, commit a921444382b4 ("mm: move zone watermark accesses behind an accessor"), it is _watermark.
  const mark = (index: number): number =>
    zone.get('_watermark', 'watermark').at(index).number() + boost
  return { min: mark(0), low: mark(1), high: mark(2) }
}

/** Pages of a zone the page allocator manages. @source include/linux/mmzone.h zone_managed_pages() */
export function zoneManagedPages(zone: Zone): number {
  // Since v5.0, commit 9705bea5f833 ("mm: convert zone->managed_pages to atomic variable"), it is atomic.
  return zone.number('managed_pages.counter', 'managed_pages')
}

/** The free blocks of one size and one mobility in a zone. */
export interface FreeList {
  /** Blocks are of 2^order pages. */
  readonly order: number
  readonly migrateType: number
  /** The `struct list_head` of the blocks. */
  readonly list: KObject
}

/** Walk the free lists of a zone: smallest blocks first, by mobility within. */
export function* forEachFreeList(zone: Zone): Generator<FreeList> {
  let order = 0
  for (const area of zone.get('free_area')) {
    let migrateType = 0
    for (const list of area.get('free_list')) yield { order, migrateType: migrateType++, list }
    order++
  }
}

/**
 * Walk the blocks of a free list.
 *
 * @yields the first page of each
 * @throws {CorruptError} after the good ones, if the list is damaged
 */
export function* forEachFreeBlock({ list }: FreeList): Generator<Page> {
  const { program } = list
  // buddy_list since v6.0, commit bf75f200569d ("mm/page_alloc: add page->buddy_list and page->pcp_list"), is lru by another name.
  const offset = BigInt(program.offsetof('struct page', 'buddy_list', 'lru'))
  for (const node of listForEach(list)) yield program.objectAt('struct page', node - offset)
}

/** Pages a zone has free: NR_FREE_PAGES. */
export function zoneFreePages(zone: Zone): number {
  const type = stripType(zone.program.type('enum zone_stat_item'))
  const index =
    type.kind === 'enum' ? type.values.find(({ name }) => name === 'NR_FREE_PAGES')?.value : 0n
  return zone
    .get('vm_stat')
    .at(Number(index ?? 0n))
    .number('counter')
}

/** Where a free page is. */
export interface FreeBlock {
  /** The first page of its block. */
  readonly head: Page
  readonly order: number
}

/** The free block a page is in; undefined if it is not free, or kept by a CPU. @source mm/page_alloc.c is_free_buddy_page() */
export function findFreeBlock(page: Page): FreeBlock | undefined {
  const { program } = page
  const pfn = pageToPfn(page)
  const orders = program.objectAt('struct zone', 0n).get('free_area').length
  for (let order = 0; order < orders; order++) {
    const head = pfnToPage(program, pfn - (pfn % 2 ** order))
    if (!pageIsBuddy(head)) continue
    const headOrder = head.number('private')
    if (headOrder >= order && headOrder < orders) return { head, order: headOrder }
  }
  return undefined
}

/** The zone a page is of. @source include/linux/mm.h page_zone() */
export function pageZoneOf(page: Page): Zone | undefined {
  const node = findNode(page.program, pageNode(page))
  return node && nodeZones(node)[pageZone(page)]
}

/** Pages of RAM present in the machine, those the kernel never manages included: what crash calls MEMORY. */
export function presentPages(program: Program): number {
  let pages = 0
  for (const node of forEachNode(program)) pages += node.number('node_present_pages')
  return pages
}

/**
 * Page frames below the end of directly mapped memory, holes included: what crash's %MEM is a part of.
 *
 * @returns what is present, where the kernel does not say
 */
export function highMemoryPages(program: Program): number {
  if (!program.hasSymbol('high_memory')) return presentPages(program)
  const { memory } = program
  try {
    // One past the end, which need not be mapped.
    const last = memory.toPhysical(memory.u64(program.symbol('high_memory')) - 1n)
    return Math.ceil((last + 1) / memory.pageSize)
  } catch (error) {
    if (error instanceof FaultError) return presentPages(program)
    throw error
  }
}

/** Pages the page allocator manages: MemTotal of /proc/meminfo. @source include/linux/mm.h totalram_pages() */
export function totalramPages(program: Program): number {
  // Since v5.0, commit ca79b0c211af ("mm: convert totalram_pages and totalhigh_pages variables to atomic").
  if (program.hasSymbol('_totalram_pages'))
    return program.object('_totalram_pages').number('counter')
  return program.object('totalram_pages', 'unsigned long').number()
}
