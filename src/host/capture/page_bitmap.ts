// Runs of frames in bitmaps: one bit a frame, as the dump format stores them.
import { popcount } from '../../core/base/bits.ts'
import type { PfnRun } from '../../core/dump/dump_format.ts'

/** Set the bits `[start, end)`. */
export function setRange(bitmap: Uint8Array, start: number, end: number): void {
  const first = Math.floor(start / 8)
  const last = Math.floor(end / 8)
  if (start >= end) return
  if (first === last) {
    bitmap[first] = (bitmap[first] as number) | rangeMask(start & 7, end & 7)
    return
  }
  bitmap[first] = (bitmap[first] as number) | rangeMask(start & 7, 8)
  bitmap.fill(0xff, first + 1, last)
  if (end & 7) bitmap[last] = (bitmap[last] as number) | rangeMask(0, end & 7)
}

/** Clear the bits `[start, end)`, what lies beyond the bitmap left out; returns how many were set. */
export function clearRange(bitmap: Uint8Array, start: number, end: number): number {
  end = Math.min(end, bitmap.length * 8)
  if (start >= end) return 0
  const first = Math.floor(start / 8)
  const last = Math.floor(end / 8)
  if (first === last) return clearInByte(bitmap, first, rangeMask(start & 7, end & 7))
  let count = clearInByte(bitmap, first, rangeMask(start & 7, 8))
  count += popcount(bitmap, first + 1, last)
  bitmap.fill(0, first + 1, last)
  if (end & 7) count += clearInByte(bitmap, last, rangeMask(0, end & 7))
  return count
}

function clearInByte(bitmap: Uint8Array, index: number, mask: number): number {
  let hit = (bitmap[index] as number) & mask
  bitmap[index] = (bitmap[index] as number) & ~mask
  let count = 0
  for (; hit; hit &= hit - 1) count++
  return count
}

const rangeMask = (from: number, to: number): number => ((1 << to) - 1) & ~((1 << from) - 1)

/** Set the bits `[start, end)`; returns how many were clear. */
export function setMissing(bitmap: Uint8Array, start: number, end: number): number {
  if (start >= end) return 0
  const set = countRange(bitmap, start, end)
  setRange(bitmap, start, end)
  return end - start - set
}

function countRange(bitmap: Uint8Array, start: number, end: number): number {
  const first = Math.floor(start / 8)
  const last = Math.floor(end / 8)
  const inByte = (index: number, mask: number): number =>
    popcount(Uint8Array.of((bitmap[index] as number) & mask))
  if (first === last) return inByte(first, rangeMask(start & 7, end & 7))
  const tail = end & 7 ? inByte(last, rangeMask(0, end & 7)) : 0
  return inByte(first, rangeMask(start & 7, 8)) + popcount(bitmap, first + 1, last) + tail
}

/** A bitmap of `[0, pfnEnd)` with the bits of `runs` set; rounded up to whole 32-bit words. */
export function bitmapOf(runs: readonly PfnRun[], pfnEnd: number): Uint8Array {
  const bitmap = new Uint8Array(Math.ceil(pfnEnd / 32) * 4)
  for (const run of runs) setRange(bitmap, run.start, Math.min(run.end, pfnEnd))
  return bitmap
}

/** Sort runs and join those that touch or overlap. */
export function mergeRuns(runs: readonly PfnRun[]): PfnRun[] {
  const merged: { start: number; end: number }[] = []
  for (const run of [...runs].sort((a, b) => a.start - b.start)) {
    const last = merged.at(-1)
    if (last && run.start <= last.end) last.end = Math.max(last.end, run.end)
    else merged.push({ start: run.start, end: run.end })
  }
  return merged
}
