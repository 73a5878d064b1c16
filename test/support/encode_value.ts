// Values of a recipe as bytes of C objects: structs member by member, `char[]` as text, pointers by name.
import {
  sizeofType,
  stripType,
  type CompoundType,
  type Type,
} from '../../src/core/debuginfo/type.ts'
import { findMemberPlan } from '../../src/core/program/member_path.ts'

/** What a member is given: a number, text, '&name' for an address, elements, or members by name or path. */
export type Value =
  | bigint
  | number
  | boolean
  | string
  | readonly Value[]
  | { readonly [member: string]: Value }

/** Bytes to store at an offset; with a mask only its bits are. */
export interface Piece {
  readonly offset: number
  readonly bytes: Uint8Array
  readonly mask?: Uint8Array
}

/** What values refer to. */
export interface EncodeContext {
  addressOf(reference: string): bigint
  placeString(text: string): bigint
}

/** Encode `value` as `type`; what the value does not name is left alone. */
export function* encodeValue(
  type: Type,
  value: Value,
  context: EncodeContext,
  offset = 0,
): Generator<Piece> {
  const stripped = stripType(type)
  switch (stripped.kind) {
    case 'struct':
    case 'union':
      yield* encodeCompound(stripped, value, context, offset)
      return
    case 'array':
      if (typeof value === 'string') {
        yield { offset, bytes: new TextEncoder().encode(value) }
        return
      }
      if (!Array.isArray(value)) throw new Error(`${JSON.stringify(value)} is no array`)
      for (const [i, element] of value.entries()) {
        const at = offset + i * sizeofType(stripped.element)
        yield* encodeValue(stripped.element, element as Value, context, at)
      }
      return
    default:
      yield { offset, bytes: encodeScalar(sizeofType(type), scalarOf(stripped, value, context)) }
  }
}

function* encodeCompound(
  type: CompoundType,
  value: Value,
  context: EncodeContext,
  offset: number,
): Generator<Piece> {
  if (typeof value !== 'object' || Array.isArray(value)) {
    throw new Error(`struct ${type.name} is not ${String(value)}`)
  }
  for (const [path, part] of Object.entries(value)) {
    const plan = findMemberPlan(type, path)
    if (!plan || plan.hops.length > 0) throw new Error(`struct ${type.name} has no ${path}`)
    const at = offset + plan.offset
    if (plan.bitSize === 0) yield* encodeValue(plan.type, part, context, at)
    else yield encodeBits(at, plan.bitShift, plan.bitSize, BigInt(part as number))
  }
}

function encodeBits(offset: number, shift: number, size: number, value: bigint): Piece {
  const length = Math.ceil((shift + size) / 8)
  const ones = ((1n << BigInt(size)) - 1n) << BigInt(shift)
  return {
    offset,
    bytes: encodeScalar(length, (value << BigInt(shift)) & ones),
    mask: encodeScalar(length, ones),
  }
}

function scalarOf(type: Type, value: Value, context: EncodeContext): bigint {
  if (typeof value === 'bigint' || typeof value === 'number' || typeof value === 'boolean') {
    return BigInt(value)
  }
  if (typeof value !== 'string') throw new Error(`${JSON.stringify(value)} is no scalar`)
  if (value.startsWith('&')) return context.addressOf(value.slice(1))
  if (type.kind === 'enum') {
    const constant = type.values.find(({ name }) => name === value)
    if (constant) return constant.value
  }
  if (type.kind === 'pointer') return context.placeString(value)
  throw new Error(`'${value}' is no ${type.kind}`)
}

/** A number as `size` little-endian bytes. */
export function encodeScalar(size: number, value: bigint): Uint8Array {
  const bytes = new Uint8Array(size)
  for (let i = 0; i < size; i++) bytes[i] = Number((value >> BigInt(8 * i)) & 0xffn)
  return bytes
}
