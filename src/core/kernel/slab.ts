// Objects of the slab allocator SLUB, and which of them are free. Source: mm/slab.h, mm/slub.c. Caches: slab_cache.ts.
//
// An object is free while it is on the freelist of its slab, on that of a CPU (until v7.0), or in a sheaf (since v6.18).
// Nothing counts the objects in use, and nothing lists slabs that are full: both follow from what is free.
import { wrap64 } from '../base/addr.ts'
import { CorruptError, FaultError, KdumpError } from '../base/errors.ts'
import type { Program } from '../program/program.ts'
import { forEachMemmapChunk } from './memmap.ts'
import {
  compoundHead,
  isDirectMap,
  pageAddress,
  pageIsSlab,
  pageOfDescriptor,
  pageTest,
  virtToPage,
} from './page.ts'
import {
  forEachCpuPartialSlab,
  forEachPartialSlab,
  forEachSlabCpu,
  forEachSlabNode,
  slabCacheOrder,
  slabTypeName,
  type Slab,
  type SlabCache,
  type SlabCpu,
} from './slab_cache.ts'
import { forEachBarnSheaf, forEachCpuSheaf, sheafObjects, sheafSize } from './slab_sheaf.ts'

/** Objects of a cache. */
export interface SlabUsage {
  readonly slabs: number
  readonly objects: number
  readonly free: number
  /** In use: `objects - free`. */
  readonly allocated: number
}

/** What an address means to the slab allocator. */
export interface SlabObjectInfo {
  readonly cache: SlabCache
  readonly slab: Slab
  /** Where the object begins. */
  readonly object: bigint
  /** Undefined where the lists that tell could not be read. */
  readonly allocated: boolean | undefined
  /** The CPU whose slab a free object is in, or whose sheaf. */
  readonly cpu: number | undefined
}

/**
 * How much of a cache is in use: exact, unlike /proc/slabinfo, which counts what CPUs keep at hand as used.
 *
 * Without CONFIG_SLUB_DEBUG kernels do not count slabs: all page descriptors are read, once.
 */
export function slabCacheUsage(cache: SlabCache): SlabUsage {
  let slabs = 0
  let objects = 0
  let free = 0
  let isCounted = true
  for (const slabNode of forEachSlabNode(cache)) {
    const { node } = slabNode
    isCounted &&= node.has('nr_slabs')
    slabs += node.find('nr_slabs')?.number('counter') ?? 0
    objects += node.find('total_objects')?.number('counter') ?? 0
    for (const slab of forEachPartialSlab(slabNode)) free += slabFreeCount(slab)
    for (const sheaf of forEachBarnSheaf(slabNode)) free += sheafSize(cache, sheaf)
  }
  for (const slabCpu of forEachSlabCpu(cache)) {
    const { slab, cpuSlab } = slabCpu
    // What others have freed into it meanwhile is on its own list.
    if (slab)
      free += slabFreeCount(slab) + freelistOf(cache, slab, cpuSlab.pointer('freelist')).length
    for (const partial of forEachCpuPartialSlab(slabCpu)) free += slabFreeCount(partial)
  }
  for (const { sheaf } of forEachCpuSheaf(cache)) free += sheafSize(cache, sheaf)
  if (!isCounted) ({ slabs, objects } = countSlabs(cache))
  return { slabs, objects, free, allocated: objects - free }
}

function slabFreeCount(slab: Slab): number {
  const free = slab.number('objects') - slab.number('inuse')
  if (free < 0) throw new CorruptError(slab.address, 'slab with more objects in use than it has')
  return free
}

const countsOfCaches = new WeakMap<Program, Map<bigint, { slabs: number; objects: number }>>()

function countSlabs(cache: SlabCache): { slabs: number; objects: number } {
  let counts = countsOfCaches.get(cache.program)
  if (!counts) {
    countsOfCaches.set(cache.program, (counts = new Map()))
    for (const slab of forEachSlab(cache.program)) {
      const owner = slab.pointer('slab_cache')
      const { slabs, objects } = counts.get(owner) ?? { slabs: 0, objects: 0 }
      counts.set(owner, { slabs: slabs + 1, objects: objects + slab.number('objects') })
    }
  }
  return counts.get(cache.address) ?? { slabs: 0, objects: 0 }
}

/** Walk every slab of every cache, by address. Reads all page descriptors: 20 nanoseconds each. */
export function* forEachSlab(program: Program): Generator<Slab> {
  const type = slabTypeName(program)
  const size = program.sizeof('struct page')
  const isSlab = pageTest(program, 'slab')
  // Only heads are marked.
  for (const { address, count, view } of forEachMemmapChunk(program)) {
    if (!view) continue
    for (let i = 0; i < count; i++)
      if (isSlab(view, i * size)) yield program.objectAt(type, wrap64(address + BigInt(i * size)))
  }
}

