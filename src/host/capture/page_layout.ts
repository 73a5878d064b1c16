// Where `struct page` keeps what decides a page's class: from the kernel's own types, checked against VMCOREINFO, or
// from VMCOREINFO alone. Members moved with nearly every release: each is looked for under its newest name first, and
// the kernel's version is never asked. Source: kernel/vmcore_info.c, include/linux/page-flags.h.
import { NotFoundError, UnsupportedError } from '../../core/base/errors.ts'
import type { TypeFacts } from '../../core/debuginfo/type_facts.ts'
import type { VmcoreInfo } from '../../core/debuginfo/vmcoreinfo.ts'
import { CheckedFacts, type Dispute } from './checked_facts.ts'
import {
  EXCLUDE_BY_PAGE,
  EXCLUDE_CACHE,
  EXCLUDE_CACHE_PRIVATE,
  EXCLUDE_FREE,
  EXCLUDE_HWPOISON,
  EXCLUDE_OFFLINE,
  EXCLUDE_USER,
} from './exclude/page_class.ts'

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
  /** PG_reserved, which only the types tell: without them see reserved_flag.ts. 0 while unknown. */
  readonly reserved: number
  readonly head: number
  readonly slabFlag: number
  readonly slab: PageType
  readonly buddy: PageType
  readonly offline: PageType
  readonly unaccepted: PageType
  readonly hugetlb: PageType
  /** Since 6.15; the kernel counts them with the slabs. */
  readonly largeKmalloc: PageType
  /** A flag of the second page (6.6 to 6.8), or a destructor number there (before). */
  readonly hugetlbFlag: number
  readonly hugetlbDestructor: OrderPlace | undefined
  readonly hugetlbDestructorValue: number
  readonly order: OrderPlace | undefined
  /** `MAX_ORDER`: free blocks have a smaller order. */
  readonly orderEnd: number
  /** What the sources differ on. */
  readonly disputes: readonly Dispute[]
}

/** A value of `_mapcount` under a mask. */
export interface PageType {
  readonly mask: number
  readonly value: number
}

const NO_TYPE: PageType = { mask: 0, value: 1 }
/** The sources' word for it makes no sense: no page has it either. */
const BROKEN_TYPE: PageType = { mask: 0, value: 1 }
const ORDER_END_DEFAULT = 11
/** Blocks of 16 TiB; what claims larger ones is damaged. */
const ORDER_END_MAX = 32

const ANY_CACHE = EXCLUDE_CACHE | EXCLUDE_CACHE_PRIVATE
/** Classes whose compound pages are excluded whole. */
const COMPOUND = ANY_CACHE | EXCLUDE_USER
/** Slabs reuse the members that tell these. */
const NO_SLAB = EXCLUDE_USER | EXCLUDE_FREE | EXCLUDE_OFFLINE

/**
 * Read the layout of `struct page`.
 *
 * @param types of the crashed kernel; without them VMCOREINFO is trusted
 * @throws {NotFoundError} if neither source knows what every kernel since 2.6.24 says
 * @throws {UnsupportedError} for layouts without free pages marked in `_mapcount` (before 2.6.38)
 */
