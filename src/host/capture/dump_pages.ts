// The page frames of a dump as the engine wants them: runs of frames, and reads that bypass every cache.
import { FaultError } from '../../core/base/errors.ts'
import type { Dump } from '../../core/dump/dump_format.ts'
import type { ElfDump, Segment } from '../../core/dump/elf.ts'
import type { Source } from '../../core/io/source.ts'

/** Frames `[start, end)`. */
export interface PfnRun {
  readonly start: number
  readonly end: number
}

/** What the engine knows of a dump. */
export interface DumpPages {
  readonly pageSize: number
  readonly pfnEnd: number
  /** Frames that are RAM, ascending and disjoint. */
  readonly existing: readonly PfnRun[]
  /** Those of them whose content the dump has. */
  readonly present: readonly PfnRun[]
  /** Read physical memory. @throws {FaultError} where the dump has nothing */
  read(physical: number, into: Uint8Array): void
}

/** Prepare a dump for filtering. `source` is what it was opened from. */
export function dumpPages(dump: Dump, source: Source): DumpPages {
  const { pageSize, pfnEnd } = dump
  if (isElfDump(dump)) {
    const { segments } = dump
    return {
      pageSize,
      pfnEnd,
      existing: wholeFrames(segments, pageSize, (segment) => segment.memEnd),
      present: wholeFrames(segments, pageSize, (segment) => segment.fileEnd),
      read: segmentReader(segments, source),
    }
  }
  return {
    pageSize,
    pfnEnd,
    existing: runsWhere(pfnEnd, (pfn) => dump.pageState(pfn) !== 'absent'),
    present: runsWhere(pfnEnd, (pfn) => dump.pageState(pfn) === 'present'),
    read: (physical, into) => dump.readPhysical(physical, into),
  }
}

function isElfDump(dump: Dump): dump is ElfDump {
  return dump.format === 'elf' && 'segments' in dump
}

/** Frames that lie in a segment from their first to their last byte; adjoining segments make one run. */
function wholeFrames(
  segments: readonly Segment[],
  pageSize: number,
  endOf: (segment: Segment) => number,
): PfnRun[] {
  const runs: { start: number; end: number }[] = []
  for (const segment of segments) {
    const start = Math.ceil(segment.start / pageSize)
    const end = Math.floor(endOf(segment) / pageSize)
    if (start >= end) continue
    const last = runs.at(-1)
    if (last && last.end === start) last.end = end
    else runs.push({ start, end })
  }
  return runs
}

function runsWhere(pfnEnd: number, holds: (pfn: number) => boolean): PfnRun[] {
  const runs: PfnRun[] = []
  let start = -1
  for (let pfn = 0; pfn <= pfnEnd; pfn++) {
    const inside = pfn < pfnEnd && holds(pfn)
    if (inside && start < 0) start = pfn
    if (!inside && start >= 0) {
      runs.push({ start, end: pfn })
      start = -1
    }
  }
  return runs
}

/** Reads go straight to the file: what is filtered is read once. */
function segmentReader(segments: readonly Segment[], source: Source): DumpPages['read'] {
  let last = segments[0] as Segment
  const find = (physical: number): Segment => {
    if (physical >= last.start && physical < last.fileEnd) return last
    let low = 0
    let high = segments.length - 1
    while (low <= high) {
      const middle = (low + high) >> 1
      const segment = segments[middle] as Segment
      if (physical < segment.start) high = middle - 1
      else if (physical >= segment.memEnd) low = middle + 1
      else if (physical < segment.fileEnd) return (last = segment)
      else throw new FaultError(BigInt(physical), 'physical', 'excluded')
    }
    throw new FaultError(BigInt(physical), 'physical', 'not-present')
  }
  return (physical, into) => {
    for (let done = 0; done < into.length;) {
      const at = physical + done
      const segment = find(at)
      const length = Math.min(into.length - done, segment.fileEnd - at)
      const part = length === into.length ? into : into.subarray(done, done + length)
      const got = source.read(segment.offset + (at - segment.start), part)
      if (got !== length) throw new FaultError(BigInt(at + got), 'physical', 'truncated')
      done += length
    }
  }
}
