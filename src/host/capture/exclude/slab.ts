// Slab pages: a flag until 6.9, a page type since.
import type { PageLayout } from '../page_layout.ts'

/** Does the page at word `at` belong to a slab? Slabs reuse `mapping` and `private` for themselves. */
export function isSlab(words: Int32Array, at: number, layout: PageLayout): boolean {
  if (((words[at + layout.flags] as number) & layout.slabFlag) !== 0) return true
  return ((words[at + layout.mapcount] as number) & layout.slab.mask) === layout.slab.value
}
