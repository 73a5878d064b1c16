// What is told of a bad pointer: its name in the source, its type, the member that was accessed through it, and where it
// was loaded from. A fault in a helper is told of the caller that gave it the pointer.
import { wrap64 } from '../base/addr.ts'
import { attempt } from '../base/errors.ts'
import { getDisassembler } from '../arch/disassembler.ts'
import { formatType } from '../program/format_type.ts'
import type { FunctionFlow } from '../program/function_flow.ts'
import { functionPrototype, parameterInRegister } from '../program/function_prototype.ts'
import { originValue } from '../program/origin_value.ts'
import type { Program } from '../program/program.ts'
import type { ValueState } from '../program/value_flow.ts'
import { addressOrigin, type Origin } from '../program/value_origin.ts'
import { pointedMember, valueText, type PointedMember } from '../program/value_text.ts'
import { isHelper } from './known_functions.ts'
import type { FaultingAccess } from './faulting_access.ts'
import {
  enteredFrom,
  frameValue,
  passedOrigin,
  standpointOf,
  type Standpoint,
} from './frame_value.ts'
import type { NamedFrame } from './named_frame.ts'
import type { Scene } from './scene.ts'

/** What is known of a pointer. */
export interface PointerTale {
  /** As the source would have it: `config`, `channel->peer`, `find_foo()`; '' if not known. */
  readonly name: string
  /** `argument 2`; '' for what is none. */
  readonly argument: string
  /** It is what a function returned. */
  readonly isResult: boolean
  /** `struct channel_config *`; '' if not known. */
  readonly type: string
  /** What was accessed through it; undefined where the type, or the offset, is not known. */
  readonly member: PointedMember | undefined
  /** Which member of which struct it was loaded from; undefined where that is not known. */
  readonly holder: PointedMember | undefined
  /** Bytes from it to what the register held: the register was of a member. */
  readonly shift: bigint
  /** Bytes from where it points to what was accessed; undefined for an element of an array. */
  readonly offset: bigint | undefined
  /** Where it was loaded from; undefined where it was not, or its holder is not in a register any more. */
  readonly place: bigint | undefined
  /** Whose words the name is in. */
  readonly frame: NamedFrame | undefined
}

/** Helpers call helpers, and jump to them. */
const CALLERS_MAX = 6

/** Tell of the pointer that an access went through. */
export function tellPointer(scene: Scene, access: FaultingAccess): PointerTale {
  const { program } = scene
  const seen = climb(program, access)
  const frame = seen?.frame ?? access.fault.frames[0]
  const origin = seen && rootOf(seen.origin)
  const text = seen && origin && attempt(() => valueText(program, seen.code, origin))
  // What has no name is what the register held.
  if (!text) return { ...NOTHING, offset: accessOffset(access, undefined), frame }
  const { code } = seen
  const { type } = text
  const offset = accessOffset(access, seen.origin)
  return {
    name: text.text,
    argument: origin.kind === 'argument' ? argumentText(program, code, origin.index) : '',
    isResult: origin.kind === 'result',
    type: type ? formatType(type) : '',
    member: type && offset !== undefined ? pointedMember(type, offset) : undefined,
    holder: origin.kind === 'load' ? holderOf(program, code, origin) : undefined,
    shift: offsetOf(seen.origin),
    offset,
    place: origin.kind === 'load' ? placeOfLoad(program, access, seen, origin) : undefined,
    frame,
  }
}

const NOTHING = {
  ...{ name: '', argument: '', isResult: false, type: '' },
  ...{ member: undefined, holder: undefined, place: undefined, shift: 0n },
}

/** A pointer in the words of one function. */
interface Seen {
  readonly origin: Origin
  readonly code: FunctionFlow
  readonly state: ValueState
  readonly frame: NamedFrame | undefined
  /** Undefined where its code has no symbol. */
  readonly at: Standpoint | undefined
}

