// Page cache: on an LRU list, or in the swap cache, and not anonymous.
import type { PageLayout } from '../page_layout.ts'

/**
 * Is the page with these flags in a cache? Since 4.10 PG_swapcache shares its bit with PG_owner_priv_1 and means
 * the swap cache only together with PG_swapbacked.
 */
export function isCache(flags: number, layout: PageLayout): boolean {
  if ((flags & layout.lru) !== 0) return true
  if ((flags & layout.swapcache) === 0) return false
  return layout.swapbacked === 0 || (flags & layout.swapbacked) !== 0
}
