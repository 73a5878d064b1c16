// Whether two crashes are of one bug, where their signatures are not equal: another build inlines other functions, another
// kernel has a function more on the way.
import type { Signature } from './signature.ts'

/** Frames alike from which on crashes of one kind are one bug. */
const ALIKE = 0.7
/** The same function is blamed: less will do. */
const ALIKE_IN_ONE_FUNCTION = 0.3

/** Tell whether two crashes are of one bug, as far as their signatures say. */
export function sameBug(a: Signature, b: Signature): boolean {
  if (a.version !== b.version || a.kind !== b.kind || a.detail !== b.detail) return false
  if (a.strict === b.strict) return true
  if (a.frames.length === 0 || b.frames.length === 0) return a.loose === b.loose
  return similarity(a.frames, b.frames) >= (a.loose === b.loose ? ALIKE_IN_ONE_FUNCTION : ALIKE)
}

/**
 * How alike two lists of frames are, 0 to 1: the edit distance in which a frame weighs less the further out it is.
 *
 * A frame more or less costs its weight, one for another the greater of both; 1 is the cost of having nothing in common.
 */
export function similarity(a: readonly string[], b: readonly string[]): number {
  const all = Math.max(totalWeight(a), totalWeight(b))
  if (all === 0) return 1
  // Row i holds the cost of making the first i frames of a from the first j of b.
  let above = [0]
  b.forEach((_, j) => above.push((above[j] ?? 0) + weight(j)))
  a.forEach((frame, i) => {
    const row = [(above[0] ?? 0) + weight(i)]
    b.forEach((other, j) => {
      const change = frame === other ? 0 : weight(Math.min(i, j))
      row.push(
        Math.min(
          (above[j] ?? 0) + change,
          (above[j + 1] ?? 0) + weight(i),
          (row[j] ?? 0) + weight(j),
        ),
      )
    })
    above = row
  })
  return Math.max(0, 1 - (above[b.length] ?? 0) / all)
}

const weight = (index: number): number => 1 / (index + 1)

function totalWeight(frames: readonly string[]): number {
  return frames.reduce((sum, _, index) => sum + weight(index), 0)
}
