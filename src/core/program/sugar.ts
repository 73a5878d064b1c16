// The dump as a person types it at a prompt: `task.mm.pgd`, `k.init_task.comm`, numbers that are numbers. For scripts the
// typed way of KObject is better: there a wrong member is an error of the compiler.
import { toSafeNumber } from '../base/addr.ts'
import { NotFoundError } from '../base/errors.ts'
import { nearName } from '../base/near_name.ts'
import { stripType, type CompoundType, type Type } from '../debuginfo/type.ts'
import { formatExpression, isCharacter } from './format_object.ts'
import { KObject } from './kobject.ts'
import { Program } from './program.ts'

/** The object behind the sugar, by this property. */
const BARE = '$'
/** What JavaScript asks any object for, and no struct of the kernel should answer. */
const NOT_MEMBERS = ['then', 'constructor', 'toJSON', 'inspect', 'prototype', 'asymmetricMatch']
/** How node's prompt asks an object to show itself. */
const INSPECT = Symbol.for('nodejs.util.inspect.custom')
/** Members an array shows as its own; the rest is there all the same. */
const OWN_ELEMENTS_MAX = 1000

/**
 * Sweeten a value.
 *
 * Of an object: integers become numbers (bigints above 2^53), enums their names, `char[]` and `char *` text, pointers to
 * structs the structs, NULL null, other pointers bigints; structs and arrays get their members as properties. What is
 * iterated or kept in arrays and plain objects is sweetened inside. Everything else stays.
 */
export function sugar(value: unknown): unknown {
  if (value instanceof KObject) return sugarObject(value)
  if (Array.isArray(value)) return value.map(sugar)
  if (typeof value !== 'object' || value === null) return value
  if (isIterator(value)) return sugarEach(value)
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype) return value
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, sugar(inner)]))
}

/** The object behind a sweetened one; anything else as it is. */
export function unsugar(value: unknown): unknown {
  const isObject = typeof value === 'object' && value !== null
  return (isObject && bare.get(value)) || value
}

/**
 * Sweeten a helper: what it takes and gives is sweet, and the program need not be said: `findTask(1).comm`.
 */
export function sugarFunction(
  program: Program,
  helper: (...args: unknown[]) => unknown,
): (...args: unknown[]) => unknown {
  const takesProgram = /^[^(]*\(\s*program\d*\b/.test(Function.prototype.toString.call(helper))
  return (...args) => {
    const plain = args.map(unsugar)
    const isGiven = plain[0] instanceof Program
    return sugar(helper(...(takesProgram && !isGiven ? [program, ...plain] : plain)))
  }
}

/** Global variables as properties: `k.jiffies`, `k.init_task.comm`. A variable of unknown type is its address. */
export function sugarGlobals(program: Program): object {
  return new Proxy(Object.create(null) as object, {
    get(_, name) {
      if (typeof name !== 'string' || NOT_MEMBERS.includes(name)) return undefined
      const symbol = program.findSymbol(name)
      if (!symbol) throw new NotFoundError('symbol', name)
      return program.findGlobalType(name) ? sugar(program.object(name)) : symbol.address
    },
    has: (_, name) => typeof name === 'string' && program.findSymbol(name) !== undefined,
  })
}

const bare = new WeakMap<object, KObject>()

function sugarObject(object: KObject): unknown {
  const type = stripType(object.type)
  switch (type.kind) {
    case 'int': {
      if (type.bool) return object.bool()
      const value = object.bigint()
      return toSafeNumber(value) ?? value
    }
    case 'enum':
      return object.enumName() ?? object.number()
    case 'pointer':
      return sugarPointer(object, stripType(type.target))
    case 'array':
      return isCharacter(type.element) ? object.string() : sugarArray(object, type.length)
    case 'struct':
    case 'union':
      return sugarStruct(object, type)
    default:
      return object.address
  }
}

function sugarPointer(object: KObject, target: Type): unknown {
  if (object.isNull()) return null
  if (target.kind === 'struct' || target.kind === 'union')
    return sugarStruct(object.deref(), target)
  if (target.kind === 'pointer') return sugarArray(object, 0)
  return isCharacter(target) ? object.string() : object.pointer()
}

function sugarStruct(object: KObject, type: CompoundType): object {
  const names = (): string[] => Array.from(type.memberIndex.keys(), String)
  return register(
    object,
    new Proxy(inspectable(object), {
      get(_, name) {
        if (typeof name === 'symbol') return sugarSymbol(object, name)
        if (type.memberIndex.has(name)) return sugar(object.get(name))
        if (name === BARE) return object
        if (NOT_MEMBERS.includes(name)) return undefined
        const near = nearName(name, names())
        const hint = near === undefined ? '' : ` (did you mean ${near}?)`
        throw new NotFoundError('member', `${type.kind} ${type.name} has no ${name}${hint}`)
      },
      has: (_, name) => typeof name === 'string' && type.memberIndex.has(name),
      ownKeys: names,
      getOwnPropertyDescriptor: (_, name) => ({
        configurable: true,
        enumerable: true,
        get: () => (typeof name === 'string' ? sugar(object.get(name)) : undefined),
      }),
    }),
  )
}

/** `length` is 0 where it is not declared: the elements are there all the same. */
function sugarArray(object: KObject, length: number): object {
  return register(
    object,
    new Proxy(inspectable(object), {
      get(_, name) {
        if (name === Symbol.iterator) return () => sugarEach(object[Symbol.iterator]())
        if (typeof name === 'symbol') return sugarSymbol(object, name)
        if (/^\d{1,9}$/.test(name)) return sugar(object.at(Number(name)))
        if (name === 'length') return length
        return name === BARE ? object : undefined
      },
      has: (_, name) => typeof name === 'string' && Number(name) < length,
      ownKeys: () => Array.from({ length: Math.min(length, OWN_ELEMENTS_MAX) }, (_, i) => `${i}`),
      getOwnPropertyDescriptor: (_, name) => ({
        configurable: true,
        enumerable: true,
        get: () => sugar(object.at(Number(name))),
      }),
    }),
  )
}

function register(object: KObject, proxy: object): object {
  bare.set(proxy, object)
  return proxy
}

/** At node's prompt it shows as `p` would; node looks behind the proxy for that. */
function inspectable(object: KObject): object {
  const value = (): string => formatExpression(object, { radix: 10 })
  return Object.create(null, { [INSPECT]: { value, configurable: true } }) as object
}

/** `${task}` and `task + 8n` are its address. */
function sugarSymbol(object: KObject, name: symbol): unknown {
  if (name !== Symbol.toPrimitive) return undefined
  return (hint: string) => (hint === 'string' ? `0x${object.address.toString(16)}` : object.address)
}

const isIterator = (value: object): value is Iterable<unknown> =>
  Symbol.iterator in value && 'next' in value

function* sugarEach(values: Iterable<unknown>): Generator<unknown> {
  for (const value of values) yield sugar(value)
}
