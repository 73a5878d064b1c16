// The pointer that an indirect call or jump went through, when it got nowhere.
import {
  functionFlow,
  operationAt,
  thunkRegister,
  type FunctionFlow,
  type Operation,
  type ValuePlace,
} from '../program/function_flow.ts'
import type { Program } from '../program/program.ts'
import { placeOf, type ValueState } from '../program/value_flow.ts'
import { loadOrigin } from '../program/value_origin.ts'
import { isCanonical, type BadPointer } from './bad_pointer.ts'
import type { Fault } from './fault.ts'
import { callOf } from './frame_value.ts'
import type { NamedFrame } from './named_frame.ts'

/** A pointer, and what is known where it was used. */
export interface FollowedPointer {
  readonly pointer: BadPointer
  readonly code: FunctionFlow | undefined
  readonly state: ValueState | undefined
}

/** The pointer through which a frame called `value`. */
export function calledPointer(
  program: Program,
  caller: NamedFrame | undefined,
  value: bigint | undefined,
): FollowedPointer | undefined {
  const call = caller && callOf(program, caller)
  const code = call && functionFlow(program, call.address)
  if (!call || !code || value === undefined) return undefined
  const state = code.flow.stateAt(call.address)
  const through = throughOf(program, call)
  if (!through || !state) return undefined
  const place = through.kind === 'memory' ? placeOf(state, through.memory) : undefined
  const origin =
    through.kind === 'register'
      ? state.registers.get(through.register)
      : place && loadOrigin(place, through.memory.size)
  const register = through.kind === 'register' ? through.register : ''
  return { pointer: { register, value, origin }, code, state }
}

/** What an indirect call goes through, a retpoline's register included. */
function throughOf(program: Program, { through, target }: Operation): ValuePlace | undefined {
  if (through?.kind === 'register' || through?.kind === 'memory') return through
  const register = target === undefined ? undefined : thunkRegister(program, target)
  return register === undefined ? undefined : { kind: 'register', register }
}

/** A jump to what is no address faults where it stands: in the function itself, or in the retpoline that it called. */
export function strayTarget(
  program: Program,
  { registers, frames }: Fault,
  ip: bigint,
): FollowedPointer | undefined {
  const start = program.symbolAt(ip)?.address ?? ip
  const thunk = thunkRegister(program, start)
  const own = operationAt(program, ip)?.through
  const register = thunk ?? (own?.kind === 'register' ? own.register : undefined)
  const value = register === undefined ? undefined : registers[register]
  if (register === undefined || value === undefined || isCanonical(value)) return undefined
  if (thunk !== undefined) return calledPointer(program, frames[1], value)
  const code = functionFlow(program, ip)
  const state = code?.flow.stateAt(ip)
  return { pointer: { register, value, origin: state?.registers.get(register) }, code, state }
}
