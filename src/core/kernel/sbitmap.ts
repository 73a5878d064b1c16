// Scalable bitmaps: which tags of a queue are taken. Source: include/linux/sbitmap.h, lib/sbitmap.c.
import { CorruptError } from '../base/errors.ts'
import type { KObject } from '../program/kobject.ts'

/** Tags of a queue; BLK_MQ_MAX_DEPTH is 10240, target sessions have fewer. */
const DEPTH_LIMIT = 1 << 24

/** Bits of a bitmap, by word. */
interface SbitmapWord {
  /** First bit's number. */
  readonly first: number
  readonly size: number
  readonly word: bigint
  /** Freed, but not yet taken out of `word`. */
  readonly cleared: bigint
}

/** What a bitmap holds, counted. */
export interface SbitmapWeight {
  /** Bits set, those that are cleared lazily among them. */
  readonly set: number
  readonly cleared: number
}

/**
 * Walk the bits that are set: taken and not freed since.
 *
 * @param sb `struct sbitmap`
 * @throws {CorruptError} if its size is absurd
 * @source include/linux/sbitmap.h sbitmap_for_each_set()
 */
export function* sbitmapForEachSet(sb: KObject): Generator<number> {
  for (const { first, size, word, cleared } of forEachWord(sb)) {
    const busy = word & ~cleared
    for (let bit = 0; bit < size; bit++) if ((busy >> BigInt(bit)) & 1n) yield first + bit
  }
}

/** Count bits. @source lib/sbitmap.c sbitmap_weight(), sbitmap_cleared() */
export function sbitmapWeight(sb: KObject): SbitmapWeight {
  let set = 0
  let cleared = 0
  for (const each of forEachWord(sb)) {
    set += bitCount(each.word, each.size)
    cleared += bitCount(each.cleared, each.size)
  }
  return { set, cleared }
}

/** The words as bytes, in order of their bits, as debugfs and crash show them. @source lib/sbitmap.c sbitmap_bitmap_show() */
export function sbitmapBytes(sb: KObject): Uint8Array {
  const bytes = new Uint8Array(Math.ceil(depthOf(sb) / 8))
  for (const { first, size, word, cleared } of forEachWord(sb)) {
    const busy = word & ~cleared
    for (let bit = 0; bit < size; bit++) {
      const at = first + bit
      if ((busy >> BigInt(bit)) & 1n) bytes[at >> 3] = (bytes[at >> 3] ?? 0) | (1 << (at & 7))
    }
  }
  return bytes
}

function depthOf(sb: KObject): number {
  const depth = sb.number('depth')
  if (depth > DEPTH_LIMIT) throw new CorruptError(sb.address, `sbitmap of ${depth} bits`)
  return depth
}

function* forEachWord(sb: KObject): Generator<SbitmapWord> {
  const depth = depthOf(sb)
  const shift = sb.number('shift')
  if (shift > 6) throw new CorruptError(sb.address, `sbitmap of 2^${shift} bits a word`)
  const map = sb.get('map')
  const words = Math.min(sb.number('map_nr'), Math.ceil(depth / 2 ** shift))
  for (let index = 0; index < words; index++) {
    const each = map.at(index)
    const first = index * 2 ** shift
    yield {
      first,
      size: Math.min(2 ** shift, depth - first),
      word: each.bigint('word'),
      // Since v5.0, commit ea86ea2cdced ("sbitmap: ammortize cost of clearing bits"), bits are cleared lazily.
      cleared: each.find('cleared')?.bigint() ?? 0n,
    }
  }
}

function bitCount(word: bigint, size: number): number {
  let count = 0
  for (let bit = 0; bit < size; bit++) count += Number((word >> BigInt(bit)) & 1n)
  return count
}

/** One of the queues of those that wait for a free bit. */
export interface SbqWaiters {
  /** Wake-ups until a batch is done; undefined since v6.1, which counts otherwise. */
  readonly waitCount: number | undefined
  readonly queue: KObject
}

/** SBQ_WAIT_QUEUES. @source include/linux/sbitmap.h */
const SBQ_WAIT_QUEUES = 8

/** The wait queues of a `struct sbitmap_queue`. */
export function sbqWaitQueues(sbq: KObject): SbqWaiters[] {
  const states = sbq.get('ws')
  if (states.isNull()) return []
  return Array.from({ length: SBQ_WAIT_QUEUES }, (_, i) => {
    const state = states.at(i)
    // Since v6.1 there is no wait_cnt; before, an atomic_t.
    return { waitCount: state.find('wait_cnt')?.number('counter'), queue: state.get('wait') }
  })
}
