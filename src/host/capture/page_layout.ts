// Where `struct page` keeps what decides a page's class, from VMCOREINFO. Members moved with nearly every release:
// each is looked for under its newest name first, and the kernel's version is never asked.
// Source: kernel/vmcore_info.c, include/linux/page-flags.h.
import { UnsupportedError } from '../../core/base/errors.ts'
import type { VmcoreInfo } from '../../core/debuginfo/vmcoreinfo.ts'

/** Where a compound page's order is: in the word of its second page at `word`, shifted, one byte. */
export interface OrderPlace {
  readonly word: number
  readonly shift: number
}

/**
 * Indices count 32-bit words from the start of a page; of a 64-bit member the lower half. A mask of 0 never matches
 * a flag; a page type that the kernel lacks has `mask` 0 and `value` 1, which no page has.
 */
export interface PageLayout {
  /** `sizeof(struct page)` in bytes, and in words. */
  readonly size: number
  readonly words: number
  readonly flags: number
  readonly mapping: number
  readonly mapcount: number
  readonly private: number
  /** compound_head, since 7.1 compound_info; bit 0 marks a tail page. -1 before 4.5. */
  readonly compoundHead: number
  readonly lru: number
  readonly privateFlag: number
  readonly swapcache: number
  /** 0 where the flag does not exist: swapcache then needs no company. */
  readonly swapbacked: number
  readonly hwpoison: number
  /** PG_reserved, which VMCOREINFO does not tell: see reserved_flag.ts. 0 while unknown. */
  readonly reserved: number
  readonly head: number
  readonly slabFlag: number
  readonly slab: PageType
  readonly buddy: PageType
  readonly offline: PageType
  readonly unaccepted: PageType
  readonly hugetlb: PageType
  /** A flag of the second page (6.6 to 6.8), or a destructor number there (before). */
  readonly hugetlbFlag: number
  readonly hugetlbDestructor: OrderPlace | undefined
  readonly hugetlbDestructorValue: number
  readonly order: OrderPlace | undefined
  /** `MAX_ORDER`: free blocks have a smaller order. */
  readonly orderEnd: number
}

/** A value of `_mapcount` under a mask. */
export interface PageType {
  readonly mask: number
  readonly value: number
}

const NO_TYPE: PageType = { mask: 0, value: 1 }
const ORDER_END_DEFAULT = 11

/**
 * Read the layout of `struct page`.
 *
 * @throws {NotFoundError} if VMCOREINFO lacks what every kernel since 2.6.24 says
 * @throws {UnsupportedError} for layouts without free pages marked in `_mapcount` (before 2.6.38)
 */
export function readPageLayout(info: VmcoreInfo): PageLayout {
  const size = info.getSize('page')
  if (size % 4 !== 0 || size < 32 || size > 512)
    throw new UnsupportedError(`struct page of ${size} bytes`)
  if (info.number('PAGE_BUDDY_MAPCOUNT_VALUE') === undefined) {
    throw new UnsupportedError('kernels before 2.6.38 (no PAGE_BUDDY_MAPCOUNT_VALUE in VMCOREINFO)')
  }
  const compoundHead = info.offset('page.compound_info') ?? info.offset('page.compound_head')
  const flags = info.getOffset('page.flags')
  const hugetlbFlag = info.number('PG_hugetlb')
  const destructor =
    info.offset('page.compound_dtor') ?? secondPage(info.offset('folio._folio_dtor'), size)
  return {
    size,
    words: size / 4,
    flags: flags / 4,
    mapping: info.getOffset('page.mapping') / 4,
    mapcount: info.getOffset('page._mapcount') / 4,
    private: info.getOffset('page.private') / 4,
    compoundHead: compoundHead === undefined ? -1 : compoundHead / 4,
    lru: flagMask(info, 'PG_lru'),
    privateFlag: flagMask(info, 'PG_private'),
    swapcache: flagMask(info, 'PG_swapcache'),
    swapbacked: flagMask(info, 'PG_swapbacked'),
    hwpoison: flagMask(info, 'PG_hwpoison'),
    reserved: 0,
    head: info.number('PG_head_mask') ?? 0,
    slabFlag: flagMask(info, 'PG_slab'),
    slab: pageType(info, 'PAGE_SLAB_MAPCOUNT_VALUE'),
    buddy: pageType(info, 'PAGE_BUDDY_MAPCOUNT_VALUE'),
    offline: pageType(info, 'PAGE_OFFLINE_MAPCOUNT_VALUE'),
    unaccepted: pageType(info, 'PAGE_UNACCEPTED_MAPCOUNT_VALUE'),
    hugetlb: pageType(info, 'PAGE_HUGETLB_MAPCOUNT_VALUE'),
    hugetlbFlag: hugetlbFlag === undefined ? 0 : 2 ** hugetlbFlag,
    hugetlbDestructor: destructor === undefined ? undefined : bytePlace(destructor),
    hugetlbDestructorValue: info.number('HUGETLB_PAGE_DTOR') ?? -1,
    order: orderPlace(info, flags, size),
    orderEnd: info.length('zone.free_area') ?? ORDER_END_DEFAULT,
  }
}

/**
 * Since 6.6, commit ebc1baf5c9b4 ("mm: free up a word in the first tail page"), the order is the low byte of the
 * second page's flags, and VMCOREINFO names no member. 6.3 to 6.5 have folio._folio_order, older ones
 * page.compound_order (a u16 before 4.16: its low byte is enough).
 */
function orderPlace(info: VmcoreInfo, flags: number, size: number): OrderPlace | undefined {
  const offset =
    info.offset('page.compound_order') ?? secondPage(info.offset('folio._folio_order'), size)
  if (offset !== undefined) return bytePlace(offset)
  const since6_6 = info.number('PG_hugetlb') ?? info.number('PAGE_HUGETLB_MAPCOUNT_VALUE')
  return since6_6 === undefined ? undefined : bytePlace(flags)
}

const secondPage = (offset: number | undefined, size: number): number | undefined =>
  offset === undefined ? undefined : offset - size

const bytePlace = (offset: number): OrderPlace => ({
  word: Math.floor(offset / 4),
  shift: (offset % 4) * 8,
})

function flagMask(info: VmcoreInfo, name: string): number {
  const bit = info.number(name)
  if (bit === undefined) return 0
  if (!(bit >= 0 && bit < 31)) throw new UnsupportedError(`page flag ${name} at bit ${bit}`)
  return 1 << bit
}

/**
 * Since 6.12, commit 4ffca5a96678 ("mm: support only one page_type per page"), the type is the top byte and the
 * rest belongs to it; the kernel itself compares the top byte only. Before, the whole word is the type.
 */
function pageType(info: VmcoreInfo, name: string): PageType {
  const value = info.number(name)
  if (value === undefined) return NO_TYPE
  const isTopByte = (value & 0xff_ffff) === 0 && value >>> 28 === 0xf
  return { mask: isTopByte ? 0xff00_0000 | 0 : -1, value: value | 0 }
}
