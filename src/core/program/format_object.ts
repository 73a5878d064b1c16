// Objects as text in C syntax, the way gdb and crash lay them out.
// A member that cannot be read shows why, `(excluded)`; the rest of the struct goes on.
import { wrap64 } from '../base/addr.ts'
import { CorruptError, FaultError, KdumpError } from '../base/errors.ts'
import { formatHex } from '../base/hex.ts'
import { cellFault } from '../base/table.ts'
import {
  sizeofType,
  stripType,
  type ArrayType,
  type CompoundType,
  type EnumType,
  type Type,
} from '../debuginfo/type.ts'
import { formatCharacter, formatString } from './c_text.ts'
import { formatType } from './format_type.ts'
import { KObject } from './kobject.ts'

/** How values are shown. */
export interface FormatOptions {
  readonly radix: 10 | 16
  /** Array elements and string characters shown at most; crash's print_max. */
  readonly elementsMax?: number
  /** One array element a line; crash's print_array. */
  readonly arrayLines?: boolean
  /** End strings at their first NUL; crash's null-stop. */
  readonly stopAtNul?: boolean
}

const ELEMENTS_MAX_DEFAULT = 256
/** Values formatted in one go: arrays of arrays of structs multiply. */
const VALUE_LIMIT = 200_000
const DEPTH_LIMIT = 64
/** How far into a variable of unknown type a pointer is believed to point. */
const UNKNOWN_REACH = 16 * 1024

/**
 * Format an object as C: `{` members `}` over several lines, or one value.
 *
 * What cannot be read shows why; see {@link checkReadable} for objects that are not there at all.
 *
 * @param indent columns the braces stand at
 */
export function formatObject(object: KObject, options: FormatOptions, indent = 0): string {
  return new Formatter(options).format(object, indent)
}

/** As {@link formatObject}, a pointer with its type before it: `(struct list_head *) 0xffff… <init_task+8>`. */
export function formatExpression(object: KObject, options: FormatOptions): string {
  const type = stripType(object.type)
  if (type.kind === 'function') {
    return `{${formatType(type)}} ${formatHex(object.address)}${formatSymbol(object, object.address)}`
  }
  const text = formatObject(object, options)
  const plain = type.kind !== 'pointer' || isCharacter(type.target)
  return plain ? text : `(${formatType(object.type)}) ${text}`
}

/**
 * Format `<name+8>` with a leading space, '' if no symbol is there.
 *
 * Symbols of a dump have no sizes, so one that is followed by unnamed data (strings) seems to reach over it:
 * inside a variable only what its type covers counts, or what is near.
 */
export function formatSymbol({ program }: KObject, address: bigint, isText = false): string {
  if (!program.arch.isKernelAddress(address)) return ''
  const symbol = program.symbolAt(address)
  if (!symbol) return ''
  const offset = address - symbol.address
  if (offset === 0n) return ` <${symbol.name}>`
  if (!/^[tTwW]$/.test(symbol.type)) {
    const type = program.findGlobalType(symbol.name)
    const unknownReach = isText ? 0 : UNKNOWN_REACH
    if (offset > BigInt(type ? sizeofType(type) : unknownReach)) return ''
  }
  return ` <${symbol.name}+${offset}>`
}

/**
 * Check that there is something of an object to show.
 *
 * @throws {FaultError} if neither its first nor its last byte can be read
 */
export function checkReadable(object: KObject): void {
  const size = sizeofType(object.type)
  if (size === 0 || object.isValue) return
  try {
    object.memory.u8(object.address)
  } catch (error) {
    if (!(error instanceof FaultError) || isReadable(object, BigInt(size - 1))) return
    throw error
  }
}

function isReadable({ memory, address }: KObject, offset: bigint): boolean {
  try {
    memory.u8(wrap64(address + offset))
    return true
  } catch {
    return false
  }
}

class Formatter {
  readonly #options: FormatOptions
  readonly #elementsMax: number
  #valuesLeft = VALUE_LIMIT

  constructor(options: FormatOptions) {
    this.#options = options
    this.#elementsMax = options.elementsMax ?? ELEMENTS_MAX_DEFAULT
  }

  format(object: KObject, indent: number): string {
    if (this.#valuesLeft-- <= 0 || indent > 2 * DEPTH_LIMIT) return '...'
    try {
      return this.#value(object, indent)
    } catch (error) {
      if (!(error instanceof KdumpError)) throw error
      return `(${cellFault(error).fault})`
    }
  }

  #value(object: KObject, indent: number): string {
    const type = stripType(object.type)
    switch (type.kind) {
      case 'struct':
      case 'union':
        return this.#compound(object, type, indent)
      case 'array':
        return this.#array(object, type, indent)
      case 'pointer':
        return this.#pointer(object, type.target)
      case 'enum':
        return this.#enum(object, type)
      case 'float':
        return formatFloat(object.bytes(), object.memory.littleEndian)
      case 'int':
        return this.#integer(object, type)
      case 'function':
        return `${formatHex(object.address)}${formatSymbol(object, object.address)}`
      default:
        return '<incomplete type>'
    }
  }

