// Values in the frames of a stack: what a function was given, told by following its callers' code up to where the value is
// a constant, or lies in a register that was saved.
import { wrap64 } from '../base/addr.ts'
import { attempt } from '../base/errors.ts'
import { getDisassembler } from '../arch/disassembler.ts'
import { functionFlow, type Operation } from '../program/function_flow.ts'
import type { Program } from '../program/program.ts'
import type { ValueState } from '../program/value_flow.ts'
import type { Origin } from '../program/value_origin.ts'
import type { NamedFrame } from './named_frame.ts'

/** Callers asked for one value. */
const CALLERS_MAX = 8
/** The longest call instruction of any architecture. */
const CALL_LENGTH_MAX = 15

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

/** What the n-th argument of the function of `frames[index]` was when it was called; undefined if that cannot be told. */
export function frameArgument(
  program: Program,
  frames: readonly NamedFrame[],
  index: number,
  argument: number,
): bigint | undefined {
  return attempt(
    () => saved(program, frames[index], argument) ?? passed(program, frames, index, argument, 0),
  )
}

/** The value of an origin in the function of `frames[index]`; undefined if that cannot be told. */
export function frameValue(
  program: Program,
  frames: readonly NamedFrame[],
  index: number,
  origin: Origin,
): bigint | undefined {
  return attempt(() => valueOf(program, frames, index, origin, 0))
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
  index: number,
  argument: number,
  depth: number,
): bigint | undefined {
  const caller = frames[index + 1]
  const state = caller && callState(program, caller)
  const register = getDisassembler(program.arch.name).convention.arguments[argument]
  const origin = register === undefined ? undefined : state?.registers.get(register)
  if (!origin || depth > CALLERS_MAX) return undefined
  return valueOf(program, frames, index + 1, origin, depth + 1)
}

/** What is known where a frame made its call. */
export function callState(program: Program, frame: NamedFrame): ValueState | undefined {
  const call = callOf(program, frame)
  return call && functionFlow(program, call.address)?.flow.stateAt(call.address)
}

function valueOf(
  program: Program,
  frames: readonly NamedFrame[],
  index: number,
  origin: Origin,
  depth: number,
): bigint | undefined {
  switch (origin.kind) {
    case 'constant':
      return origin.value
    case 'argument':
      return passed(program, frames, index, origin.index, depth)
    case 'address': {
      const base = valueOf(program, frames, index, origin.of, depth)
      return base === undefined ? undefined : wrap64(base + origin.offset)
    }
    case 'load': {
      const base = valueOf(program, frames, index, origin.of, depth)
      // Memory may have changed since it was loaded; pointers to what is locked rarely do.
      return base === undefined || origin.size !== 8
        ? undefined
        : program.memory.u64(wrap64(base + origin.offset))
    }
    case 'result':
    case 'percpu':
    case 'stack':
    case 'unknown':
      return undefined
  }
}
