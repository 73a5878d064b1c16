// C expressions over a dumped kernel, as a debugger takes them: `((struct task_struct *)x)->comm[0]`, `sizeof(struct page)`.
// Knows the C language; symbols and types come from the program. Source: ISO C 6.5; gdb's `@` and `$N`.
import { wrap64 } from '../base/addr.ts'
import { NotFoundError, UsageError } from '../base/errors.ts'
import type { KernelSymbol } from '../debuginfo/symbol_index.ts'
import { sizeofType, stripType, VOID, type FunctionType, type Type } from '../debuginfo/type.ts'
import {
  applyBinary,
  applyUnary,
  CHAR,
  literalType,
  pointerTo,
  scalarOf,
  UNSIGNED_LONG,
} from './c_arithmetic.ts'
import { lexExpression, type Token } from './c_lexer.ts'
import { isCharacter } from './format_object.ts'
import { KObject } from './kobject.ts'
import type { Program } from './program.ts'

/** What a caller adds to the language. */
export interface EvaluateOptions {
  /** Looked up before symbols: percpu variables of one CPU, `$1`. */
  readonly resolve?: (name: string) => KObject | undefined
}

/** How deep parentheses and prefixes nest. */
const NESTING_LIMIT = 200
/** A `char []` variable is shown up to here. */
const TEXT_SIZE_MAX = 4096
/** Elements `@` makes at most. */
const REPEAT_LIMIT = 1_000_000

/**
 * Evaluate an expression.
 *
 * A symbol without known type may be cast, `(struct foo)sym`, or have its address taken.
 *
 * @returns a value, or the object an lvalue names, not read yet
 * @throws {UsageError} if it is no expression
 * @throws {NotFoundError} for a name the dump does not have
 */
export function evaluate(program: Program, text: string, options: EvaluateOptions = {}): KObject {
  const evaluator = new Evaluator(program, lexExpression(text), options)
  return evaluator.whole(text)
}

/** A symbol whose type nothing tells. */
interface Untyped {
  readonly name: string
  readonly address: bigint
}
type Operand = KObject | Untyped

const isUntyped = (operand: Operand): operand is Untyped => !(operand instanceof KObject)

/** Binary operators by precedence, loosest first. */
const LEVELS: readonly (readonly string[])[] = [
  ['||'],
  ['&&'],
  ['|'],
  ['^'],
  ['&'],
  ['==', '!='],
  ['<', '>', '<=', '>='],
  ['<<', '>>'],
  ['@'],
  ['+', '-'],
  ['*', '/', '%'],
]

class Evaluator {
  readonly #program: Program
  readonly #tokens: readonly Token[]
  readonly #options: EvaluateOptions
  #at = 0
  #nesting = 0

  constructor(program: Program, tokens: readonly Token[], options: EvaluateOptions) {
    this.#program = program
    this.#tokens = tokens
    this.#options = options
  }

  whole(text: string): KObject {
    const value = this.#binary(0)
    if (this.#token.kind !== 'end')
      throw new UsageError(`invalid expression: ${text} (at ${this.#token.text})`)
    return this.#typed(value)
  }

  get #token(): Token {
    return this.#tokens[this.#at] as Token
  }

  #binary(level: number): Operand {
    const operators = LEVELS[level]
    if (!operators) return this.#unary()
    let left = this.#binary(level + 1)
    while (this.#token.kind === 'operator' && operators.includes(this.#token.text)) {
      const operator = this.#next().text
      const right = this.#typed(this.#binary(level + 1))
      left =
        operator === '@'
          ? this.#repeat(left, right)
          : applyBinary(operator, this.#typed(left), right)
    }
    return left
  }

  #unary(): Operand {
    if (++this.#nesting > NESTING_LIMIT) throw new UsageError('expression nests too deeply')
    try {
      return this.#prefixed()
    } finally {
      this.#nesting--
    }
  }

  #prefixed(): Operand {
    const { kind, text } = this.#token
    if (kind === 'name' && text === 'sizeof') return this.#sizeof()
    if (kind !== 'operator') return this.#postfix()
    if (text === '(') {
      const type = this.#castType()
      return type ? this.#cast(this.#unary(), type) : this.#postfix()
    }
    if (!['-', '+', '~', '!', '*', '&'].includes(text)) return this.#postfix()
    this.#at++
    const operand = this.#unary()
    if (text === '*') return this.#dereference(this.#typed(operand))
    if (text === '&') return this.#addressOf(operand)
    return applyUnary(text, this.#typed(operand))
  }

