// Unwinding a stack, by what the kernel was built with: ORC tables, or frame pointers.
// Source: arch/x86/kernel/unwind_orc.c, arch/x86/kernel/unwind_frame.c.
import { FaultError } from '../base/errors.ts'
import type { Program } from './program.ts'
import type { StackFrame, StackTrace } from './stack_trace.ts'
import { stepByFramePointer } from './unwind_frame_pointer.ts'
import { stepByOrc } from './unwind_orc.ts'
import {
  lost,
  pushFrame,
  stepToStrayCall,
  type UnwindEnd,
  type UnwindStart,
  type UnwindState,
} from './unwind_state.ts'

/** Deeper stacks than a 32 KiB stack of 16-byte frames do not exist; recursion across damaged stacks might. */
const FRAME_LIMIT = 2048

/**
 * Unwind one stack.
 *
 * @returns as many frames as could be found; never throws for what the dump holds or lacks
 */
export function unwindStack(program: Program, start: UnwindStart): StackTrace {
  const frames: StackFrame[] = []
  // CONFIG_UNWINDER_FRAME_POINTER: Ubuntu's kernels have no tables.
  const method = program.hasSymbol('__start_orc_unwind_ip') ? stepByOrc : stepByFramePointer
  const state: UnwindState = {
    ip: start.ip,
    sp: start.sp,
    fp: start.fp,
    interrupted: start.registers !== undefined,
    registers: start.registers,
    returnAddress: start.returnAddress,
  }
  if (start.registers && program.arch.isUserMode(start.registers)) {
    return { frames, end: 'user', why: '', userRegisters: start.registers }
  }
  pushFrame(frames, state, start.slot ?? start.sp, 'exact')
  const seen = new Set<bigint>([start.sp])
  for (;;) {
    const end =
      frames.length >= FRAME_LIMIT
        ? lost(`more than ${FRAME_LIMIT} frames`)
        : step(method, program, state, frames)
    if (end) return { frames, ...end }
    if (seen.has(state.sp))
      return { frames, ...lost(`stack pointer 0x${state.sp.toString(16)} repeats`) }
    seen.add(state.sp)
  }
}

/** Moves a state to the caller and records its frame; says how the walk ended, or undefined to go on. */
type Step = (program: Program, state: UnwindState, frames: StackFrame[]) => UnwindEnd | undefined

function step(
  method: Step,
  program: Program,
  state: UnwindState,
  frames: StackFrame[],
): UnwindEnd | undefined {
  try {
    if (stepToStrayCall(program, state, frames)) return undefined
    return method(program, state, frames)
  } catch (error) {
    if (error instanceof FaultError) return lost(error.message)
    throw error
  }
}
