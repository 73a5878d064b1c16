// Which frames are dumped, a block at a time: the bits themselves may be in memory or, on machines whose bitmap would
// crowd a capture kernel, in the dump that is being written.
import { popcount } from '../../core/base/bits.ts'
import type { PfnRun } from '../../core/dump/dump_format.ts'
import type { DumpOutput } from '../platform/dump_output.ts'
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

/** Bits that are put one block after the other and then read in any order. */
export interface FrameStore {
  readonly blocks: FrameBlocks
  /** Forget what was put. */
  reset(): void
  /** Put the next block. */
  put(bits: Uint8Array, firstPfn: number): void
}

/**
 * Keep bits in a file instead of in memory: in the dump itself, which has a place for them.
 *
 * @param offset where in the file the bits of frame 0 lie
 */
export function storeInFile(
  output: DumpOutput & Required<Pick<DumpOutput, 'read'>>,
  offset: number,
  pfnEnd: number,
): FrameStore {
  let counts = new BlockCounts(pfnEnd)
  return {
    reset() {
      counts = new BlockCounts(pfnEnd)
    },
    put(bits, firstPfn) {
      counts.add(popcount(bits))
      const size = Math.min(bits.length, Math.ceil((pfnEnd - firstPfn) / 8))
      output.write(offset + firstPfn / 8, bits.subarray(0, size))
    },
    blocks: {
      pfnEnd,
      get total() {
        return counts.total
      },
      load(block, firstPfn) {
        const size = Math.max(0, Math.min(block.length, Math.ceil((pfnEnd - firstPfn) / 8)))
        const got = output.read(offset + firstPfn / 8, block.subarray(0, size))
        // A target that took less is full: no page of what is missing could be written either.
        block.fill(0, got)
      },
      rank: (firstPfn) => counts.before(firstPfn),
    },
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

/** Is no bit of a block set? */
export function isEmpty(block: Uint8Array): boolean {
  return new Int32Array(block.buffer, block.byteOffset, block.length / 4).every(
    (word) => word === 0,
  )
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
  forEachInRange(runs, firstPfn, firstPfn + BLOCK_PFNS, (start, end) =>
    visit(start - firstPfn, end - firstPfn),
  )
}

/** Call with the parts of sorted `runs` that lie in `[first, end)`. */
export function forEachInRange(
  runs: readonly PfnRun[],
  first: number,
  end: number,
  visit: (start: number, end: number) => void,
): void {
  let low = 0
  let high = runs.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((runs[middle] as PfnRun).end <= first) low = middle + 1
    else high = middle
  }
  for (let i = low; i < runs.length; i++) {
    const run = runs[i] as PfnRun
    if (run.start >= end) break
    visit(Math.max(run.start, first), Math.min(run.end, end))
  }
}
