// Who holds a slab cache's objects: a variable of a module, or of the kernel, that leads through many of them, one object
// to the next. What holds them through an object of another cache, or as an array, is not found.
import { wrap64 } from '../base/addr.ts'
import { attempt } from '../base/errors.ts'
import type { AddressRange } from '../program/module_tables.ts'
import type { Program } from '../program/program.ts'
import { forEachModule, moduleRanges } from './module.ts'
import { isDirectMap } from './page.ts'
import { findSlab, slabFirstObject } from './slab.ts'
import type { SlabCache } from './slab_cache.ts'

/** A variable that leads to objects of a cache. */
export interface SlabHolder {
  /** Where the pointer to the first one lies. */
  readonly address: bigint
  /** `prefetched`, `table+0x40`. */
  readonly symbol: string
  /** '' for the kernel itself. */
  readonly module: string
  /** Objects that the walk went through. */
  readonly objects: number
  /** It was given up there: there may be more. */
  readonly isCutOff: boolean
}

/** Steps of one walk: each reads a page of its own. */
const CHAIN_MAX = 2000
/** A chain of fewer shows nothing: lists of dozens are common. */
const CHAIN_MIN = 500
/** Where the link to the next object may be: the beginning of an object. */
const LINK_OFFSETS = 512
/** Data of one module, or of the kernel. */
const RANGE_SIZE_MAX = 64 * 1024 * 1024
/** Of the upper 32 bits of an address: kernels live in the upper half. */
const KERNEL_HALF = 0x8000_0000
/** Variables from which walks are begun. */
const STARTS_MAX = 20_000

/**
 * Find the variable that leads through the most objects of a cache; modules are asked before the kernel.
 *
 * @returns undefined if none leads through more than a few hundred
 */
export function findSlabHolder(program: Program, cache: SlabCache): SlabHolder | undefined {
  const modules = (attempt(() => [...forEachModule(program)]) ?? []).flatMap(
    (module) => attempt(() => moduleRanges(module)) ?? [],
  )
  return longestFrom(program, cache, modules) ?? longestFrom(program, cache, kernelData(program))
}

function kernelData(program: Program): AddressRange[] {
  return [
    ['_sdata', '_edata'],
    ['__bss_start', '__bss_stop'],
  ].flatMap(([first = '', last = '']) => {
    const [start, end] = [program.findSymbol(first), program.findSymbol(last)]
    return start && end ? [{ start: start.address, size: Number(end.address - start.address) }] : []
  })
}

function longestFrom(
  program: Program,
  cache: SlabCache,
  ranges: readonly AddressRange[],
): SlabHolder | undefined {
  const objects = new CacheObjects(program, cache)
  let best: SlabHolder | undefined
  let starts = 0
  for (const range of ranges) {
    for (const { address, value } of directMapWords(program, range)) {
      if (++starts > STARTS_MAX) return best
      const count = attempt(() => longestChain(program, objects, value)) ?? 0
      if (count >= CHAIN_MIN && count > (best?.objects ?? 0))
        best = holderOf(program, address, count)
      if (best?.isCutOff) return best
    }
  }
  return best
}

function holderOf(program: Program, address: bigint, objects: number): SlabHolder {
  const found = program.symbolAt(address)
  const offset = found ? address - found.address : 0n
  return {
    address,
    symbol: found ? found.name + (offset === 0n ? '' : `+0x${offset.toString(16)}`) : '',
    module: found?.module ?? '',
    objects,
    isCutOff: objects >= CHAIN_MAX,
  }
}

/** Words that are addresses of the direct map. */
function* directMapWords(
  program: Program,
  { start, size }: AddressRange,
): Generator<{ address: bigint; value: bigint }> {
  const { memory } = program
  for (let offset = 0; offset < Math.min(size, RANGE_SIZE_MAX); offset += memory.pageSize) {
    const address = wrap64(start + BigInt(offset))
    const count = Math.min(memory.pageSize, size - offset)
    const bytes = attempt(() => memory.bytes(address, count))
    if (!bytes) continue
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    for (let i = 0; i + 8 <= count; i += 8) {
      // Nearly all words are no kernel address: two compares each.
      if (view.getUint32(i + (memory.littleEndian ? 4 : 0), memory.littleEndian) < KERNEL_HALF)
        continue
      const value = view.getBigUint64(i, memory.littleEndian)
      if (isDirectMap(program, value)) yield { address: wrap64(address + BigInt(i)), value }
    }
  }
}

/** Tells objects of one cache. */
class CacheObjects {
  readonly program: Program
  readonly cache: SlabCache
  readonly size: bigint

  constructor(program: Program, cache: SlabCache) {
    this.program = program
    this.cache = cache
    this.size = cache.bigint('size')
  }

  /** Where the object begins that an address lies in; undefined if it is in none of the cache. */
  start(address: bigint): bigint | undefined {
    const slab = findSlab(this.program, address)
    if (slab?.pointer('slab_cache') !== this.cache.address || this.size === 0n) return undefined
    const first = slabFirstObject(this.cache, slab)
    return address < first ? undefined : address - ((address - first) % this.size)
  }
}

/** The longest walk from a pointer, by whichever word of the object leads on. */
function longestChain(program: Program, objects: CacheObjects, pointer: bigint): number {
  const start = objects.start(pointer)
  if (start === undefined) return 0
  let longest = 1
  const end = Math.min(LINK_OFFSETS, Number(objects.size))
  for (let offset = 0; offset < end; offset += 8)
    longest = Math.max(longest, chainLength(program, objects, start, BigInt(offset)))
  return longest
}

function chainLength(
  { memory }: Program,
  objects: CacheObjects,
  start: bigint,
  link: bigint,
): number {
  const seen = new Set<bigint>()
  for (let object: bigint | undefined = start; object !== undefined && !seen.has(object);) {
    seen.add(object)
    if (seen.size >= CHAIN_MAX) break
    const at = wrap64(object + link)
    object = attempt(() => objects.start(memory.u64(at)))
  }
  return seen.size
}
