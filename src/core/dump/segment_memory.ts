// Physical memory as runs of bytes in a file: ELF vmcores, and every format that stores memory as it was.
import { FaultError, FormatError, HostError } from '../base/errors.ts'
import type { Source } from '../io/source.ts'
import type { PageStorage } from './dump_description.ts'
import type { PageState, PfnRun } from './dump_format.ts'
import { surveySegments } from './segment_survey.ts'

/** What read(2) says of memory that is not there. */
const HOLE_ERRORS = ['EFAULT', 'EIO', 'ENXIO']

/** One run of physical memory: `[start, fileEnd)` has bytes in the file, `[fileEnd, memEnd)` was filtered out. */
export interface Segment {
  readonly start: number
  readonly fileEnd: number
  readonly memEnd: number
  /** File offset of `start`. */
  readonly offset: number
}

/**
 * Sort segments and resolve overlaps: /proc/vmcore maps kernel text twice (once more inside its RAM segment). Of two
 * that hold a byte the first is taken; one that holds it goes before one that leaves it out.
 */
export function disjointSegments(runs: readonly Segment[]): Segment[] {
  const result: Segment[] = []
  const sorted = [...runs].sort((a, b) => a.start - b.start || b.memEnd - a.memEnd)
  for (const load of sorted) {
    const last = result.at(-1)
    const start = Math.max(load.start, last?.fileEnd ?? 0)
    if (start >= load.fileEnd) {
      addHole(result, load)
      continue
    }
    const memEnd = Math.max(load.memEnd, last?.memEnd ?? 0)
    if (last && last.memEnd > start) result[result.length - 1] = { ...last, memEnd: start }
    if (last && last.start === start) result.pop()
    result.push({
      start,
      fileEnd: load.fileEnd,
      memEnd,
      offset: load.offset + (start - load.start),
    })
  }
  return result
}

/** Note what `load` has no bytes for; a later segment may have them, so holes that touch become one. */
function addHole(result: Segment[], load: Segment): void {
  const last = result.at(-1)
  if (!last || load.start > last.memEnd) result.push({ ...load, fileEnd: load.start })
  else if (load.memEnd > last.memEnd) result[result.length - 1] = { ...last, memEnd: load.memEnd }
}

/** Reads physical memory out of segments, of which there is at least one. */
export class SegmentMemory implements Disposable {
  readonly #source: Source
  readonly #segments: readonly Segment[]
  readonly #pageSize: number
  readonly pfnEnd: number
  /** Does the file end before its last segment? */
  readonly isCut: boolean
  #last: Segment

  /** @param segments disjoint and in physical order, as of disjointSegments() */
  constructor(source: Source, segments: readonly Segment[], pageSize: number) {
    this.#source = source
    this.#segments = segments
    this.#pageSize = pageSize
    this.#last = segments[0] as Segment
    this.pfnEnd = Math.ceil((segments.at(-1) as Segment).memEnd / pageSize)
    this.isCut = segments.some((s) => s.offset + (s.fileEnd - s.start) > source.size)
  }

  pageState(pfn: number): PageState {
    const segment = this.#find(pfn * this.#pageSize)
    if (!segment) return 'absent'
    return pfn * this.#pageSize < segment.fileEnd ? 'present' : 'excluded'
  }

  /** Frames that lie in a segment from their first to their last byte; adjoining segments make one run. */
  pfnRuns(what: 'existing' | 'present'): PfnRun[] {
    const runs: { start: number; end: number }[] = []
    for (const segment of this.#segments) {
      const start = Math.ceil(segment.start / this.#pageSize)
      const segmentEnd = what === 'present' ? segment.fileEnd : segment.memEnd
      const end = Math.floor(segmentEnd / this.#pageSize)
      if (start >= end) continue
      const last = runs.at(-1)
      if (last && last.end === start) last.end = end
      else runs.push({ start, end })
    }
    return runs
  }

  /** Tell how the pages are stored. */
  survey(): PageStorage {
    return surveySegments(this.#segments, this.#source.size, this.#pageSize)
  }

  /** Read physical memory. @throws {FaultError} where no segment has bytes */
  read(physical: number, into: Uint8Array): void {
    let done = 0
    while (done < into.length) {
      const at = physical + done
      const segment = this.#find(at)
      if (!segment) {
        const reason = at >= this.pfnEnd * this.#pageSize ? 'out-of-range' : 'not-present'
        throw new FaultError(BigInt(at), 'physical', reason)
      }
      if (at >= segment.fileEnd) throw new FaultError(BigInt(at), 'physical', 'excluded')
      const length = Math.min(into.length - done, segment.fileEnd - at)
      const part = done === 0 && length === into.length ? into : into.subarray(done, done + length)
      const got = this.#readSource(segment.offset + (at - segment.start), part, at)
      if (got !== length) throw new FaultError(BigInt(at + got), 'physical', 'truncated')
      done += length
    }
  }

  [Symbol.dispose](): void {
    this.#source[Symbol.dispose]()
  }

  /**
   * What a live machine or old memory refuses (EFAULT, EIO of /proc/kcore and /proc/vmcore) and what does not decompress
   * is a page's fault, not the dump's.
   */
  #readSource(offset: number, into: Uint8Array, physical: number): number {
    try {
      return this.#source.read(offset, into)
    } catch (cause) {
      const isHole = cause instanceof HostError && HOLE_ERRORS.includes(cause.errno)
      if (!isHole && !(cause instanceof FormatError)) throw cause
      const reason = isHole ? 'not-present' : 'corrupt'
      throw new FaultError(BigInt(physical), 'physical', reason, { cause })
    }
  }

  #find(physical: number): Segment | undefined {
    const last = this.#last
    if (physical >= last.start && physical < last.memEnd) return last
    let low = 0
    let high = this.#segments.length - 1
    while (low <= high) {
      const middle = (low + high) >> 1
      const segment = this.#segments[middle] as Segment
      if (physical < segment.start) high = middle - 1
      else if (physical >= segment.memEnd) low = middle + 1
      else return (this.#last = segment)
    }
    return undefined
  }
}