export function readPageLayout(info: VmcoreInfo, types?: TypeFacts): PageLayout {
  const facts = new CheckedFacts(info, types)
  const size = getKnown(facts.size('page', EXCLUDE_BY_PAGE), 'SIZE(page)')
  if (size % 4 !== 0 || size < 32 || size > 512)
    throw new UnsupportedError(`struct page of ${size} bytes`)
  const word = (names: readonly string[], classes: number): number | undefined => {
    const offset = facts.offset(names, classes)
    if (offset === undefined) return undefined
    if (offset % 4 !== 0 || offset >= size)
      throw new UnsupportedError(`${names.join(' or ')} at offset ${offset} of ${size} bytes`)
    return offset / 4
  }
  // Where the page array is: mem_map.ts takes these from the types, too.
  facts.size('mem_section', EXCLUDE_BY_PAGE)
  facts.offset(['mem_section.section_mem_map'], EXCLUDE_BY_PAGE)
  const getWord = (name: string, classes: number): number =>
    getKnown(word([name], classes), `OFFSET(${name})`)
  const places = {
    flags: getWord('page.flags', EXCLUDE_BY_PAGE),
    mapping: getWord('page.mapping', COMPOUND),
    mapcount: getWord('page._mapcount', EXCLUDE_BY_PAGE),
    private: getWord('page.private', EXCLUDE_FREE),
    compoundHead: word(['page.compound_info', 'page.compound_head'], EXCLUDE_BY_PAGE) ?? -1,
  }
  return {
    size,
    words: size / 4,
    ...places,
    ...readFlags(facts),
    ...readPageTypes(facts),
    ...readDestructor(facts, size),
    order: orderPlace(facts, places.flags * 4, size),
    orderEnd: Math.min(
      facts.length('zone.free_area', EXCLUDE_FREE) ?? ORDER_END_DEFAULT,
      ORDER_END_MAX,
    ),
    disputes: facts.disputes,
  }
}

function getKnown(value: number | undefined, fact: string): number {
  if (value === undefined) throw new NotFoundError('vmcoreinfo', fact)
  return value
}

function readFlags(
  facts: CheckedFacts,
): Pick<
  PageLayout,
  | 'lru'
  | 'privateFlag'
  | 'swapcache'
  | 'swapbacked'
  | 'hwpoison'
  | 'reserved'
  | 'head'
  | 'slabFlag'
  | 'hugetlbFlag'
> {
  const mask = (name: string, classes: number): number => {
    const bit = facts.flag(name, classes)
    return bit === undefined ? 0 : flagMask(name, bit)
  }
  const headBit = facts.types?.value('pageflags', 'PG_head')
  const headMask = headBit === undefined ? undefined : flagMask('PG_head', headBit)
  const headByInfo = facts.info.number('PG_head_mask')
  return {
    lru: mask('PG_lru', ANY_CACHE),
    privateFlag: mask('PG_private', EXCLUDE_CACHE),
    swapcache: mask('PG_swapcache', ANY_CACHE),
    swapbacked: mask('PG_swapbacked', ANY_CACHE),
    hwpoison: mask('PG_hwpoison', EXCLUDE_HWPOISON),
    reserved: mask('PG_reserved', 0),
    head: facts.decide('NUMBER(PG_head_mask)', headMask, headByInfo, COMPOUND) ?? 0,
    slabFlag: mask('PG_slab', NO_SLAB),
    hugetlbFlag: mask('PG_hugetlb', EXCLUDE_USER),
  }
}

function flagMask(name: string, bit: number): number {
  if (!(bit >= 0 && bit < 31)) throw new UnsupportedError(`page flag ${name} at bit ${bit}`)
  return 1 << bit
}

const PAGE_TYPES = {
  slab: NO_SLAB,
  buddy: EXCLUDE_FREE,
  offline: EXCLUDE_OFFLINE,
  unaccepted: EXCLUDE_FREE,
  hugetlb: EXCLUDE_USER,
} as const

function readPageTypes(
  facts: CheckedFacts,
): Record<keyof typeof PAGE_TYPES | 'largeKmalloc', PageType> {
  const read = (name: keyof typeof PAGE_TYPES): PageType => pageType(facts, name, PAGE_TYPES[name])
  const types = {
    slab: read('slab'),
    buddy: read('buddy'),
    offline: read('offline'),
    unaccepted: read('unaccepted'),
    hugetlb: read('hugetlb'),
  }
  if (types.buddy === NO_TYPE)
    throw new UnsupportedError('kernels before 2.6.38 (no PAGE_BUDDY_MAPCOUNT_VALUE in VMCOREINFO)')
  const known = Object.values(types).filter(({ mask }) => mask !== 0)
  if (new Set(known.map(({ value }) => value)).size < known.length)
    facts.dispute('two page types have one value', EXCLUDE_BY_PAGE & ~ANY_CACHE)
  return { ...types, largeKmalloc: pageType(facts, 'large_kmalloc', 0) }
}

