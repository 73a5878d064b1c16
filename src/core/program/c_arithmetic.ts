// Arithmetic of C on dumped values: integer promotion, pointers that count in elements. Source: ISO C 6.3.1.8, 6.5.
import { UsageError } from '../base/errors.ts'
import {
  sizeofType,
  stripType,
  type IntType,
  type PointerType,
  type Type,
} from '../debuginfo/type.ts'
import { KObject } from './kobject.ts'

const integer = (name: string, size: number, signed: boolean): IntType => ({
  kind: 'int',
  name,
  size,
  signed,
  bool: false,
  char: name === 'char',
})

/** `int`. */
export const INT = integer('int', 4, true)
/** `unsigned int`. */
export const UNSIGNED_INT = integer('unsigned int', 4, false)
/** `long`. */
export const LONG = integer('long int', 8, true)
/** `unsigned long`, the type of `sizeof`. */
export const UNSIGNED_LONG = integer('long unsigned int', 8, false)
/** `char`, the type gdb gives a character constant. */
export const CHAR = integer('char', 1, true)

const POINTER_SIZE = 8

/** `target *`. */
export const pointerTo = (target: Type): PointerType => ({
  kind: 'pointer',
  size: POINTER_SIZE,
  target,
})

/** The type of a literal: the first it fits of int, (unsigned where not decimal), long, unsigned long. */
export function literalType({
  text,
  value,
  unsigned,
  long,
}: {
  text: string
  value: bigint
  unsigned: boolean
  long: boolean
}): IntType {
  const decimal = !text.startsWith('0')
  if (!long) {
    if (!unsigned && value < 1n << 31n) return INT
    if ((unsigned || !decimal) && value < 1n << 32n) return UNSIGNED_INT
  }
  return !unsigned && value < 1n << 63n ? LONG : UNSIGNED_LONG
}

/** The number a scalar holds; arrays and functions are their address. @throws {UsageError} for structs */
export function scalarOf(object: KObject): bigint {
  const type = stripType(object.type)
  if (type.kind === 'array' || type.kind === 'function') return object.address
  if (type.kind === 'struct' || type.kind === 'union' || type.kind === 'float') {
    throw new UsageError(`a ${type.kind} is not a number`)
  }
  return object.bigint()
}

/** `-x`, `+x`, `~x`, `!x`. */
export function applyUnary(operator: string, operand: KObject): KObject {
  const value = scalarOf(operand)
  const type = promote(operand.type)
  switch (operator) {
    case '-':
      return valueOf(operand, type, -value)
    case '~':
      return valueOf(operand, type, ~value)
    case '!':
      return valueOf(operand, INT, BigInt(value === 0n))
    default:
      return valueOf(operand, type, value)
  }
}

/** `a op b` for every binary operator of C without side effects. */
export function applyBinary(operator: string, left: KObject, right: KObject): KObject {
  const leftElement = elementOf(left.type)
  const rightElement = elementOf(right.type)
  if (operator === '+' && leftElement) return movePointer(left, leftElement, scalarOf(right))
  if (operator === '+' && rightElement) return movePointer(right, rightElement, scalarOf(left))
  if (operator === '-' && leftElement) {
    if (!rightElement) return movePointer(left, leftElement, -scalarOf(right))
    const distance = BigInt.asIntN(64, scalarOf(left) - scalarOf(right))
    return valueOf(left, LONG, distance / BigInt(sizeofType(leftElement) || 1))
  }
  const type = commonType(promote(left.type), promote(right.type))
  const a = fit(type, scalarOf(left))
  const b = fit(type, scalarOf(right))
  const truth = compare(operator, a, b)
  if (truth !== undefined) return valueOf(left, INT, BigInt(truth))
  const shift = operator === '<<' || operator === '>>'
  return shift
    ? valueOf(left, promote(left.type), calculate(operator, scalarOf(left), b))
    : valueOf(left, type, calculate(operator, a, b))
}

function compare(operator: string, a: bigint, b: bigint): boolean | undefined {
  switch (operator) {
    case '==':
      return a === b
    case '!=':
      return a !== b
    case '<':
      return a < b
    case '>':
      return a > b
    case '<=':
      return a <= b
    case '>=':
      return a >= b
    case '&&':
      return a !== 0n && b !== 0n
    case '||':
      return a !== 0n || b !== 0n
    default:
      return undefined
  }
}

function calculate(operator: string, a: bigint, b: bigint): bigint {
  switch (operator) {
    case '+':
      return a + b
    case '-':
      return a - b
    case '*':
      return a * b
    case '/':
    case '%':
      if (b === 0n) throw new UsageError('division by zero')
      return operator === '/' ? a / b : a % b
    case '&':
      return a & b
    case '|':
      return a | b
    case '^':
      return a ^ b
    case '<<':
      return a << (b & 63n)
    default:
      return a >> (b & 63n)
  }
}

/** What a pointer or array counts in; undefined for numbers. */
function elementOf(type: Type): Type | undefined {
  const stripped = stripType(type)
  if (stripped.kind === 'pointer') return stripped.target
  if (stripped.kind === 'function') return stripped
  return stripped.kind === 'array' ? stripped.element : undefined
}

/** `pointer + count`; a `void *` counts bytes. */
function movePointer(pointer: KObject, element: Type, count: bigint): KObject {
  const size = BigInt(sizeofType(element) || 1)
  return valueOf(pointer, pointerTo(element), scalarOf(pointer) + count * size)
}

/** Integer promotion: what is smaller than int becomes int. */
function promote(type: Type): IntType {
  const stripped = stripType(type)
  if (stripped.kind === 'int' || stripped.kind === 'enum') {
    if (stripped.size < 4) return INT
    const { signed } = stripped
    return stripped.size > 4 ? (signed ? LONG : UNSIGNED_LONG) : signed ? INT : UNSIGNED_INT
  }
  return UNSIGNED_LONG
}

function commonType(a: IntType, b: IntType): IntType {
  if (a.size !== b.size) return a.size > b.size ? a : b
  return a.signed ? b : a
}

const fit = ({ size, signed }: IntType, value: bigint): bigint =>
  signed ? BigInt.asIntN(size * 8, value) : BigInt.asUintN(size * 8, value)

function valueOf({ program }: KObject, type: IntType | PointerType, value: bigint): KObject {
  const cut = type.kind === 'pointer' ? BigInt.asUintN(64, value) : fit(type, value)
  return new KObject(program, type, 0n, { value: cut })
}
