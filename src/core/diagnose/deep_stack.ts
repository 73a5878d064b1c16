// What filled a stack: functions that call each other in a circle, or one that keeps much.
import type { NamedFrame } from './named_frame.ts'

/** Frames that repeat. */
export interface Recursion {
  /** One turn of the circle, innermost first. */
  readonly cycle: readonly NamedFrame[]
  readonly turns: number
  /** The first frame of the next turn. */
  readonly next: NamedFrame | undefined
}

/** Turns that are no recursion yet: file systems on file systems call themselves, a few times. */
const TURNS_MIN = 6
const CYCLE_MAX = 32

/** Find the circle that calls go round in; undefined if they do not. */
export function findRecursion(frames: readonly NamedFrame[]): Recursion | undefined {
  const keys = frames.map(({ name, module }) => `${name} ${module}`)
  const places = new Map<string, number[]>()
  for (const [index, key] of keys.entries()) {
    if (frames[index]?.name === null) continue
    const found = places.get(key)
    if (found) found.push(index)
    else places.set(key, [index])
  }
  const [most = []] = Array.from(places.values()).toSorted((a, b) => b.length - a.length)
  const [first, second] = most
  if (most.length < TURNS_MIN || first === undefined || second === undefined) return undefined
  const period = second - first
  if (period > CYCLE_MAX) return undefined
  // The last turn may be cut: a circle is what comes again at least once as it was.
  const isRepeated = keys.slice(first, second).every((key, index) => key === keys[second + index])
  if (!isRepeated) return undefined
  return { cycle: frames.slice(first, second), turns: most.length, next: frames[second] }
}

/** A function's frame and how much of the stack it took. */
export interface FrameSize {
  readonly frame: NamedFrame
  readonly bytes: number
}

const BYTES_MAX = 262_144n

/** Frames by size, the largest first; those on either side of a change of stacks have none. */
export function frameSizes(frames: readonly NamedFrame[]): FrameSize[] {
  const found = frames.flatMap((frame, index): FrameSize[] => {
    // A frame reaches up to the slot of its own return address, which is where its caller's is listed.
    const caller = frames[index + 1]
    const bytes = caller ? caller.sp - frame.sp : 0n
    return bytes > 0n && bytes < BYTES_MAX ? [{ frame, bytes: Number(bytes) }] : []
  })
  return found.toSorted((a, b) => b.bytes - a.bytes)
}