  #postfix(): Operand {
    let value = this.#primary()
    for (;;) {
      if (this.#take('.')) value = this.#member(this.#typed(value))
      else if (this.#take('->')) value = this.#member(this.#typed(value))
      else if (this.#take('[')) {
        const index = scalarOf(this.#typed(this.#binary(0)))
        this.#expect(']')
        value = this.#element(this.#typed(value), index)
      } else return value
    }
  }

  #primary(): Operand {
    const token = this.#next()
    switch (token.kind) {
      case 'number':
        return new KObject(this.#program, literalType(token), 0n, { value: token.value })
      case 'character':
        return new KObject(this.#program, CHAR, 0n, { value: token.value })
      case 'name':
        return this.#name(token.text)
      case 'operator':
        if (token.text === '(') {
          const inner = this.#binary(0)
          this.#expect(')')
          return inner
        }
        throw new UsageError(`invalid expression at ${token.text}`)
      default:
        throw new UsageError('expression ends too early')
    }
  }

  #name(name: string): Operand {
    const resolved = this.#options.resolve?.(name)
    if (resolved) return resolved
    const symbol = this.#program.findSymbol(name)
    if (symbol) {
      const type = this.#program.findGlobalType(name) ?? this.#functionType(name, symbol.type)
      if (!type) return { name, address: symbol.address }
      return new KObject(this.#program, this.#sizedType(type, symbol), symbol.address)
    }
    const constant = this.#enumConstant(name)
    if (constant) return constant
    throw new NotFoundError('symbol', name)
  }

  /**
   * An array is as long as its symbol at most: `char linux_banner[]` has no length of its own, and tables grow
   * from kernel to kernel. Text ends at its NUL.
   */
  #sizedType(type: Type, { address, size }: KernelSymbol): Type {
    const array = stripType(type)
    const elementSize = array.kind === 'array' ? sizeofType(array.element) : 0
    if (array.kind !== 'array' || elementSize === 0) return type
    const fits = Math.floor(size / elementSize)
    if (array.length > 0) return fits > 0 && fits < array.length ? { ...array, length: fits } : type
    if (!isCharacter(array.element)) return { ...array, length: fits }
    const text = this.#program.memory.cstringBytes(address, TEXT_SIZE_MAX)
    return { ...array, length: text.length + 1 }
  }

  #functionType(name: string, letter: string): Type | undefined {
    if (!/^[tTwW]$/.test(letter)) return undefined
    for (const provider of this.#program.typeProviders()) {
      const found = provider.findFunction(name)
      if (found) return found
    }
    const unknown: FunctionType = {
      kind: 'function',
      returns: VOID,
      parameters: [],
      variadic: true,
    }
    return unknown
  }

  #enumConstant(name: string): KObject | undefined {
    for (const provider of this.#program.typeProviders()) {
      for (const type of provider.forEachNamed('enum')) {
        if (type.kind !== 'enum') continue
        const item = type.values.find((value) => value.name === name)
        if (item) return new KObject(this.#program, type, 0n, { value: item.value })
      }
    }
    return undefined
  }

  #member(holder: KObject): KObject {
    const { kind, text } = this.#next()
    if (kind !== 'name') throw new UsageError(`no member name behind . or ->: ${text}`)
    const type = stripType(holder.type)
    // Not get() of the pointer: `&((struct foo *)0)->bar` is an offset, not a fault.
    if (type.kind === 'pointer')
      return new KObject(this.#program, type.target, holder.pointer()).get(text)
    return holder.get(text)
  }

  #element(base: KObject, index: bigint): KObject {
    const type = stripType(base.type)
    if (type.kind !== 'pointer' && type.kind !== 'array')
      throw new UsageError('what is indexed is no array or pointer')
    return base.at(Number(BigInt.asIntN(64, index)))
  }

  #dereference(pointer: KObject): KObject {
    const type = stripType(pointer.type)
    if (type.kind === 'array') return pointer.at(0)
    if (type.kind === 'function') return pointer
    if (type.kind === 'pointer') return pointer.deref()
    if (type.kind !== 'int') throw new UsageError('what * is applied to is no pointer')
    // As gdb: a number is the address of a long.
    return new KObject(this.#program, this.#program.type('long'), scalarOf(pointer))
  }

