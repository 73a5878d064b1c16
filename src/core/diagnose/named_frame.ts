// Frames with the names of their functions: what rules and signatures compare.
import type { Program } from '../program/program.ts'
import type { Registers } from '../program/registers.ts'
import {
  frameSymbol,
  type FrameQuality,
  type FrameSymbol,
  type StackFrame,
} from '../program/stack_trace.ts'

/** A frame, and which function it is of. */
export interface NamedFrame {
  /** null where no symbol is known. */
  readonly name: string | null
  readonly offset: number | null
  /** '' for the kernel itself. */
  readonly module: string
  /** 0n where only the log tells of it. */
  readonly ip: bigint
  readonly sp: bigint
  readonly quality: FrameQuality
  /** Execution was interrupted here, by a fault or an interrupt. */
  readonly interrupted: boolean
  /** Saved where it was interrupted. */
  readonly registers: Registers | undefined
}

/** Name frames. */
export function namedFrames(program: Program, frames: readonly StackFrame[]): NamedFrame[] {
  return frames.map((frame) => {
    const found = symbolOf(program, frame)
    const { ip, sp, quality, interrupted, registers } = frame
    return {
      name: found?.symbol.name ?? null,
      offset: found ? Number(found.offset) : null,
      module: found?.symbol.module ?? '',
      ...{ ip, sp, quality, interrupted, registers },
    }
  })
}

/** Thousands of tasks sleep at a few hundred places. */
const known = new WeakMap<Program, Map<bigint, FrameSymbol | undefined>>()
const KNOWN_MAX = 20_000

function symbolOf(program: Program, frame: StackFrame): FrameSymbol | undefined {
  // Where execution was interrupted is looked up in another way, and rare.
  if (frame.interrupted) return frameSymbol(program, frame)
  const symbols = known.get(program) ?? new Map<bigint, FrameSymbol | undefined>()
  known.set(program, symbols)
  if (symbols.has(frame.ip)) return symbols.get(frame.ip)
  const found = frameSymbol(program, frame)
  if (symbols.size < KNOWN_MAX) symbols.set(frame.ip, found)
  return found
}
