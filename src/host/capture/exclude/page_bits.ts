// What decides a page's class, one bit each: read out of `struct page` once, then classes and sums are by these alone.
import type { PageLayout } from '../page_layout.ts'

/** Bits of page flags, named as those; BIT_SLAB is a page type since 6.10. */
export const BIT_LRU = 1
export const BIT_PRIVATE = 2
export const BIT_SWAPCACHE = 4
export const BIT_SWAPBACKED = 8
export const BIT_HWPOISON = 16
export const BIT_SLAB = 32
/** PG_reserved: never given to the page allocator. */
export const BIT_RESERVED = 64
/** Bit 0 of `page.mapping`: an anon_vma, or KSM; of slabs it means nothing. */
export const BIT_ANON = 128
/** What follows is of compound heads and of pages with a type only. */
export const BIT_OFFLINE = 256
export const BIT_HUGETLB = 512
export const BIT_LARGE_KMALLOC = 1024
/** The first page of a free block; the rest of the block goes with it. */
export const BIT_FREE = 2048
/** One past the largest set of bits. */
export const BITS_END = 4096

/** The bits that flags and `mapping` tell, but for flags that the kernel lacks. */
export function flagBits(layout: PageLayout): number {
  const flags = [
    [layout.lru, BIT_LRU],
    [layout.privateFlag, BIT_PRIVATE],
    [layout.swapcache, BIT_SWAPCACHE],
    [layout.swapbacked, BIT_SWAPBACKED],
    [layout.hwpoison, BIT_HWPOISON],
    [layout.slabFlag, BIT_SLAB],
    [layout.reserved, BIT_RESERVED],
  ] as const
  return flags.reduce((bits, [mask, bit]) => (mask === 0 ? bits : bits | bit), BIT_ANON)
}

/**
 * Bits of the type of the page at word `at`, 0 if it has none.
 *
 * @param isHead its second page lies in `words`, too
 */
export function typeBits(
  words: Int32Array,
  at: number,
  layout: PageLayout,
  isHead: boolean,
): number {
  const mapcount = words[at + layout.mapcount] as number
  let bits = 0
  if ((mapcount & layout.slab.mask) === layout.slab.value) bits |= BIT_SLAB
  if ((mapcount & layout.offline.mask) === layout.offline.value) bits |= BIT_OFFLINE
  if ((mapcount & layout.largeKmalloc.mask) === layout.largeKmalloc.value) bits |= BIT_LARGE_KMALLOC
  if (isHead && isHugetlb(words, at, layout)) bits |= BIT_HUGETLB
  return bits
}

/** A page type since 6.9, a flag of the second page (6.6 to 6.8), a destructor's number there (before). */
function isHugetlb(words: Int32Array, at: number, layout: PageLayout): boolean {
  if (((words[at + layout.mapcount] as number) & layout.hugetlb.mask) === layout.hugetlb.value)
    return true
  const second = at + layout.words
  if (((words[second + layout.flags] as number) & layout.hugetlbFlag) !== 0) return true
  const place = layout.hugetlbDestructor
  if (!place) return false
  const destructor = ((words[second + place.word] as number) >>> place.shift) & 0xff
  return destructor === layout.hugetlbDestructorValue
}
