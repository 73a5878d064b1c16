// C types as text: declarations (`int (*poll)(struct file *)`) and whole definitions, in gdb's spelling.
import { TYPE_DEPTH_LIMIT } from '../debuginfo/type.ts'
import type { CompoundType, EnumType, FunctionType, Member, Type } from '../debuginfo/type.ts'

/** One line of a definition. */
export interface DefinitionLine {
  /** Nesting: 0 for the outermost braces. */
  readonly depth: number
  readonly text: string
  /** Bits from the start of the outermost type; undefined for lines that declare no member. */
  readonly bitOffset: number | undefined
}

/** BTF has GCC's names of the basic types; people write, and gdb prints, the shorter ones. */
const SPELLING: Readonly<Record<string, string>> = {
  'long int': 'long',
  'long unsigned int': 'unsigned long',
  'long long int': 'long long',
  'long long unsigned int': 'unsigned long long',
  'short int': 'short',
  'short unsigned int': 'unsigned short',
  _Bool: 'bool',
  '__int128 unsigned': 'unsigned __int128',
}

/**
 * Format a declaration of `name`, or the bare type if there is no name.
 *
 * Anonymous structs show as `struct {...}`.
 */
export function formatType(type: Type, name = ''): string {
  const { base, declarator } = splitDeclarator(type, name)
  return join(baseName(base), declarator)
}

/**
 * Walk the lines of a definition: `struct list_head {`, its members, `}`; typedefs and enums alike.
 *
 * @yields lines in order; a type that has no body is one line
 */
export function* formatDefinition(type: Type): Generator<DefinitionLine> {
  const isTypedef = type.kind === 'typedef'
  const target = isTypedef ? skipTypedefs(type) : type
  const prefix = isTypedef ? 'typedef ' : ''
  const suffix = isTypedef ? ` ${type.name};` : ''
  if (target.kind === 'struct' || target.kind === 'union') {
    yield { depth: 0, text: `${prefix}${compoundHead(target)} {`, bitOffset: undefined }
    yield* memberLines(target, 1, 0)
    yield { depth: 0, text: `}${suffix}`, bitOffset: undefined }
  } else if (target.kind === 'enum') {
    yield* enumLines(target, prefix, isTypedef ? suffix : ';')
  } else {
    const text = isTypedef ? `typedef ${formatType(target, type.name)};` : formatType(target)
    yield { depth: 0, text, bitOffset: undefined }
  }
}

/** Walk the lines that declare one member; an anonymous struct brings its own members. */
export function* formatMember(
  member: Member,
  depth: number,
  bitOffset: number,
): Generator<DefinitionLine> {
  const { base, declarator } = splitDeclarator(member.type, member.name)
  const { type, qualifiers } = unqualify(base)
  const bits = member.bitSize > 0 ? ` : ${member.bitSize}` : ''
  if (
    (type.kind === 'struct' || type.kind === 'union') &&
    type.name === '' &&
    depth < TYPE_DEPTH_LIMIT
  ) {
    yield { depth, text: `${qualifiers}${type.kind} {`, bitOffset: undefined }
    yield* memberLines(type, depth + 1, bitOffset)
    // Where the member begins is said behind its braces, as in crash; nameless ones begin nowhere of their own.
    yield {
      depth,
      text: `${join('}', declarator)};`,
      bitOffset: member.name === '' ? undefined : bitOffset,
    }
    return
  }
  yield { depth, text: `${join(baseName(base), declarator)}${bits};`, bitOffset }
}

function* memberLines(type: CompoundType, depth: number, base: number): Generator<DefinitionLine> {
  if (type.members.length === 0) yield { depth, text: '<no data fields>', bitOffset: undefined }
  for (const member of type.members) yield* formatMember(member, depth, base + member.bitOffset)
}

function* enumLines(type: EnumType, prefix: string, end: string): Generator<DefinitionLine> {
  yield {
    depth: 0,
    text: `${prefix}enum${type.name === '' ? '' : ` ${type.name}`} {`,
    bitOffset: undefined,
  }
  for (const { name, value } of type.values) {
    yield { depth: 0, text: `  ${name} = ${value}`, bitOffset: undefined }
  }
  yield { depth: 0, text: `}${end}`, bitOffset: undefined }
}

