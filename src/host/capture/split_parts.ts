// How a dump is split into several files: by frame, each with about as many pages. Source: makedumpfile(8) --split.
import { BLOCK_BYTES, BLOCK_PFNS, type FrameBlocks } from './frame_blocks.ts'
import { popcount } from '../../core/base/bits.ts'
import type { KdumpPart } from './writers/kdump_writer.ts'

/** Frames a part begins at are multiples of this: crash counts the descriptors of a part by words of its bitmap. */
const GRAIN = 64

/**
 * Split frames into `count` parts.
 *
 * @param grain parts begin at multiples of so many frames (makedumpfile's --splitblock-size)
 * @returns parts in frame order, which together are all frames
 */
export function splitParts(dumped: FrameBlocks, count: number, grain = GRAIN): KdumpPart[] {
  const step = Math.max(GRAIN, Math.ceil(grain / GRAIN) * GRAIN)
  const parts: KdumpPart[] = []
  let start = { pfn: 0, index: 0 }
  for (let part = 1; part <= count; part++) {
    const end =
      part === count
        ? { pfn: dumped.pfnEnd, index: dumped.total }
        : findBoundary(dumped, (dumped.total * part) / count, step)
    parts.push({
      pfns: { start: start.pfn, end: Math.max(start.pfn, end.pfn) },
      indexes: { start: start.index, end: Math.max(start.index, end.index) },
    })
    start = end.pfn > start.pfn ? end : start
  }
  return parts
}

/** The first multiple of `step` frames before which there are at least `index` dumped frames. */
function findBoundary(
  dumped: FrameBlocks,
  index: number,
  step: number,
): { readonly pfn: number; readonly index: number } {
  let first = 0
  while (first + BLOCK_PFNS < dumped.pfnEnd && dumped.rank(first + BLOCK_PFNS) < index) {
    first += BLOCK_PFNS
  }
  const block = new Uint8Array(BLOCK_BYTES)
  dumped.load(block, first)
  let pfn = Math.ceil(first / step) * step
  for (; pfn < Math.min(first + BLOCK_PFNS, dumped.pfnEnd); pfn += step) {
    const before = dumped.rank(first) + popcount(block, 0, (pfn - first) / 8)
    if (before >= index) return { pfn, index: before }
  }
  return { pfn: Math.min(pfn, dumped.pfnEnd), index: rankAt(dumped, pfn) }
}

function rankAt(dumped: FrameBlocks, pfn: number): number {
  if (pfn >= dumped.pfnEnd) return dumped.total
  const first = Math.floor(pfn / BLOCK_PFNS) * BLOCK_PFNS
  const block = new Uint8Array(BLOCK_BYTES)
  dumped.load(block, first)
  return dumped.rank(first) + popcount(block, 0, (pfn - first) / 8)
}
