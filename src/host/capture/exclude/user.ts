// User data: anonymous memory and huge pages of hugetlbfs.
import type { PageLayout } from '../page_layout.ts'
import { isSlab } from './slab.ts'

/** Bit 0 of `page.mapping`, <linux/page-flags.h>: the mapping is an anon_vma (or KSM). */
const PAGE_MAPPING_ANON = 1

/** Is the page at word `at` anonymous? Slabs use the member for something else (since 6.2). */
export function isAnonymous(words: Int32Array, at: number, layout: PageLayout): boolean {
  return (
    ((words[at + layout.mapping] as number) & PAGE_MAPPING_ANON) !== 0 && !isSlab(words, at, layout)
  )
}

/** Is the compound page whose head is at word `at` a hugetlbfs page? Its second page must lie in `words`. */
export function isHugetlb(words: Int32Array, at: number, layout: PageLayout): boolean {
  if (((words[at + layout.mapcount] as number) & layout.hugetlb.mask) === layout.hugetlb.value)
    return true
  const second = at + layout.words
  if (((words[second + layout.flags] as number) & layout.hugetlbFlag) !== 0) return true
  const place = layout.hugetlbDestructor
  if (!place) return false
  return (
    (((words[second + place.word] as number) >>> place.shift) & 0xff) ===
    layout.hugetlbDestructorValue
  )
}
