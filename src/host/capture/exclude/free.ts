// Free pages: the buddy allocator marks the first page of a block and keeps its order in `private`; pages that a
// confidential guest has not accepted yet (since 6.16) come in blocks of the largest order.
import type { PageLayout } from '../page_layout.ts'

/**
 * Order of the free block that begins with the page at word `at`, -1 if none does. The page is no slab's: those of old
 * kernels can carry any count where the mark would be.
 */
export function freeOrder(words: Int32Array, at: number, layout: PageLayout): number {
  const mapcount = words[at + layout.mapcount] as number
  if ((mapcount & layout.buddy.mask) === layout.buddy.value) {
    const order = words[at + layout.private] as number
    // An order beyond the allocator's largest is garbage: such a page is kept.
    return order >= 0 && order < layout.orderEnd ? order : -1
  }
  if ((mapcount & layout.unaccepted.mask) === layout.unaccepted.value) return layout.orderEnd - 1
  return -1
}
