// Which slab caches held the most memory, by the kernel's own counts: slabs are not looked at, but for how many objects
// of the largest are in use.
import { attempt } from '../../base/errors.ts'
import { formatHex } from '../../base/hex.ts'
import { slabCacheUsage } from '../../kernel/slab.ts'
import {
  forEachSlabCache,
  slabCacheCounts,
  slabCacheIsReclaimable,
  slabCacheName,
  slabCacheOrder,
  type SlabCache,
} from '../../kernel/slab_cache.ts'
import type { Program } from '../../program/program.ts'
import type { CacheMemory } from '../machine_state.ts'

const CACHES_MAX = 20
/** Partial slabs are read one by one to count objects: 5 microseconds each. */
const PARTIAL_SLABS_MAX = 10_000

/** Memory of one cache. */
interface Counted {
  readonly cache: SlabCache
  readonly partial: number
  readonly bytes: number
}

/**
 * Find the caches with the most memory, the largest first; none where the kernel does not count slabs.
 *
 * @throws {UnsupportedError} for allocators other than SLUB
 */
export function topCaches(program: Program): CacheMemory[] {
  const { pageSize } = program.memory
  const counted: Counted[] = []
  attempt(() => {
    for (const cache of forEachSlabCache(program)) {
      const counts = attempt(() => slabCacheCounts(cache))
      if (!counts || counts.slabs === 0) continue
      const bytes = counts.slabs * pageSize * 2 ** slabCacheOrder(cache)
      counted.push({ cache, partial: counts.partial, bytes })
    }
  })
  return counted
    .sort((a, b) => b.bytes - a.bytes)
    .slice(0, CACHES_MAX)
    .flatMap((one) => attempt(() => cacheMemory(one)) ?? [])
}

function cacheMemory({ cache, partial, bytes }: Counted): CacheMemory {
  const objects =
    partial <= PARTIAL_SLABS_MAX ? attempt(() => slabCacheUsage(cache).allocated) : undefined
  return {
    name: slabCacheName(cache),
    address: formatHex(cache.address),
    objectBytes: cache.number('object_size'),
    objects: objects ?? null,
    bytes,
    reclaimable: slabCacheIsReclaimable(cache),
  }
}
