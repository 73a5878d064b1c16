// Verify before trusting: what the page array shows against what the crashed kernel counted. A layout that is wrong
// finds too many pages of a class, or too few; that class then stays in the dump.
import { MismatchError } from '../../core/base/errors.ts'
import {
  EXCLUDE_CACHE,
  EXCLUDE_CACHE_PRIVATE,
  EXCLUDE_FREE,
  EXCLUDE_HWPOISON,
  EXCLUDE_OFFLINE,
  EXCLUDE_USER,
} from './exclude/page_class.ts'
import type { KernelCounters } from './kernel_counters.ts'
import type { FilterResult } from './page_filter.ts'
import type { PageLayout } from './page_layout.ts'

/** One class against its counter. */
export interface ClassCheck {
  readonly name: string
  /** Pages found in the page array. */
  readonly pages: number
  /** What the kernel's counters allow, tolerance left out. */
  readonly low: number
  readonly high: number
  readonly passed: boolean
  /** EXCLUDE_ bits of what must not be left out if it failed. */
  readonly classes: number
}

/** What a check compares. */
interface Expectation {
  readonly name: string
  readonly pages: number
  /** undefined: the kernel does not count it. */
  readonly low: number | undefined
  readonly high?: number | undefined
  readonly classes: number
  /** Further pages that may be too many. */
  readonly slack?: number
  readonly isExact?: boolean
}

const TOLERANCE = 0.01
const ANY_CACHE = EXCLUDE_CACHE | EXCLUDE_CACHE_PRIVATE

/**
 * Compare the sums of a filter run with the kernel's counters, whatever was left out.
 *
 * @param pageSize bytes of a page of the page array
 * @returns one entry per class that the kernel counts
 */
export function verifyClasses(
  { sums, frames, unreadable }: Pick<FilterResult, 'sums' | 'frames' | 'unreadable'>,
  counters: KernelCounters,
  layout: PageLayout,
  pageSize: number,
): ClassCheck[] {
  // Memory that the dump does not speak of may be of any class: hot-plugged after the crash kernel was loaded, say.
  const unseen = Math.max(0, counters.managed - (frames - sums.reserved))
  const missing = unseen + (unreadable * pageSize) / layout.size
  const expectations = [
    freePages(sums, counters, layout),
    slabs(sums, counters, layout),
    ...lruLists(sums, counters),
    anonymous(sums, counters),
    {
      name: 'hugetlb',
      pages: sums.hugetlb,
      low: counters.hugetlb,
      classes: EXCLUDE_USER,
    },
    hwpoison(sums, counters),
  ]
  return expectations.flatMap((expectation) => check(expectation, counters.slack, missing))
}

/** EXCLUDE_ bits of all that must not be left out. */
export function failedClasses(checks: readonly ClassCheck[]): number {
  return checks.reduce((bits, { passed, classes }) => (passed ? bits : bits | classes), 0)
}

/** What failed, for the user. */
export function checkProblems(checks: readonly ClassCheck[]): MismatchError[] {
  return checks
    .filter(({ passed }) => !passed)
    .map(({ name, pages, low, high }) => {
      const counted = low === high ? `${high}` : `${low} to ${high}`
      return new MismatchError(`${name}: pages ${pages} against the kernel's ${counted}`)
    })
}

type Sums = FilterResult['sums']

function freePages(sums: Sums, counters: KernelCounters, layout: PageLayout): Expectation {
  const all = counters.zone('NR_FREE_PAGES')
  // Since 6.16 pages that a guest has not accepted are marked; they have always been counted as free.
  const unmarked = layout.unaccepted.mask === 0 ? (counters.zone('NR_UNACCEPTED') ?? 0) : 0
  return {
    name: 'free',
    pages: sums.free,
    low: all === undefined ? undefined : all - unmarked,
    classes: EXCLUDE_FREE,
    slack: counters.isolatedBlocks * 2 ** (layout.orderEnd - 1),
  }
}

function slabs(sums: Sums, counters: KernelCounters, layout: PageLayout): Expectation {
  const high = sumOf([
    // Since v5.9, commit d42f3245c7e2 ("mm: memcg: convert vmstat slab counters to bytes"); global ones are in pages.
    counters.node('NR_SLAB_RECLAIMABLE_B') ?? counters.node('NR_SLAB_RECLAIMABLE'),
    counters.node('NR_SLAB_UNRECLAIMABLE_B') ?? counters.node('NR_SLAB_UNRECLAIMABLE'),
  ])
  // kmalloc's large blocks are counted with the slabs, but marked since 6.15 only.
  const isExact = layout.largeKmalloc.mask !== 0
  return {
    name: 'slab',
    pages: sums.slab + sums.largeKmalloc,
    low: isExact || high === undefined ? high : Math.floor(high / 2),
    high,
    // What tells a slab from these; it is kept itself.
    classes: EXCLUDE_USER | EXCLUDE_FREE | EXCLUDE_OFFLINE,
  }
}

function lruLists(sums: Sums, { node }: KernelCounters): Expectation[] {
  const file = sumOf([node('NR_ACTIVE_FILE'), node('NR_INACTIVE_FILE')])
  const anon = sumOf([node('NR_ACTIVE_ANON'), node('NR_INACTIVE_ANON')])
  const unevictable = node('NR_UNEVICTABLE')
  return [
    {
      name: 'lru',
      pages: sums.lruFile + sums.lruAnon,
      low: sumOf([file, anon, unevictable]),
      classes: ANY_CACHE,
    },
    {
      name: 'lru of files',
      pages: sums.lruFile,
      low: file,
      high: sumOf([file, unevictable]),
      classes: ANY_CACHE,
    },
  ]
}

/** Mapped ones at least; those on lists, in the swap cache or locked at most. */
function anonymous(sums: Sums, { node }: KernelCounters): Expectation {
  const low = node('NR_ANON_MAPPED')
  const onLists = sumOf([
    node('NR_ACTIVE_ANON'),
    node('NR_INACTIVE_ANON'),
    node('NR_UNEVICTABLE'),
    node('NR_ISOLATED_ANON'),
  ])
  return {
    name: 'anonymous',
    pages: sums.anon,
    low,
    high: Math.max(low ?? 0, onLists ?? 0),
    // What is anonymous is no cache: too few, and user data is taken for one.
    classes: EXCLUDE_USER | ANY_CACHE,
  }
}

/** One failed page of a huge one marks them all, so that there is no upper bound; but without failures no page has the mark. */
function hwpoison(sums: Sums, { poisoned }: KernelCounters): Expectation {
  return {
    name: 'hwpoison',
    pages: sums.hwpoison,
    low: poisoned === undefined ? undefined : 0,
    high: poisoned === 0 ? 0 : Infinity,
    classes: EXCLUDE_HWPOISON,
    isExact: true,
  }
}

function check(
  { name, pages, low, high = low, classes, slack = 0, isExact = false }: Expectation,
  counterSlack: number,
  missing: number,
): ClassCheck[] {
  if (low === undefined || high === undefined) return []
  const tolerance = (count: number): number =>
    isExact ? 0 : Math.max(count * TOLERANCE, counterSlack)
  const passed = pages >= low - tolerance(low) - missing && pages <= high + tolerance(high) + slack
  return [{ name, pages, low, high, passed, classes }]
}

/** undefined if one is. */
function sumOf(counts: readonly (number | undefined)[]): number | undefined {
  return counts.reduce(
    (sum, count) => (sum === undefined || count === undefined ? undefined : sum + count),
    0,
  )
}
