// How many frames there are of each kind, whatever the dump level: what the kernel counts, too (class_checks.ts).
import {
  BIT_ANON,
  BIT_FREE,
  BIT_HUGETLB,
  BIT_HWPOISON,
  BIT_LARGE_KMALLOC,
  BIT_LRU,
  BIT_OFFLINE,
  BIT_RESERVED,
  BIT_SLAB,
  BIT_SWAPBACKED,
} from './exclude/page_bits.ts'

/** Frames of one kind each; kinds overlap. */
export interface PageSums {
  readonly free: number
  readonly slab: number
  readonly largeKmalloc: number
  /** On LRU lists, those of files. */
  readonly lruFile: number
  /** On LRU lists, those that would be swapped: anonymous memory and shmem. */
  readonly lruAnon: number
  /** Anonymous, hugetlbfs left out. */
  readonly anon: number
  readonly hugetlb: number
  readonly hwpoison: number
  readonly offline: number
  readonly reserved: number
}

/**
 * Sum up.
 *
 * @param tally frames by set of page bits
 * @param keptFree frames of free blocks that are in `tally` as if they were none
 */
export function pageSums(tally: Float64Array, keptFree: number): PageSums {
  // Of all sets a dozen occur.
  const found: { bits: number; frames: number }[] = []
  for (let bits = 0; bits < tally.length; bits++) {
    const frames = tally[bits] as number
    if (frames > 0) found.push({ bits, frames })
  }
  const sum = (test: (bits: number) => boolean | number): number =>
    found.reduce((total, { bits, frames }) => (test(bits) ? total + frames : total), 0)
  return {
    free: sum((bits) => bits & BIT_FREE) + keptFree,
    slab: sum((bits) => bits & BIT_SLAB),
    largeKmalloc: sum((bits) => bits & BIT_LARGE_KMALLOC),
    lruFile: sum((bits) => bits & BIT_LRU && !(bits & BIT_SWAPBACKED)),
    lruAnon: sum((bits) => bits & BIT_LRU && bits & BIT_SWAPBACKED),
    anon: sum((bits) => bits & BIT_ANON && !(bits & (BIT_SLAB | BIT_HUGETLB))),
    hugetlb: sum((bits) => bits & BIT_HUGETLB),
    hwpoison: sum((bits) => bits & BIT_HWPOISON),
    offline: sum((bits) => bits & BIT_OFFLINE && !(bits & BIT_SLAB)),
    reserved: sum((bits) => bits & BIT_RESERVED),
  }
}
