// Which frames are dumped, a block at a time: the bits themselves may be in memory or, on machines whose bitmap would
// crowd a capture kernel, in the dump that is being written.
import { popcount } from '../../core/base/bits.ts'
import type { PfnRun } from '../../core/dump/dump_format.ts'
import { clearRange, setRange } from './page_bitmap.ts'

/** Frames of a block. */
export const BLOCK_PFNS = 32768
/** Bytes of its bits. */
export const BLOCK_BYTES = BLOCK_PFNS / 8

/** The bits of all frames, and how many are set before each block. */
export interface FrameBlocks {
  readonly pfnEnd: number
  /** Frames whose bit is set. */
  readonly total: number
  /** Put the bits of the block that begins with frame `firstPfn` into `block`, zeros behind the last frame. */
  load(block: Uint8Array, firstPfn: number): void
  /** Bits set before the block that begins with frame `firstPfn`. */
  rank(firstPfn: number): number
}

/** Blocks of a bitmap in memory. */
export function memoryBlocks(bitmap: Uint8Array, pfnEnd: number): FrameBlocks {
  const counts = new BlockCounts(pfnEnd)
  for (let at = 0; at < bitmap.length; at += BLOCK_BYTES) {
    counts.add(popcount(bitmap, at, Math.min(at + BLOCK_BYTES, bitmap.length)))
  }
  return {
    pfnEnd,
    total: counts.total,
    load(block, firstPfn) {
      const part = bitmap.subarray(firstPfn / 8, firstPfn / 8 + BLOCK_BYTES)
      block.set(part)
      block.fill(0, part.length)
    },
    rank: (firstPfn) => counts.before(firstPfn),
  }
}

/** Running sums, one a block: 4 TiB of memory have 32,768 blocks. */
export class BlockCounts {
  readonly #before: Float64Array
  #blocks = 0
  total = 0

  constructor(pfnEnd: number) {
    this.#before = new Float64Array(Math.ceil(pfnEnd / BLOCK_PFNS))
  }

  /** Count the next block. */
  add(count: number): void {
    this.#before[this.#blocks++] = this.total
    this.total += count
  }

  /** Sum of the blocks before the one that begins with frame `firstPfn`. */
  before(firstPfn: number): number {
    return this.#before[firstPfn / BLOCK_PFNS] ?? this.total
  }
}

/** Set the bits of sorted `runs` in the block that begins with frame `firstPfn`, and no others. */
export function setRuns(block: Uint8Array, firstPfn: number, runs: readonly PfnRun[]): void {
  block.fill(0)
  forEachInBlock(runs, firstPfn, (start, end) => setRange(block, start, end))
}

/** Clear the bits of `runs`. */
export function clearRuns(block: Uint8Array, firstPfn: number, runs: readonly PfnRun[]): void {
  forEachInBlock(runs, firstPfn, (start, end) => clearRange(block, start, end))
}

/** Call with the parts of sorted `runs` that lie in a block, as bit numbers in it. */
function forEachInBlock(
  runs: readonly PfnRun[],
  firstPfn: number,
  visit: (start: number, end: number) => void,
): void {
  const endPfn = firstPfn + BLOCK_PFNS
  let low = 0
  let high = runs.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((runs[middle] as PfnRun).end <= firstPfn) low = middle + 1
    else high = middle
  }
  for (let i = low; i < runs.length; i++) {
    const run = runs[i] as PfnRun
    if (run.start >= endPfn) break
    visit(Math.max(run.start, firstPfn) - firstPfn, Math.min(run.end, endPfn) - firstPfn)
  }
}
