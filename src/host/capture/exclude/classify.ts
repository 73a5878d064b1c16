// From what a page is to the class it is left out as. The order of the tests is makedumpfile's
// (__exclude_unnecessary_pages): the first class that the level excludes counts.
import type { PageLayout } from '../page_layout.ts'
import {
  BIT_ANON,
  BIT_FREE,
  BIT_HUGETLB,
  BIT_HWPOISON,
  BIT_LRU,
  BIT_OFFLINE,
  BIT_PRIVATE,
  BIT_RESERVED,
  BIT_SLAB,
  BIT_SWAPBACKED,
  BIT_SWAPCACHE,
} from './page_bits.ts'
import {
  CACHE,
  CACHE_PRIVATE,
  EXCLUDE_CACHE,
  EXCLUDE_CACHE_PRIVATE,
  EXCLUDE_FREE,
  EXCLUDE_HWPOISON,
  EXCLUDE_OFFLINE,
  EXCLUDE_USER,
  FREE,
  HWPOISON,
  KEEP,
  OFFLINE,
  PLAIN,
  SLAB,
  USER,
} from './page_class.ts'

/** Class of a page with these bits; `wanted` holds EXCLUDE_ bits. */
export function classify(bits: number, layout: PageLayout, wanted: number): number {
  const isSlab = (bits & BIT_SLAB) !== 0
  const isAnonymous = (bits & BIT_ANON) !== 0 && !isSlab
  const isPrivate = (bits & BIT_PRIVATE) !== 0
  // What the page allocator was never given is neither cache, nor a process's, nor free.
  const always = EXCLUDE_HWPOISON | EXCLUDE_OFFLINE
  const excluded = bits & BIT_RESERVED ? wanted & always : wanted
  if (bits & BIT_FREE && excluded & EXCLUDE_FREE) return FREE
  if (isCache(bits, layout) && !isAnonymous) {
    if (excluded & EXCLUDE_CACHE_PRIVATE || (excluded & EXCLUDE_CACHE && !isPrivate))
      return isPrivate ? CACHE_PRIVATE : CACHE
  }
  if (excluded & EXCLUDE_USER && (isAnonymous || bits & BIT_HUGETLB)) return USER
  // Reading failed memory may stop the machine; what is offline a hypervisor took back (balloon, virtio-mem).
  if (excluded & EXCLUDE_HWPOISON && bits & BIT_HWPOISON) return HWPOISON
  if (excluded & EXCLUDE_OFFLINE && bits & BIT_OFFLINE && !isSlab) return OFFLINE
  if (isSlab) return SLAB
  return layout.reserved === 0 || bits & BIT_RESERVED ? KEEP : PLAIN
}

/**
 * On an LRU list, or in the swap cache. Since 4.10 PG_swapcache shares its bit with PG_owner_priv_1 and means the swap
 * cache only together with PG_swapbacked.
 */
function isCache(bits: number, layout: PageLayout): boolean {
  if (bits & BIT_LRU) return true
  if ((bits & BIT_SWAPCACHE) === 0) return false
  return layout.swapbacked === 0 || (bits & BIT_SWAPBACKED) !== 0
}