/** From a helper, or a function whose parameters are not known, to who gave it the pointer. */
function climb(program: Program, access: FaultingAccess): Seen | undefined {
  const { pointer, code, state, fault } = access
  if (!pointer?.origin || !code || !state) return undefined
  const first = access.access === 'fetch' && access.operation === undefined ? 1 : 0
  const at = standpointOf(program, fault.frames, first)
  const frame = fault.frames[first]
  const moved = frame && isHelper(frame) ? movedArgument(program, access) : undefined
  let seen: Seen = { origin: moved ?? pointer.origin, code, state, frame, at }
  for (let count = 0; count < CALLERS_MAX; count++) {
    const root = rootOf(seen.origin)
    if (root.kind !== 'argument') return seen
    const isNamed = valueText(program, seen.code, root) !== undefined
    if (isNamed && !(seen.frame && isHelper(seen.frame))) return seen
    const next = callerOf(program, fault.frames, seen, root.index)
    if (!next) return seen
    seen = next
  }
  return seen
}

/** How far loops of memcpy() and its like are followed. */
const MOVED_MAX = 1n << 20n

/** The argument that a pointer of a loop has begun as: functions that copy put it aside, since they return it. */
function movedArgument(
  program: Program,
  { pointer, state, fault }: FaultingAccess,
): Origin | undefined {
  if (!pointer?.origin || rootOf(pointer.origin).kind !== 'unknown') return undefined
  const { arguments: passed } = getDisassembler(program.arch.name).convention
  const found = new Map<string, Origin>()
  for (const [name, origin] of state?.registers ?? []) {
    const start = fault.registers[name]
    const isAside = origin.kind === 'argument' && passed[origin.index] !== name
    if (!isAside || start === undefined) continue
    const by = BigInt.asIntN(64, pointer.value - start)
    if (by >= 0n && by < MOVED_MAX) found.set(origin.key, addressOrigin(origin, by))
  }
  return found.size === 1 ? [...found.values()][0] : undefined
}

function callerOf(
  program: Program,
  frames: readonly NamedFrame[],
  { origin, at }: Seen,
  argument: number,
): Seen | undefined {
  const entered = at && enteredFrom(program, frames, at)
  const passed = entered && passedOrigin(program, entered, argument)
  if (!entered || !passed) return undefined
  const { from, code, state } = entered
  const frame = frames[from.index]
  return {
    origin: addressOrigin(passed, offsetOf(origin)),
    ...{ code, state, at: from },
    // Who has jumped on has none.
    frame: frame && from.index === at.index ? { ...frame, ...nameOf(code) } : frame,
  }
}

const nameOf = ({ symbol }: FunctionFlow): Pick<NamedFrame, 'name' | 'module'> => ({
  name: symbol.name,
  module: symbol.module,
})

const rootOf = (origin: Origin): Origin => (origin.kind === 'address' ? origin.of : origin)
const offsetOf = (origin: Origin): bigint => (origin.kind === 'address' ? origin.offset : 0n)

function accessOffset({ operand }: FaultingAccess, origin: Origin | undefined): bigint | undefined {
  if (!operand || operand.index !== '') return undefined
  return BigInt.asIntN(64, operand.displacement) + (origin ? offsetOf(origin) : 0n)
}

function argumentText(program: Program, { symbol }: FunctionFlow, index: number): string {
  const prototype = functionPrototype(program, symbol)
  const parameter = prototype && parameterInRegister(prototype, index)
  return parameter ? `argument ${parameter.position + 1}` : ''
}

function holderOf(
  program: Program,
  code: FunctionFlow,
  { of, offset }: Extract<Origin, { kind: 'load' }>,
): PointedMember | undefined {
  const type = attempt(() => valueText(program, code, of))?.type
  return type && pointedMember(type, offset)
}

function placeOfLoad(
  program: Program,
  access: FaultingAccess,
  seen: Seen,
  { of, offset }: Extract<Origin, { kind: 'load' }>,
): bigint | undefined {
  const isHere = seen.code === access.code && seen.at?.index === 0
  const holder = isHere
    ? liveValue(program, access, of)
    : frameValue(program, access.fault.frames, seen.at, of)
  return holder === undefined ? undefined : wrap64(holder + offset)
}

/** What an origin's value is, by the registers that hold it where the fault was, or by memory as it is now. */
export function liveValue(
  program: Program,
  access: FaultingAccess,
  origin: Origin,
): bigint | undefined {
  const { state, fault } = access
  const at = standpointOf(program, fault.frames, 0)
  return originValue(program, origin, (part) => {
    for (const [name, known] of state?.registers ?? [])
      if (known.key === part.key && fault.registers[name] !== undefined)
        return fault.registers[name]
    return part.kind === 'argument' ? frameValue(program, fault.frames, at, part) : undefined
  })
}