/** Where a slab's first object begins. @source mm/slub.c slab_address(), fixup_red_left() */
export function slabFirstObject(cache: SlabCache, slab: Slab): bigint {
  const start = pageAddress(cache.program.objectAt('struct page', slab.address))
  // Absent without CONFIG_SLUB_DEBUG.
  return wrap64(start + BigInt(cache.find('red_left_pad')?.number() ?? 0))
}

/** Addresses of a slab's objects. */
export function slabObjects(cache: SlabCache, slab: Slab): bigint[] {
  const first = slabFirstObject(cache, slab)
  const size = objectSize(cache)
  return Array.from({ length: slab.number('objects') }, (_, i) => wrap64(first + BigInt(i) * size))
}

/** Addresses of the free objects on a slab's own list, first to be taken first. @throws {CorruptError} if the list is damaged */
export function slabFreelist(cache: SlabCache, slab: Slab): bigint[] {
  return freelistOf(cache, slab, slab.pointer('freelist'))
}

/** Addresses of the free objects of its current slab that a CPU has for itself. */
export function slabCpuFreelist(cache: SlabCache, { cpuSlab, slab }: SlabCpu): bigint[] {
  return slab ? freelistOf(cache, slab, cpuSlab.pointer('freelist')) : []
}

/**
 * Follow a freelist: each free object holds the next one's address, which hardened kernels disguise.
 *
 * @source mm/slub.c get_freepointer(), freelist_ptr_decode()
 */
function freelistOf(cache: SlabCache, slab: Slab, first: bigint): bigint[] {
  const { memory } = cache.program
  const base = slabFirstObject(cache, slab)
  const size = objectSize(cache)
  const count = slab.number('objects')
  const offset = BigInt(cache.number('offset'))
  const isObject = (at: bigint): boolean =>
    at >= base && (at - base) % size === 0n && (at - base) / size < BigInt(count)
  const list: bigint[] = []
  for (let object = first; object !== 0n;) {
    if (!isObject(object))
      throw new CorruptError(slab.address, `freelist leads to 0x${object.toString(16)}`)
    if (list.push(object) > count) throw new CorruptError(slab.address, 'freelist cycles')
    const at = wrap64(object + offset)
    const [next = 0n, other = next] = freePointers(cache, at, memory.u64(at))
    object = next === 0n || isObject(next) ? next : other
  }
  return list
}

/**
 * What a word of a free object means as the address of the next one: the likelier first, of two where a kernel disguises
 * them in one of two ways.
 *
 * @param at where the word lies, which is part of the disguise
 * @source mm/slub.c freelist_ptr_decode()
 */
export function freePointers(cache: SlabCache, at: bigint, word: bigint): readonly bigint[] {
  // Absent without CONFIG_SLAB_FREELIST_HARDENED.
  const random = cache.find('random')?.bigint()
  if (random === undefined) return [word]
  // Since v5.7, commit 1ad53d9fa3f6 ("slub: improve bit diffusion for freelist ptr obfuscation"), the place's bytes are
  // swapped; nothing else tells kernels with and without that apart.
  return [word ^ random ^ swapBytes(at), word ^ random ^ at]
}

const swap = new DataView(new ArrayBuffer(8))

function swapBytes(word: bigint): bigint {
  swap.setBigUint64(0, word, true)
  return swap.getBigUint64(0, false)
}

/**
 * What a kernel address is in: the object, its slab and cache, and whether it is allocated.
 *
 * @returns undefined for what is no object of a slab, the gaps in slabs included
 * @throws {UnsupportedError} for allocators other than SLUB
 * @source mm/slab.h virt_to_slab(), mm/slub.c obj_to_index()
 */
export function slabObjectInfo(program: Program, address: bigint): SlabObjectInfo | undefined {
  const slab = findSlab(program, address)
  if (!slab) return undefined
  const cache: SlabCache = slab.get('slab_cache').deref()
  // Other allocators' caches have no order: better refused here than misread below.
  slabCacheOrder(cache)
  const first = slabFirstObject(cache, slab)
  const size = objectSize(cache)
  if (address < first || (address - first) / size >= BigInt(slab.number('objects')))
    return undefined
  const object = address - ((address - first) % size)
  return { cache, slab, object, ...objectState(cache, slab, object) }
}

