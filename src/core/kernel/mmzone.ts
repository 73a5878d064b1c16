// Memory nodes and how much memory there is. Source: include/linux/mmzone.h, mm/page_alloc.c.
import { FaultError, NotFoundError } from '../base/errors.ts'
import type { KObject } from '../program/kobject.ts'
import type { Program } from '../program/program.ts'

export type Node = KObject<'pglist_data'>

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