  #addressOf(operand: Operand): KObject {
    const target = isUntyped(operand) ? VOID : operand.type
    if (!isUntyped(operand) && operand.address === 0n && operand.isValue) {
      throw new UsageError('what & is applied to has no address')
    }
    return new KObject(this.#program, pointerTo(target), 0n, { value: operand.address })
  }

  #cast(operand: Operand, type: Type): KObject {
    // A symbol of unknown type is seen as what the person says it is.
    if (isUntyped(operand)) return new KObject(this.#program, type, operand.address)
    const target = stripType(type)
    if (target.kind === 'struct' || target.kind === 'union' || target.kind === 'array') {
      const from = stripType(operand.type)
      const isAddress = operand.isValue || from.kind === 'pointer'
      return new KObject(
        this.#program,
        type,
        isAddress ? BigInt.asUintN(64, scalarOf(operand)) : operand.address,
      )
    }
    const bits = sizeofType(type) * 8
    if (bits === 0 || bits > 64) throw new UsageError('cannot cast to this type')
    const value = scalarOf(operand)
    const signed = (target.kind === 'int' || target.kind === 'enum') && target.signed
    const cut = signed ? BigInt.asIntN(bits, value) : BigInt.asUintN(bits, value)
    return new KObject(this.#program, type, 0n, {
      value: target.kind === 'int' && target.bool ? BigInt(value !== 0n) : cut,
    })
  }

  #repeat(operand: Operand, count: KObject): KObject {
    const first = this.#typed(operand)
    const length = Number(scalarOf(count))
    if (first.isValue || !(length > 0 && length <= REPEAT_LIMIT)) {
      throw new UsageError('@ needs an object in memory on its left and a count on its right')
    }
    return new KObject(
      this.#program,
      { kind: 'array', element: first.type, length },
      first.address,
      { memory: first.memory },
    )
  }

  #sizeof(): KObject {
    this.#at++
    const type = this.#castType() ?? this.#typed(this.#unary()).type
    return new KObject(this.#program, UNSIGNED_LONG, 0n, { value: BigInt(sizeofType(type)) })
  }

  /** `(type)` at the cursor, or undefined if what stands there is an expression in parentheses. */
  #castType(): Type | undefined {
    const start = this.#at
    if (!this.#take('(')) return undefined
    const words: string[] = []
    while (this.#token.kind === 'name') words.push(this.#next().text)
    const name = words.filter((word) => word !== 'const' && word !== 'volatile').join(' ')
    const isTag = /^(struct|union|enum) /.test(name)
    const type =
      words.length === 0 || (!isTag && this.#isSymbol(name))
        ? undefined
        : this.#program.findType(name)
    const shaped = type && this.#declarators(type)
    if (shaped && this.#take(')')) return shaped
    if (isTag) throw new NotFoundError('type', name)
    this.#at = start
    return undefined
  }

  /** `* *`, `[3]` behind a type name. */
  #declarators(base: Type): Type {
    let type = base
    while (this.#take('*')) type = pointerTo(type)
    const start = this.#at
    if (!this.#take('[')) return type
    const { kind, text } = this.#next()
    if (kind === 'number' && this.#take(']'))
      return { kind: 'array', element: type, length: Number(text) }
    this.#at = start
    return type
  }

  #isSymbol(name: string): boolean {
    return (
      this.#options.resolve?.(name) !== undefined || this.#program.findSymbol(name) !== undefined
    )
  }

  #typed(operand: Operand): KObject {
    if (!isUntyped(operand)) return operand
    const { name } = operand
    throw new UsageError(
      `the dump does not say the type of '${name}': give one, as in 'p (int)${name}' or 'p *(struct list_head *)&${name}'`,
    )
  }

  #next(): Token {
    const token = this.#token
    if (token.kind !== 'end') this.#at++
    return token
  }

  #take(operator: string): boolean {
    if (this.#token.kind !== 'operator' || this.#token.text !== operator) return false
    this.#at++
    return true
  }

  #expect(operator: string): void {
    if (!this.#take(operator))
      throw new UsageError(`expected ${operator} before '${this.#token.text || 'the end'}'`)
  }
}

/** The address a value or object stands for: what a pointer points to, a number itself, an object's own place. */
export function addressOf(object: KObject): bigint {
  const type = stripType(object.type)
  if (type.kind === 'pointer' || object.isValue) return wrap64(scalarOf(object))
  return object.address
}
