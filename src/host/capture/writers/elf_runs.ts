// Which frames go into an ELF dump, and as which PT_LOADs. A segment cannot leave out single pages, so short gaps are
// filled with what is there. Source: makedumpfile get_loads_dumpfile_cyclic(), DIVIDE_SIZE.
import { bitRuns } from '../../../core/base/bits.ts'
import type { PfnRun } from '../../../core/dump/dump_format.ts'
import { type FrameBlocks, forEachInRange, memoryBlocks } from '../frame_blocks.ts'
import { bitmapOf } from '../page_bitmap.ts'

/** Frames `[start, end)` have bytes in the file, `[end, memEnd)` do not. */
export interface ElfRun extends PfnRun {
  readonly memEnd: number
  /** Number of frame `start` among all frames that have bytes. */
  readonly index: number
}

/** Missing frames that are worth a program header of their own. */
const GAP_MIN = 256

/** What an ELF dump holds. */
export interface ElfFrames {
  readonly runs: readonly ElfRun[]
  /** The frames that have bytes. */
  readonly stored: FrameBlocks
  /** Bitmap of the frames that are wanted; the others that have bytes fill gaps. */
  readonly wanted: Uint8Array
}

/**
 * Cut frames into runs.
 *
 * @param existing frames that are RAM
 * @param present frames that can be read: only those fill gaps
 * @param dumped bitmap of the frames that are wanted
 */
export function elfFrames(
  existing: readonly PfnRun[],
  present: readonly PfnRun[],
  dumped: Uint8Array,
  pfnEnd: number,
): ElfFrames {
  const filled = fillGaps(bitRuns(dumped), existing, present)
  const stored = memoryBlocks(bitmapOf(filled, pfnEnd), pfnEnd)
  return { runs: [...coverMemory(existing, filled)], stored, wanted: dumped }
}

/**
 * Cut runs where frames are lost, so that these do not read as the zeros that are in their place.
 *
 * @param lost numbers among all frames that have bytes, sorted
 * @param cutsMax after so many cuts a run ends where it would be cut
 */
export function cutRuns(
  runs: readonly ElfRun[],
  lost: readonly PfnRun[],
  cutsMax: number,
): ElfRun[] {
  const result: ElfRun[] = []
  let cuts = 0
  for (const { start: first, end, memEnd, index } of runs) {
    let start = first
    forEachInRange(lost, index, index + end - first, (from, to) => {
      if (start === memEnd) return
      const pieceEnd = cuts++ < cutsMax ? first + to - index : memEnd
      result.push({
        start,
        end: first + from - index,
        memEnd: pieceEnd,
        index: index + start - first,
      })
      start = pieceEnd
    })
    if (start < memEnd) {
      result.push({ start, end: Math.max(start, end), memEnd, index: index + start - first })
    }
  }
  return result
}

/** Join runs with less than GAP_MIN frames between them, or before the first one of RAM, if all of those can be read. */
function fillGaps(
  runs: readonly PfnRun[],
  existing: readonly PfnRun[],
  present: readonly PfnRun[],
): PfnRun[] {
  const filled: { start: number; end: number }[] = []
  let at = 0
  let ram = 0
  for (const run of runs) {
    while (at < present.length && (present[at] as PfnRun).end <= run.start) at++
    while (ram < existing.length && (existing[ram] as PfnRun).end <= run.start) ram++
    const last = filled.at(-1)
    const ramStart = existing[ram]?.start ?? run.start
    const isFirst = last === undefined || last.end <= ramStart
    const before = isFirst ? Math.min(ramStart, run.start) : last.end
    const isReadable = (present[at]?.start ?? Infinity) <= before
    if (!isReadable || run.start - before >= GAP_MIN) filled.push({ ...run })
    else if (isFirst) filled.push({ start: before, end: run.end })
    else last.end = run.end
  }
  return filled
}

/** Cover all RAM: each run reaches to the next one's start, and what precedes the first has no bytes. */
function* coverMemory(existing: readonly PfnRun[], filled: readonly PfnRun[]): Generator<ElfRun> {
  let at = 0
  let index = 0
  for (const ram of existing) {
    let start = ram.start
    while (at < filled.length && (filled[at] as PfnRun).start < ram.end) {
      const run = filled[at++] as PfnRun
      if (run.start > start) yield { start, end: start, memEnd: run.start, index }
      const next = filled[at]?.start ?? Infinity
      start = Math.min(next, ram.end)
      yield { start: run.start, end: run.end, memEnd: start, index }
      index += run.end - run.start
    }
    if (start < ram.end) yield { start, end: start, memEnd: ram.end, index }
  }
}
