// Values in the frames of a stack: what a function was given, told by following its callers' code up to where the value is
// a constant, or lies in a register that was saved.
import { attempt } from '../base/errors.ts'
import { getDisassembler } from '../arch/disassembler.ts'
import {
  functionFlow,
  thunkRegister,
  type FunctionFlow,
  type Operation,
} from '../program/function_flow.ts'
import type { Program } from '../program/program.ts'
import { originValue } from '../program/origin_value.ts'
import type { ValueState } from '../program/value_flow.ts'
import type { Origin } from '../program/value_origin.ts'
import type { NamedFrame } from './named_frame.ts'

/** Callers asked for one value. */
const CALLERS_MAX = 8
/** The longest call instruction of any architecture. */
const CALL_LENGTH_MAX = 15
/** Functions looked through for a jump. */
const JUMPERS_MAX = 16

/** The call that a frame is in; undefined where it was interrupted, or its code is not known. */
export function callOf(program: Program, frame: NamedFrame): Operation | undefined {
  if (frame.interrupted) return undefined
  const flow = functionFlow(program, frame.ip - 1n)
  for (let length = 1; flow && length <= CALL_LENGTH_MAX; length++) {
    const operation = flow.operations.get(frame.ip - BigInt(length))
    if (operation?.length === length) return operation.flow === 'call' ? operation : undefined
  }
  return undefined
}

/**
 * A function on a stack: that of `frames[index]`, or one that called it by a jump and so has no frame left. `entry` says which.
 */
export interface Standpoint {
  readonly index: number
  readonly entry: bigint
}

/** Whence a function was entered, and what is known there. */
export interface Entered {
  readonly from: Standpoint
  readonly code: FunctionFlow
  /** Where the call, or the jump, stands. */
  readonly state: ValueState
}

/** The function of a frame. */
export function standpointOf(
  program: Program,
  frames: readonly NamedFrame[],
  index: number,
): Standpoint | undefined {
  const frame = frames[index]
  if (!frame) return undefined
  const entry = functionFlow(program, frame.interrupted ? frame.ip : frame.ip - 1n)?.symbol.address
  return entry === undefined ? undefined : { index, entry }
}

/**
 * Who called, or jumped to, a function; undefined if that cannot be told. The call instruction says which function it called:
 * where that is another, it jumped on, once its own work was done, with other arguments.
 */
export function enteredFrom(
  program: Program,
  frames: readonly NamedFrame[],
  { index, entry }: Standpoint,
): Entered | undefined {
  const caller = frames[index + 1]
  const call = caller && callOf(program, caller)
  const called = call?.target
  const isThunk = called !== undefined && thunkRegister(program, called) !== undefined
  if (called !== undefined && called !== entry && !isThunk)
    return jumpedFrom(program, index, called, entry)
  const code = call && functionFlow(program, call.address)
  const state = call && code?.flow.stateAt(call.address)
  return code && state && { from: { index: index + 1, entry: code.symbol.address }, code, state }
}

/** The one jump by which a function that was called came to another, itself or by functions it jumped to. */
function jumpedFrom(
  program: Program,
  index: number,
  called: bigint,
  entry: bigint,
): Entered | undefined {
  const jumps: Jump[] = []
  const seen = new Set<bigint>()
  const work = [called]
  for (const at of work) {
    if (seen.has(at)) continue
    // Another might be the one.
    if (seen.size >= JUMPERS_MAX) return undefined
    seen.add(at)
    const code = functionFlow(program, at)
    if (code?.symbol.address !== at) continue
    for (const { address, flow, target } of code.operations.values()) {
      if ((flow !== 'jump' && flow !== 'branch') || target === undefined) continue
      if (target === entry) jumps.push({ code, address })
      else if (!code.operations.has(target)) work.push(target)
    }
  }
  const [jump, ...others] = jumps
  if (!jump || others.length > 0) return undefined
  const { code, address } = jump
  const state = code.flow.stateAt(address)
  return state && { from: { index, entry: code.symbol.address }, code, state }
}

interface Jump {
  readonly code: FunctionFlow
  readonly address: bigint
}

/** What the n-th argument of the function of `frames[index]` was when it was called; undefined if that cannot be told. */
export function frameArgument(
  program: Program,
  frames: readonly NamedFrame[],
  index: number,
  argument: number,
): bigint | undefined {
  return attempt(() => {
    const known = saved(program, frames[index], argument)
    if (known !== undefined) return known
    const at = standpointOf(program, frames, index)
    return at && passed(program, frames, at, argument, 0)
  })
}

/** The value of an origin in a function; undefined if that cannot be told. */
export function frameValue(
  program: Program,
  frames: readonly NamedFrame[],
  at: Standpoint | undefined,
  origin: Origin,
): bigint | undefined {
  return attempt(() => at && valueOf(program, frames, at, origin, 0))
}

/** An interrupted function may still have its argument in a register. */
function saved(
  program: Program,
  frame: NamedFrame | undefined,
  argument: number,
): bigint | undefined {
  const { interrupted = false, registers, ip = 0n } = frame ?? {}
  if (!interrupted || !registers) return undefined
  const state = functionFlow(program, ip)?.flow.stateAt(ip)
  for (const [name, origin] of state?.registers ?? [])
    if (origin.kind === 'argument' && origin.index === argument) return registers[name]
  return undefined
}

function passed(
  program: Program,
  frames: readonly NamedFrame[],
  at: Standpoint,
  argument: number,
  depth: number,
): bigint | undefined {
  const entered = enteredFrom(program, frames, at)
  const origin = entered && passedOrigin(program, entered, argument)
  if (!entered || !origin || depth > CALLERS_MAX) return undefined
  return valueOf(program, frames, entered.from, origin, depth + 1)
}

/** What the n-th argument was in the words of who passed it. */
export function passedOrigin(
  program: Program,
  { state }: Entered,
  argument: number,
): Origin | undefined {
  const register = getDisassembler(program.arch.name).convention.arguments[argument]
  return register === undefined ? undefined : state.registers.get(register)
}

function valueOf(
  program: Program,
  frames: readonly NamedFrame[],
  at: Standpoint,
  origin: Origin,
  depth: number,
): bigint | undefined {
  return originValue(program, origin, (part) =>
    part.kind === 'argument' ? passed(program, frames, at, part.index, depth) : undefined,
  )
}
