// Objects as plain data for JSON: structs as objects, arrays as arrays, addresses as hex text.
import { wrap64, toSafeNumber } from '../base/addr.ts'
import { KdumpError } from '../base/errors.ts'
import { formatHex } from '../base/hex.ts'
import { cellFault } from '../base/table.ts'
import { decodeCString } from '../base/text.ts'
import { stripType, type CompoundType, type Type } from '../debuginfo/type.ts'
import { isCharacter } from './format_object.ts'
import { KObject } from './kobject.ts'

/** What JSON can hold. */
export type Plain =
  | string
  | number
  | boolean
  | null
  | readonly Plain[]
  | { readonly [key: string]: Plain }

const ELEMENTS_MAX = 4096
const DEPTH_LIMIT = 64

/**
 * Copy an object, or the member at `path`, out of the dump.
 *
 * Integers beyond 2^53 are decimal text, pointers hex text; a member that faults is `{ "fault": "excluded" }`.
 */
export function toPlain(object: KObject, path?: string): Plain {
  try {
    return plainAt(path === undefined ? object : object.get(path), 0)
  } catch (error) {
    if (!(error instanceof KdumpError)) throw error
    return { ...cellFault(error) }
  }
}

function plainAt(object: KObject, depth: number): Plain {
  if (depth > DEPTH_LIMIT) return null
  try {
    return plainValue(object, stripType(object.type), depth)
  } catch (error) {
    if (!(error instanceof KdumpError)) throw error
    return { ...cellFault(error) }
  }
}

function plainValue(object: KObject, type: ReturnType<typeof stripType>, depth: number): Plain {
  switch (type.kind) {
    case 'struct':
    case 'union':
      return plainCompound(object, type, depth)
    case 'array':
      if (isCharacter(type.element) && isPlainChar(type.element))
        return decodeCString(object.bytes())
      return Array.from({ length: Math.min(type.length, ELEMENTS_MAX) }, (_, i) =>
        plainAt(object.at(i), depth + 1),
      )
    case 'pointer':
      return formatHex(object.pointer())
    case 'enum':
      return object.enumName() ?? plainInteger(object.bigint())
    case 'int':
      if (type.size > 8) return null
      return type.bool ? object.bool() : plainInteger(object.bigint())
    case 'function':
      return formatHex(object.address)
    default:
      return null
  }
}

/** Members of anonymous structs count as the outer one's own. */
function plainCompound(object: KObject, type: CompoundType, depth: number): Plain {
  const result: Record<string, Plain> = {}
  for (const member of type.members) {
    const address = wrap64(object.address + BigInt(Math.floor(member.bitOffset / 8)))
    const bits = { shift: member.bitOffset % 8, size: member.bitSize }
    const { memory } = object
    const options = member.bitSize === 0 ? { memory } : { memory, bits }
    const value = plainAt(new KObject(object.program, member.type, address, options), depth + 1)
    if (member.name !== '') result[member.name] = value
    else if (typeof value === 'object') Object.assign(result, value)
  }
  return result
}

/** `char`, as opposed to `u8`: text, not bytes. */
function isPlainChar(type: Type): boolean {
  const stripped = stripType(type)
  return stripped.kind === 'int' && stripped.name === 'char'
}

/** A number where exact, else decimal text. */
export const plainInteger = (value: bigint): number | string => toSafeNumber(value) ?? `${value}`