  #compound(object: KObject, type: CompoundType, indent: number): string {
    if (type.members.length === 0) return '{<No data fields>}'
    const pad = ' '.repeat(indent + 2)
    const parts = type.members.map((member) => {
      const address = wrap64(object.address + BigInt(Math.floor(member.bitOffset / 8)))
      const options =
        member.bitSize === 0
          ? { memory: object.memory }
          : { memory: object.memory, bits: { shift: member.bitOffset % 8, size: member.bitSize } }
      const value = this.format(
        new KObject(object.program, member.type, address, options),
        indent + 2,
      )
      return `${pad}${member.name === '' ? '' : `${member.name} = `}${value}`
    })
    return `{\n${parts.join(',\n')}\n${' '.repeat(indent)}}`
  }

  #array(object: KObject, type: ArrayType, indent: number): string {
    if (type.length === 0) {
      const start = formatHex(object.address)
      return `${start}${formatSymbol(object, object.address)}${isCharacter(type.element) ? this.#text(object, object.address) : ''}`
    }
    if (isCharacter(type.element)) return this.#characters(object, type)
    const count = Math.min(type.length, this.#elementsMax)
    const parts: string[] = []
    for (let i = 0; i < count && this.#valuesLeft > 0; i++)
      parts.push(this.format(object.at(i), indent + 2))
    const separator = this.#options.arrayLines ? `,\n${' '.repeat(indent + 2)}` : ', '
    return `{${parts.join(separator)}${parts.length < type.length ? '...' : ''}}`
  }

  /** `char[]`: its NULs too, but the last. */
  #characters(object: KObject, type: ArrayType): string {
    const count = Math.min(type.length, this.#elementsMax)
    let bytes = new Uint8Array(count)
    object.memory.readVirtual(object.address, bytes)
    let cut = count < type.length
    if (this.#options.stopAtNul && bytes.includes(0)) {
      bytes = bytes.subarray(0, bytes.indexOf(0))
      cut = false
    } else if (!cut && bytes.at(-1) === 0) bytes = bytes.subarray(0, -1)
    return `${formatString(bytes)}${cut ? '...' : ''}`
  }

  #pointer(object: KObject, target: Type): string {
    const value = object.pointer()
    const text = isCharacter(target) && value !== 0n ? this.#text(object, value) : ''
    return `${formatHex(value)}${formatSymbol(object, value, text !== '')}${text}`
  }

  /** ` "text"` behind a pointer. */
  #text({ program }: KObject, address: bigint): string {
    try {
      const bytes = program.memory.cstringBytes(address, this.#elementsMax)
      return ` ${formatString(bytes)}${bytes.length === this.#elementsMax ? '...' : ''}`
    } catch (error) {
      if (!(error instanceof FaultError || error instanceof CorruptError)) throw error
      return ` (${cellFault(error).fault})`
    }
  }

  #integer(
    object: KObject,
    type: { size: number; signed: boolean; bool: boolean; char: boolean },
  ): string {
    if (type.size > 8) return formatWide(object, type.signed)
    const value = object.bigint()
    if (this.#options.radix === 16) return formatHex(BigInt.asUintN(type.size * 8, value))
    if (type.bool && value <= 1n) return value === 0n ? 'false' : 'true'
    if (type.size !== 1 || type.bool) return `${value}`
    return `${value} ${formatCharacter(Number(BigInt.asUintN(8, value)))}`
  }

  #enum(object: KObject, type: EnumType): string {
    const value = object.bigint()
    const exact = type.values.find((item) => item.value === value)
    if (exact) return exact.name
    return isFlagEnum(type) && value > 0n ? formatFlags(type, value) : `${value}`
  }
}

/** Is every value of the enum a bit of its own? */
function isFlagEnum({ values }: EnumType): boolean {
  let seen = 0n
  for (const { value } of values) {
    if (value < 0n || (value & (value - 1n)) !== 0n || (seen & value) !== 0n) return false
    seen |= value
  }
  return seen !== 0n
}

function formatFlags({ values }: EnumType, value: bigint): string {
  const names = values.filter((item) => (item.value & value) !== 0n)
  const unknown = names.reduce((rest, item) => rest & ~item.value, value)
  const parts = names.map(({ name }) => name)
  if (unknown !== 0n) parts.push(`unknown: ${formatHex(unknown)}`)
  return `(${parts.join(' | ')})`
}

/** `__int128`, which no KObject accessor reads. */
function formatWide(object: KObject, signed: boolean): string {
  const bytes = object.bytes()
  if (object.memory.littleEndian) bytes.reverse()
  const value = bytes.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n)
  return `${signed ? BigInt.asIntN(bytes.length * 8, value) : value}`
}

function formatFloat(bytes: Uint8Array, littleEndian: boolean): string {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  if (bytes.length === 8) return `${view.getFloat64(0, littleEndian)}`
  if (bytes.length === 4) return `${view.getFloat32(0, littleEndian)}`
  return '<float>'
}

/** Text to gdb: any integer of one byte, `u8` and `unsigned char` included, but not bool. @internal */
export function isCharacter(type: Type): boolean {
  const stripped = stripType(type)
  return stripped.kind === 'int' && stripped.size === 1 && !stripped.bool
}
