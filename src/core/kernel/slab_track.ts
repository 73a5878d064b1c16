// Who allocated and who freed an object last, where a cache keeps that (slub_debug=U). Source: mm/slub.c struct track.
import { wrap64 } from '../base/addr.ts'
import type { KObject } from '../program/kobject.ts'
import { slabCacheTracksFull, type SlabCache } from './slab_cache.ts'

/** An allocation or a free. */
export interface SlabTrack {
  /** Where in the code. */
  readonly address: bigint
  readonly cpu: number
  readonly pid: number
  /** In jiffies. */
  readonly when: bigint
}

/** Which of the two. @source mm/slub.c enum track_item */
export type TrackItem = 'allocated' | 'freed'

/**
 * Who did that with an object last; undefined where the cache does not keep it, or nobody has yet.
 *
 * @throws {FaultError} if the object cannot be read
 * @source mm/slub.c get_track(), get_info_end()
 */
export function slabTrack(
  cache: SlabCache,
  object: bigint,
  item: TrackItem,
): SlabTrack | undefined {
  const { program } = cache
  // Those that keep it are those that list their full slabs.
  if (!slabCacheTracksFull(cache) || !program.hasType('struct track')) return undefined
  const inUse = cache.number('inuse')
  // The pointer to the next free object lies behind where all of an object is poisoned.
  const end = cache.number('offset') >= inUse ? inUse + 8 : inUse
  const at = end + (item === 'freed' ? program.sizeof('struct track') : 0)
  const track: KObject = program.objectAt('struct track', wrap64(object + BigInt(at)))
  const address = track.pointer('addr')
  if (address === 0n) return undefined
  return {
    address,
    cpu: track.number('cpu'),
    pid: track.number('pid'),
    when: track.bigint('when'),
  }
}
