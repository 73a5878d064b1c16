// What unwinders of every method share: where a walk is, and the frames it has found.
import type { Program } from './program.ts'
import type { Registers } from './registers.ts'
import type { FrameQuality, StackFrame, StackTrace } from './stack_trace.ts'

/** The registers an unwinder starts from. */
export interface UnwindStart {
  readonly ip: bigint
  readonly sp: bigint
  readonly fp: bigint
  /** Where `ip` lay on the stack, if it did: a task that sleeps left it there. */
  readonly slot?: bigint
  /** What a function really returns to, where tracing has put its own address into the slot. */
  readonly returnAddress?: (found: bigint, slot: bigint) => bigint
  /** The full registers, when the start is a running or interrupted CPU; `ip` is then no return address. */
  readonly registers?: Registers
}

/** Where a walk is. @internal */
export interface UnwindState {
  ip: bigint
  sp: bigint
  fp: bigint
  interrupted: boolean
  /** The registers this frame was interrupted with: the only source of r10, r13, di, dx. */
  registers: Registers | undefined
  readonly returnAddress: UnwindStart['returnAddress']
}

/** How a step ended the walk. @internal */
export type UnwindEnd = Pick<StackTrace, 'end' | 'why'> & { readonly userRegisters?: Registers }

/** The walk ends where it should not. @internal */
export const lost = (why: string): UnwindEnd => ({ end: 'lost', why })

/** Record the frame `state` has come to. @internal */
export function pushFrame(
  frames: StackFrame[],
  state: UnwindState,
  sp: bigint,
  quality: FrameQuality,
  registersAddress?: bigint,
): void {
  const { ip, interrupted, registers } = state
  const frame = { ip, sp, quality, interrupted }
  if (!registers || !interrupted) frames.push(frame)
  else if (registersAddress === undefined) frames.push({ ...frame, registers })
  else frames.push({ ...frame, registers, registersAddress })
}

/** Read a return address; what tracing has put in its place is undone. @internal */
export function readReturnAddress(program: Program, state: UnwindState, slot: bigint): bigint {
  const found = program.memory.u64(slot)
  return state.returnAddress?.(found, slot) ?? found
}