interface Declarator {
  /** What stands at the very left, qualifiers included. */
  readonly base: Type
  readonly declarator: string
}

/** Turn a type inside out: C writes pointers, arrays and functions around the name. */
function splitDeclarator(type: Type, name: string): Declarator {
  let declarator = name
  let qualifiers = ''
  let current = type
  for (let depth = 0; depth < TYPE_DEPTH_LIMIT; depth++) {
    switch (current.kind) {
      case 'pointer':
        declarator = `*${qualifiers === '' ? '' : ` ${qualifiers}`}${declarator}`
        qualifiers = ''
        current = skipTags(current.target)
        if (current.kind === 'array' || current.kind === 'function')
          declarator = `(${declarator.trimEnd()})`
        break
      case 'array':
        declarator += `[${current.length === 0 ? '' : current.length}]`
        current = current.element
        break
      case 'function':
        declarator += `(${formatParameters(current)})`
        current = current.returns
        break
      case 'const':
      case 'volatile':
      case 'restrict': {
        const wrapped = unqualify(current)
        if (wrapped.type.kind === 'array') {
          // A const array is an array of const elements.
          declarator += `[${wrapped.type.length === 0 ? '' : wrapped.type.length}]`
          current = { kind: current.kind, name: '', target: wrapped.type.element }
          break
        }
        if (wrapped.type.kind !== 'pointer') return { base: current, declarator }
        qualifiers = wrapped.qualifiers
        current = wrapped.type
        break
      }
      case 'type_tag':
        current = current.target
        break
      default:
        return { base: current, declarator }
    }
  }
  return { base: current, declarator }
}

/** A typedef's definition is that of the last typedef behind it: `typedef int pid_t`. */
function skipTypedefs(type: Type): Type {
  let current = type
  for (let depth = 0; current.kind === 'typedef' && depth < TYPE_DEPTH_LIMIT; depth++) {
    current = current.target
  }
  return current
}

function skipTags(type: Type): Type {
  let current = type
  for (let depth = 0; current.kind === 'type_tag' && depth < TYPE_DEPTH_LIMIT; depth++)
    current = current.target
  return current
}

function formatParameters({ parameters, variadic }: FunctionType): string {
  const types = parameters.map((parameter) => formatType(parameter.type))
  if (variadic) types.push('...')
  return types.length === 0 ? 'void' : types.join(', ')
}

function unqualify(type: Type): { type: Type; qualifiers: string } {
  let qualifiers = ''
  let current = type
  for (let depth = 0; depth < TYPE_DEPTH_LIMIT; depth++) {
    if (current.kind === 'type_tag') current = current.target
    else if (
      current.kind === 'const' ||
      current.kind === 'volatile' ||
      current.kind === 'restrict'
    ) {
      qualifiers += `${current.kind} `
      current = current.target
    } else break
  }
  return { type: current, qualifiers }
}

function baseName(base: Type): string {
  const { type, qualifiers } = unqualify(base)
  return qualifiers + unqualifiedName(type)
}

function unqualifiedName(type: Type): string {
  switch (type.kind) {
    case 'void':
      return 'void'
    case 'int':
    case 'float':
      return SPELLING[type.name] ?? type.name
    case 'struct':
    case 'union':
      return type.name === '' ? `${type.kind} {...}` : compoundHead(type)
    case 'enum':
      return type.name === ''
        ? `enum {${type.values.map(({ name }) => name).join(', ')}}`
        : `enum ${type.name}`
    case 'typedef':
      return type.name
    case 'forward':
      return `${type.union ? 'union' : 'struct'} ${type.name}`
    default:
      // Arrays, functions and pointers only reach here when nested beyond TYPE_DEPTH_LIMIT.
      return type.kind
  }
}

const compoundHead = ({ kind, name }: CompoundType): string =>
  name === '' ? kind : `${kind} ${name}`

const join = (base: string, declarator: string): string =>
  declarator === '' ? base : `${base} ${declarator}`