/** Where a hugetlbfs page's destructor was until 6.5: a byte of the second page. */
function readDestructor(
  facts: CheckedFacts,
  size: number,
): Pick<PageLayout, 'hugetlbDestructor' | 'hugetlbDestructorValue'> {
  const { info, types } = facts
  const byTypes =
    types?.offset('page.compound_dtor') ?? secondPage(types?.offset('folio._folio_dtor'), size)
  const byInfo =
    info.offset('page.compound_dtor') ?? secondPage(info.offset('folio._folio_dtor'), size)
  const offset = facts.decide('OFFSET(page.compound_dtor)', byTypes, byInfo, EXCLUDE_USER)
  const value = facts.decide(
    'NUMBER(HUGETLB_PAGE_DTOR)',
    types?.value('compound_dtor_id', 'HUGETLB_PAGE_DTOR'),
    info.number('HUGETLB_PAGE_DTOR'),
    EXCLUDE_USER,
  )
  return {
    hugetlbDestructor: bytePlace(offset, size),
    hugetlbDestructorValue: value ?? -1,
  }
}

/**
 * Since 6.6, commit ebc1baf5c9b4 ("mm: free up a word in the first tail page"), the order is the low byte of the
 * second page's flags, which the types call folio._flags_1 and VMCOREINFO does not name. 6.3 to 6.5 have
 * folio._folio_order, older ones page.compound_order (a u16 before 4.16: its low byte is enough).
 */
function orderPlace(facts: CheckedFacts, flags: number, size: number): OrderPlace | undefined {
  const { info, types } = facts
  const byTypes =
    types?.offset('page.compound_order') ??
    secondPage(types?.offset('folio._folio_order') ?? types?.offset('folio._flags_1'), size)
  const since6_6 = info.number('PG_hugetlb') ?? info.number('PAGE_HUGETLB_MAPCOUNT_VALUE')
  const byInfo =
    info.offset('page.compound_order') ??
    secondPage(info.offset('folio._folio_order'), size) ??
    (since6_6 === undefined ? undefined : flags)
  return bytePlace(facts.decide('offset of a compound order', byTypes, byInfo, COMPOUND), size)
}

const secondPage = (offset: number | undefined, size: number): number | undefined =>
  offset === undefined ? undefined : offset - size

/** A byte at `offset` of a page, if it lies in it. */
function bytePlace(offset: number | undefined, size: number): OrderPlace | undefined {
  if (offset === undefined || !(offset >= 0 && offset < size)) return undefined
  return { word: Math.floor(offset / 4), shift: (offset % 4) * 8 }
}

/**
 * Since 6.12, commit 4ffca5a96678 ("mm: support only one page_type per page"), the type is the top byte and the
 * rest belongs to it; the kernel itself compares the top byte only. Before, the whole word is the type, one bit of
 * it clear; an enum names that bit in 6.11 only.
 */
function pageType(facts: CheckedFacts, name: string, classes: number): PageType {
  const topByte = facts.types?.value('pagetype', `PGTY_${name}`)
  const clearBit = facts.types?.value('pagetype', `PG_${name}`)
  const byTypes =
    topByte === undefined ? (clearBit === undefined ? undefined : ~clearBit) : topByte << 24
  const key = `PAGE_${name.toUpperCase()}_MAPCOUNT_VALUE`
  const byInfo = facts.info.number(key)
  const value = facts.decide(
    `NUMBER(${key})`,
    byTypes,
    byInfo === undefined ? undefined : byInfo | 0,
    classes,
  )
  if (value === undefined) return NO_TYPE
  // Counts of mappings begin at -1.
  if (value >= -1) {
    facts.dispute(`NUMBER(${key}): ${value} is no page type`, classes)
    return BROKEN_TYPE
  }
  const isTopByte = (value & 0xff_ffff) === 0 && value >>> 28 === 0xf
  return { mask: isTopByte ? 0xff00_0000 | 0 : -1, value }
}
