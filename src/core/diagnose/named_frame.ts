// Frames with the names of their functions: what rules and signatures compare.
import type { Program } from '../program/program.ts'
import type { Registers } from '../program/registers.ts'
import { frameSymbol, type FrameQuality, type StackFrame } from '../program/stack_trace.ts'

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
    const found = frameSymbol(program, frame)
    const { ip, sp, quality, interrupted, registers } = frame
    return {
      name: found?.symbol.name ?? null,
      offset: found ? Number(found.offset) : null,
      module: found?.symbol.module ?? '',
      ...{ ip, sp, quality, interrupted, registers },
    }
  })
}
