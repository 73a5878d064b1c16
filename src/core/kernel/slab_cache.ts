// Slab caches, and the lists a cache keeps its slabs on: by memory node, and until v7.0 by CPU. Source: mm/slab.h, mm/slub.c.
import { wrap64 } from '../base/addr.ts'
import { CorruptError, UnsupportedError } from '../base/errors.ts'
import { stripType } from '../debuginfo/type.ts'
import type { KObject } from '../program/kobject.ts'
import type { Program } from '../program/program.ts'
import { forEachNode, listForEachEntry } from './list.ts'
import { forEachCpu, perCpuPtr } from './percpu.ts'

export type SlabCache = KObject<'kmem_cache'>
/** `struct slab`, before v5.17 `struct page`. */
export type Slab = KObject

/** Layout of kmem_cache_order_objects. @source mm/slub.c OO_SHIFT */
const OO_SHIFT = 16
const OO_MASK = 0xffff
/** MAX_NUMNODES of the largest configuration. */
const NODES_MAX = 1024

/** Before v6.9. @source include/linux/slab.h */
const SLAB_STORE_USER = 0x1_0000n
const SLAB_RECLAIM_ACCOUNT = 0x2_0000n

/** What a cache keeps for one memory node. */
export interface SlabNode {
  readonly nid: number
  readonly node: KObject<'kmem_cache_node'>
  /** Where sheaves are kept; undefined before v6.18, and for caches without. */
  readonly barn: KObject<'node_barn'> | undefined
}

/** What a CPU keeps of a cache, up to v6.19. */
export interface SlabCpu {
  readonly cpu: number
  readonly cpuSlab: KObject<'kmem_cache_cpu'>
  /** The slab that objects are taken from; undefined if the CPU has none. */
  readonly slab: Slab | undefined
}

/**
 * Walk the slab caches, in the order of /proc/slabinfo.
 *
 * @throws {NotFoundError} without symbols
 * @throws {CorruptError} after the good ones, if the list is damaged
 * @source mm/slab_common.c slab_next()
 */
export function* forEachSlabCache(program: Program): Generator<SlabCache> {
  yield* listForEachEntry<'kmem_cache'>(program.object('slab_caches'), 'struct kmem_cache', 'list')
}

/** A cache by its name, or undefined. Caches that were merged go by the name of the first. */
export function findSlabCache(program: Program, name: string): SlabCache | undefined {
  for (const cache of forEachSlabCache(program)) if (slabCacheName(cache) === name) return cache
  return undefined
}

/** A cache's name. */
export function slabCacheName(cache: SlabCache): string {
  return cache.string('name')
}

/** Objects of a slab of full size. @source mm/slub.c oo_objects() */
export function slabCacheObjectsPerSlab(cache: SlabCache): number {
  return orderObjects(cache) & OO_MASK
}

/** Pages of a slab of full size, as a power of two. @source mm/slub.c oo_order() */
export function slabCacheOrder(cache: SlabCache): number {
  return orderObjects(cache) >>> OO_SHIFT
}

/** Order and objects of a full slab. @throws {UnsupportedError} for allocators other than SLUB */
function orderObjects(cache: SlabCache): number {
  // CONFIG_SLAB, removed in v6.8 by commit 16a1d968358a ("mm/slab: remove mm/slab.c and slab_def.h"), had other caches.
  if (!cache.has('oo')) throw new UnsupportedError('the slab allocator of this kernel: not SLUB')
  return cache.number('oo.x')
}

/** What the kernel counts of a cache, without a look at its slabs. */
export interface SlabCounts {
  readonly slabs: number
  /** Free ones included. */
  readonly objects: number
  /** Slabs that have free objects, CPUs' own left out: a walk of them is as long. */
  readonly partial: number
}

/** Read a cache's counters; undefined for a kernel that does not count (without CONFIG_SLUB_DEBUG). */
export function slabCacheCounts(cache: SlabCache): SlabCounts | undefined {
  let slabs = 0
  let objects = 0
  let partial = 0
  for (const { node } of forEachSlabNode(cache)) {
    const counted = node.find('nr_slabs')
    if (!counted) return undefined
    slabs += counted.number('counter')
    objects += node.number('total_objects.counter')
    partial += node.number('nr_partial')
  }
  return { slabs, objects, partial }
}

/** Is its memory given back under pressure, as far as its objects can be freed? */
export function slabCacheIsReclaimable(cache: SlabCache): boolean {
  return isFlagged(cache, '_SLAB_RECLAIM_ACCOUNT', SLAB_RECLAIM_ACCOUNT)
}

