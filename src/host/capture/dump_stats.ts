// What became of the pages of a dump, counted as makedumpfile's --show-stats counts.
import { monotonicMs } from '../platform/clock.ts'
import type { KdumpError } from '../../core/base/errors.ts'
import type { DumpOutput } from '../platform/dump_output.ts'
import type { DumpPages } from './dump_pages.ts'
import type { DumpPlan } from './dump_plan.ts'
import { CACHE, CACHE_PRIVATE, FREE, HWPOISON, OFFLINE, USER } from './exclude/page_class.ts'
import type { DumpWriter, PageCounts } from './writers/dump_writer.ts'

/** What became of all pages; frames, bytes and milliseconds. Names follow makedumpfile --show-stats. */
export interface DumpStats {
  readonly totalPages: number
  readonly originalPages: number
  readonly zeroPages: number
  readonly cachePages: number
  readonly cachePrivatePages: number
  readonly userPages: number
  readonly freePages: number
  readonly hwpoisonPages: number
  readonly offlinePages: number
  /** Pages whose data is in the file, those of zeros left out. */
  readonly remainingPages: number
  /** Of those, pages that share the data of their predecessor. */
  readonly repeatedPages: number
  /** Pages that should be in the dump and are not: unreadable, or no room was left. */
  readonly lostPages: number
  /** Pages of the page array that could not be read: what they describe was kept. */
  readonly unreadableMapPages: number
  readonly writtenBytes: number
  readonly fileSize: number
  readonly isComplete: boolean
  /** Why the target took no more, or why the order is not the one asked for. */
  readonly problems: readonly KdumpError[]
  /** All that precedes the first page; of that, reading the page array. */
  readonly planMs: number
  readonly filterMs: number
  readonly copyMs: number
}

/** What a dump is counted from. */
export interface Outcome {
  readonly plan: DumpPlan
  readonly pages: DumpPages
  readonly outputs: readonly DumpOutput[]
  readonly writers: readonly DumpWriter[]
  /** Frames that were to be written. */
  readonly pageCount: number
  /** Frames of zeros that were left out before. */
  readonly zeroPages: number
  readonly counts: PageCounts
  readonly startMs: number
  /** Time spent before the first page was copied. */
  readonly planMs: number
  readonly isComplete: boolean
}

/** Count. */
export function makeStats(outcome: Outcome): DumpStats {
  const { plan, pages, outputs, writers, pageCount, counts, startMs, planMs } = outcome
  const { filter } = plan
  const count = (pageClass: number): number => filter.counts[pageClass] ?? 0
  const sum = (value: (writer: DumpWriter) => number): number =>
    writers.reduce((total, writer) => total + value(writer), 0)
  const lost = sum((writer) => writer.lostPages)
  return {
    totalPages: pages.pfnEnd,
    originalPages: pages.existing.reduce((total, run) => total + run.end - run.start, 0),
    zeroPages: outcome.zeroPages + counts.zero,
    cachePages: count(CACHE),
    cachePrivatePages: count(CACHE_PRIVATE),
    userPages: count(USER),
    freePages: count(FREE),
    hwpoisonPages: count(HWPOISON),
    offlinePages: count(OFFLINE),
    remainingPages: pageCount - counts.zero,
    repeatedPages: counts.repeated,
    lostPages: pageCount - counts.zero - counts.copied - counts.repeated + lost,
    unreadableMapPages: filter.unreadable,
    writtenBytes: sum((writer) => writer.writtenBytes),
    fileSize: sum((writer) => writer.fileSize),
    isComplete: outcome.isComplete,
    problems: [...plan.problems, ...outputs.flatMap(({ problem }) => problem ?? [])],
    planMs,
    filterMs: plan.filterMs,
    copyMs: monotonicMs() - startMs - planMs,
  }
}
