// What a page can be, and how the excludable classes are counted. Source: makedumpfile's --show-stats.
/** Dump level bits. Source: makedumpfile(8) -d. */
export const EXCLUDE_ZERO = 1
export const EXCLUDE_CACHE = 2
export const EXCLUDE_CACHE_PRIVATE = 4
export const EXCLUDE_USER = 8
export const EXCLUDE_FREE = 16
/** No bits of the dump level: broken pages are excluded at any, unless what tells them is not to be trusted. */
export const EXCLUDE_HWPOISON = 32
export const EXCLUDE_OFFLINE = 64
/** All classes that `struct page` tells. */
export const EXCLUDE_BY_PAGE =
  EXCLUDE_CACHE |
  EXCLUDE_CACHE_PRIVATE |
  EXCLUDE_USER |
  EXCLUDE_FREE |
  EXCLUDE_HWPOISON |
  EXCLUDE_OFFLINE

/** What a page is found to be; the first match counts. */
export const KEEP = 0
export const CACHE = 1
export const CACHE_PRIVATE = 2
export const USER = 3
export const FREE = 4
export const HWPOISON = 5
export const OFFLINE = 6
/** Kept at every level, but told apart for the order of pages: slabs, and what is no boot-time reservation. */
export const SLAB = 7
export const PLAIN = 8
export const CLASS_COUNT = 9