/** The slab that an address of the direct map is in, or undefined. */
export function findSlab(program: Program, address: bigint): Slab | undefined {
  if (!isDirectMap(program, address)) return undefined
  try {
    const head = compoundHead(virtToPage(program, address))
    return pageIsSlab(head) ? program.objectAt(slabTypeName(program), head.address) : undefined
  } catch (error) {
    // A hole in memory has no descriptors.
    if (error instanceof FaultError) return undefined
    throw error
  }
}

/** The slab whose page descriptor holds an address, or undefined. */
export function slabOfDescriptor(program: Program, address: bigint): Slab | undefined {
  try {
    const page = pageOfDescriptor(program, address)
    const head = page && compoundHead(page)
    return head && pageIsSlab(head)
      ? program.objectAt(slabTypeName(program), head.address)
      : undefined
  } catch (error) {
    if (error instanceof FaultError) return undefined
    throw error
  }
}

function objectState(
  cache: SlabCache,
  slab: Slab,
  object: bigint,
): Pick<SlabObjectInfo, 'allocated' | 'cpu'> {
  const { atHand, slabCpus, isComplete } = objectsAtHand(cache)
  const cpu = atHand.get(object)
  if (cpu !== undefined) return { allocated: false, cpu: cpu < 0 ? undefined : cpu }
  try {
    if (slabFreelist(cache, slab).includes(object))
      return { allocated: false, cpu: slabCpus.get(slab.address) }
  } catch (error) {
    if (!(error instanceof KdumpError)) throw error
    return { allocated: undefined, cpu: undefined }
  }
  return { allocated: isComplete ? true : undefined, cpu: undefined }
}

/** Free objects that are on no slab's own list. */
export interface ObjectsAtHand {
  /** Object → CPU, or -1 for what a node keeps. */
  readonly atHand: ReadonlyMap<bigint, number>
  /** Slab → the CPU that takes objects from it. */
  readonly slabCpus: ReadonlyMap<bigint, number>
  /** False if something could not be read: there may be more. */
  readonly isComplete: boolean
}

/** Caches whose objects at hand are remembered: on a machine of many CPUs they are tens of thousands each. */
const REMEMBERED_MAX = 8

const atHandOfCaches = new WeakMap<Program, Map<bigint, ObjectsAtHand>>()

/** The free objects of a cache that CPUs and nodes keep at hand. Remembered, as many are asked for in a row. */
export function objectsAtHand(cache: SlabCache): ObjectsAtHand {
  let known = atHandOfCaches.get(cache.program)
  if (!known) atHandOfCaches.set(cache.program, (known = new Map()))
  let found = known.get(cache.address)
  if (!found) {
    const [oldest] = known.keys()
    if (known.size >= REMEMBERED_MAX && oldest !== undefined) known.delete(oldest)
    known.set(cache.address, (found = readObjectsAtHand(cache)))
  }
  return found
}

function readObjectsAtHand(cache: SlabCache): ObjectsAtHand {
  const atHand = new Map<bigint, number>()
  const slabCpus = new Map<bigint, number>()
  let isComplete = true
  const attempt = (read: () => void): void => {
    try {
      read()
    } catch (error) {
      if (!(error instanceof KdumpError)) throw error
      isComplete = false
    }
  }
  const add = (objects: readonly bigint[], cpu: number): void => {
    for (const object of objects) atHand.set(object, cpu)
  }
  attempt(() => {
    for (const slabCpu of forEachSlabCpu(cache)) {
      const { cpu, slab } = slabCpu
      if (slab) slabCpus.set(slab.address, cpu)
      attempt(() => add(slabCpuFreelist(cache, slabCpu), cpu))
    }
  })
  attempt(() => {
    for (const { cpu, sheaf } of forEachCpuSheaf(cache))
      attempt(() => add(sheafObjects(cache, sheaf), cpu))
  })
  attempt(() => {
    for (const node of forEachSlabNode(cache))
      for (const sheaf of forEachBarnSheaf(node)) attempt(() => add(sheafObjects(cache, sheaf), -1))
  })
  return { atHand, slabCpus, isComplete }
}

/**
 * Walk the objects of a cache that are in use. Reads all page descriptors, as full slabs are on no list.
 *
 * @yields addresses, ascending
 */
export function* slabCacheForEachAllocatedObject(cache: SlabCache): Generator<bigint> {
  const { atHand } = objectsAtHand(cache)
  for (const slab of forEachSlab(cache.program)) {
    if (slab.pointer('slab_cache') !== cache.address) continue
    const free = new Set(slabFreelist(cache, slab))
    for (const object of slabObjects(cache, slab))
      if (!free.has(object) && !atHand.has(object)) yield object
  }
}

function objectSize(cache: SlabCache): bigint {
  const size = cache.bigint('size')
  if (size === 0n) throw new CorruptError(cache.address, 'slab cache of objects of 0 bytes')
  return size
}
