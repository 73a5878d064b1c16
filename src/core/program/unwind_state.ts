// What unwinders of every method share: where a walk is, and the frames it has found.
import { isText, returnAddressAt } from './call_site.ts'
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

/**
 * Step to who called or jumped through a bad pointer, which has got nowhere: what the call pushed is still on top of the
 * stack. False where that is not how it came there.
 *
 * @source arch/x86/kernel/unwind_orc.c null_orc_entry, which does so for NULL only
 * @internal
 */
export function stepToStrayCall(
  program: Program,
  state: UnwindState,
  frames: StackFrame[],
): boolean {
  if (!state.interrupted || isText(program, state.ip)) return false
  const slot = state.sp
  const ip = returnAddressAt(program, slot)
  if (ip === undefined) return false
  Object.assign(state, { ip, sp: slot + 8n, interrupted: false, registers: undefined })
  pushFrame(frames, state, slot, 'exact')
  return true
}

/** The end of a walk that came to registers whose program counter is nowhere, and was not called there. @internal */
export function strayed(program: Program, { ip, sp }: UnwindState): UnwindEnd | undefined {
  if (isText(program, ip) || returnAddressAt(program, sp) !== undefined) return undefined
  return lost(`0x${ip.toString(16)} is no kernel text`)
}
