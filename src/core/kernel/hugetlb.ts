// Pools of huge pages. Source: include/linux/hugetlb.h, mm/hugetlb.c.
import type { KObject } from '../program/kobject.ts'
import type { Program } from '../program/program.ts'

export type Hstate = KObject<'hstate'>

/** HUGE_MAX_HSTATE of arm64 and powerpc, which have the most. */
const HSTATES_MAX = 16

/** Walk the pools, one a page size; none without CONFIG_HUGETLB_PAGE. @source include/linux/hugetlb.h for_each_hstate() */
export function* forEachHstate(program: Program): Generator<Hstate> {
  if (!program.hasSymbol('hstates')) return
  const count = program.object('hugetlb_max_hstate').number()
  for (let i = 0; i < Math.min(count, HSTATES_MAX); i++)
    yield program.object('hstates', 'struct hstate [0]').at(i)
}

/** Bytes of a huge page. @source include/linux/hugetlb.h huge_page_size() */
export function hugePageSize(hstate: Hstate): number {
  return hstate.program.memory.pageSize * 2 ** hstate.number('order')
}

/** Base pages in all pools. @source mm/hugetlb.c hugetlb_total_pages() */
export function hugetlbTotalPages(program: Program): number {
  let pages = 0
  for (const hstate of forEachHstate(program))
    pages += hstate.number('nr_huge_pages') * 2 ** hstate.number('order')
  return pages
}
