// Areas of virtually contiguous memory: vmalloc(), ioremap(), vm_map_ram(), modules, stacks. Source: include/linux/vmalloc.h, mm/vmalloc.c.
import { CorruptError, KdumpError } from '../base/errors.ts'
import type { KObject } from '../program/kobject.ts'
import type { Program } from '../program/program.ts'
import { listForEachEntry } from './list.ts'
import { rbFind } from './rbtree.ts'

export type VmapArea = KObject<'vmap_area'>
export type VmStruct = KObject<'vm_struct'>

/** Nodes are as many as CPUs, at most 128. @source mm/vmalloc.c vmap_init_nodes() */
const VMAP_NODES_MAX = 8192

/**
 * Walk the areas in use, by address.
 *
 * @throws {CorruptError} after the good ones, if a list is damaged
 * @source mm/vmalloc.c vmalloc_info_show()
 */
export function* forEachVmapArea(program: Program): Generator<VmapArea> {
  // Since v6.9, commit d093602919ad ("mm: vmalloc: remove global vmap_area_root rb-tree"), they are spread over nodes.
  if (!program.hasSymbol('vmap_nodes')) {
    yield* listForEachEntry<'vmap_area'>(
      program.object('vmap_area_list'),
      'struct vmap_area',
      'list',
    )
    return
  }
  const areas: { start: bigint; area: VmapArea }[] = []
  let damage: KdumpError | undefined
  for (const node of forEachVmapNode(program)) {
    try {
      const list = listForEachEntry<'vmap_area'>(node.get('busy.head'), 'struct vmap_area', 'list')
      for (const area of list) areas.push({ start: area.bigint('va_start'), area })
    } catch (error) {
      if (!(error instanceof KdumpError)) throw error
      damage ??= error
    }
  }
  areas.sort((a, b) => (a.start < b.start ? -1 : a.start > b.start ? 1 : 0))
  for (const { area } of areas) yield area
  if (damage) throw damage
}

/** The area in use that holds an address, or undefined. @source mm/vmalloc.c find_vmap_area() */
export function findVmapArea(program: Program, address: bigint): VmapArea | undefined {
  const compare = (area: VmapArea): number => {
    if (address < area.bigint('va_start')) return -1
    return address >= area.bigint('va_end') ? 1 : 0
  }
  const find = (root: KObject): VmapArea | undefined =>
    rbFind<'vmap_area'>(root, 'struct vmap_area', 'rb_node', compare)
  if (!program.hasSymbol('vmap_nodes')) return find(program.object('vmap_area_root'))
  for (const node of forEachVmapNode(program)) {
    const area = find(node.get('busy.root'))
    if (area) return area
  }
  return undefined
}

/** What an area was made for; undefined for vm_map_ram(), and for kernels' own reservations. */
export function vmapAreaVm(area: VmapArea): VmStruct | undefined {
  // v4.20 to v5.3 flags told, and the pointer shared its place with others; since v5.4, commit 688fcbfc06e4
  // ("mm/vmalloc: modify struct vmap_area to reduce its size"), NULL is none, but for areas on their way out.
  const vm = area.get('vm')
  return vm.isNull() ? undefined : vm.deref()
}

/** Memory that one place in the code took by vmalloc(). */
export interface VmallocCaller {
  /** Where: the address behind the call. */
  readonly caller: bigint
  readonly areas: number
  readonly pages: number
}

/** Sum up the pages of vmalloc() by who asked for them, the most first; ioremap() and its like take none. */
export function vmallocCallers(program: Program): VmallocCaller[] {
  const callers = new Map<bigint, { caller: bigint; areas: number; pages: number }>()
  for (const area of forEachVmapArea(program)) {
    const vm = vmapAreaVm(area)
    const pages = vm?.number('nr_pages') ?? 0
    if (!vm || pages === 0) continue
    const caller = vm.pointer('caller')
    const sum = callers.get(caller) ?? { caller, areas: 0, pages: 0 }
    sum.areas++
    sum.pages += pages
    callers.set(caller, sum)
  }
  return [...callers.values()].sort((a, b) => b.pages - a.pages)
}

function* forEachVmapNode(program: Program): Generator<KObject<'vmap_node'>> {
  const count = program.object('nr_vmap_nodes').number()
  const nodes = program.object('vmap_nodes')
  if (!(count > 0 && count <= VMAP_NODES_MAX))
    throw new CorruptError(program.symbol('nr_vmap_nodes'), `${count} vmap nodes`)
  for (let node = 0; node < count; node++) yield nodes.at(node)
}
