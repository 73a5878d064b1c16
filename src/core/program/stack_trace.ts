// What an unwinder yields, whatever the architecture and method.
import type { Registers } from '../arch/arch.ts'
import type { KernelSymbol } from '../debuginfo/symbol_index.ts'
import type { Program } from './program.ts'

/**
 * How sure a frame is. 'exact': by the kernel's own unwind tables. 'validated': no table covers the
 * callee, but the word found on the stack follows a call of exactly that function. 'guess': it follows some call.
 */
export type FrameQuality = 'exact' | 'validated' | 'guess'

/** One frame of a stack. */
export interface StackFrame {
  readonly ip: bigint
  /** Address of the stack slot that held `ip`, or the stack pointer for a first frame. */
  readonly sp: bigint
  readonly quality: FrameQuality
  /** True if `ip` is where execution was interrupted, false if it is a return address. */
  readonly interrupted: boolean
  /** Registers saved when this frame was interrupted (exception, interrupt, or start of a running CPU). */
  readonly registers?: Registers
  /** Where those registers lie on the stack, if they do. */
  readonly registersAddress?: bigint
}

/** The frames of one stack, innermost first, and how the walk ended. */
export interface StackTrace {
  readonly frames: readonly StackFrame[]
  /** 'user': reached user mode; 'end': the last frame of a kernel thread or of boot; 'lost': see `why`. */
  readonly end: 'user' | 'end' | 'lost'
  /** Why the trace could not go on; '' unless lost. */
  readonly why: string
  /** Registers on entry from user mode. */
  readonly userRegisters?: Registers
}

/** The function of a frame, and how far into it the frame is. */
export interface FrameSymbol {
  readonly symbol: KernelSymbol
  readonly offset: bigint
}

/**
 * The function of a frame. A return address behind a call that ends its function (panic() never returns)
 * belongs to the caller, so the byte before it is looked up, as the kernel's %pB does.
 */
export function frameSymbol(program: Program, frame: StackFrame): FrameSymbol | undefined {
  // Low addresses have symbols of percpu variables.
  if (!program.arch.isKernelAddress(frame.ip)) return undefined
  const symbol = program.symbolAt(frame.interrupted ? frame.ip : frame.ip - 1n)
  return symbol && { symbol, offset: frame.ip - symbol.address }
}