/** Walk the memory nodes a cache has slabs for. @source mm/slab.h for_each_kmem_cache_node() */
export function* forEachSlabNode(cache: SlabCache): Generator<SlabNode> {
  const { program } = cache
  // Allocated for the nodes there can be, not for all that the declaration has room for.
  const count = program.hasSymbol('nr_node_ids') ? program.object('nr_node_ids', 'int').number() : 1
  if (!(count > 0 && count <= NODES_MAX)) throw new CorruptError(cache.address, `${count} nodes`)
  for (let nid = 0; nid < count; nid++) {
    // Since v7.1, commit 5ba6bc27b1f9 ("slab: decouple pointer to barn from kmem_cache_node"), a pair of pointers.
    const pair = cache.find('per_node')?.at(nid)
    const pointer = pair ? pair.get('node') : cache.get('node').at(nid)
    if (pointer.isNull()) continue
    const node = pointer.deref().cast<'kmem_cache_node'>('struct kmem_cache_node')
    const barn = pair?.find('barn') ?? node.find('barn')
    yield { nid, node, barn: barn === undefined || barn.isNull() ? undefined : barn.deref() }
  }
}

/** Walk the CPUs' current slabs; none since v7.0. */
export function* forEachSlabCpu(cache: SlabCache): Generator<SlabCpu> {
  // Until v7.0, commit 32c894c7274b ("slab: remove struct kmem_cache_cpu"); never with CONFIG_SLUB_TINY.
  const pointer = cache.find('cpu_slab')
  if (!pointer || pointer.isNull()) return
  for (const cpu of forEachCpu(cache.program, 'possible')) {
    const cpuSlab: KObject<'kmem_cache_cpu'> = perCpuPtr(pointer, cpu)
    // Since v5.17, commit bb192ed9aa71 ("mm/slub: Convert most struct page to struct slab by spatch"), it is slab.
    const slab = cpuSlab.get('slab', 'page')
    yield { cpu, cpuSlab, slab: slab.isNull() ? undefined : slab.deref() }
  }
}

/** Walk the slabs a CPU has put aside, up to v6.19. @throws {CorruptError} after the good ones, if the list does not end */
export function* forEachCpuPartialSlab({ cpuSlab }: SlabCpu): Generator<Slab> {
  const { program } = cpuSlab
  // Absent without CONFIG_SLUB_CPU_PARTIAL.
  const first = cpuSlab.find('partial')
  if (!first || first.isNull()) return
  const type = slabTypeName(program)
  const next = BigInt(program.offsetof(type, 'next'))
  const read = (slab: bigint): bigint => program.memory.u64(wrap64(slab + next))
  for (const slab of forEachNode(read, first.pointer(), (at) => at === 0n))
    yield program.objectAt(type, slab)
}

/** Walk the slabs of a node that have free objects. */
export function* forEachPartialSlab({ node }: SlabNode): Generator<Slab> {
  yield* listForEachEntry(
    node.get('partial'),
    slabTypeName(node.program),
    slabListMember(node.program),
  )
}

/** Walk the slabs of a node without free objects; kernels list them for caches that are debugged only. */
export function* forEachFullSlab({ node }: SlabNode): Generator<Slab> {
  const full = node.find('full')
  if (full) yield* listForEachEntry(full, slabTypeName(node.program), slabListMember(node.program))
}

/** Does a cache list its full slabs? Only those that are debugged do. */
export function slabCacheTracksFull(cache: SlabCache): boolean {
  return isFlagged(cache, '_SLAB_STORE_USER', SLAB_STORE_USER)
}

function isFlagged(cache: SlabCache, name: string, mask: bigint): boolean {
  // Since v6.9, commit cc61eb851c9a ("mm, slab: use an enum to define SLAB_ cache creation flags"), flags are numbered.
  const type = cache.program.hasType('enum _slab_flag_bits')
    ? stripType(cache.program.type('enum _slab_flag_bits'))
    : undefined
  const bits = type?.kind === 'enum' ? type.values : []
  const bit = bits.find((value) => value.name === name)?.value
  return (cache.bigint('flags') & (bit === undefined ? mask : 1n << bit)) !== 0n
}

/** What describes a slab. */
export function slabTypeName(program: Program): string {
  // Since v5.17, commit d122019bf061 ("mm: Split slab into its own type"), a slab has a type of its own.
  return program.hasType('struct slab') ? 'struct slab' : 'struct page'
}

function slabListMember(program: Program): string {
  // Since v4.18, commit 4da1984edbbe ("mm: combine LRU and main union in struct page"), it is slab_list.
  return program.objectAt(slabTypeName(program), 0n).has('slab_list') ? 'slab_list' : 'lru'
}
