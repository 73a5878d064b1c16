// The C types of a kernel as a declaration file of TypeScript: what program/kernel_types.ts says is filled in with the
// members every struct of this very kernel has. Knows both languages; nothing of Linux.
import { NotFoundError } from '../base/errors.ts'
import { stripType, type CompoundType, type EnumType, type Type } from '../debuginfo/type.ts'
import { GLOBAL_TYPES } from '../program/global_types.ts'
import type { Program } from '../program/program.ts'

/** What of a kernel is written. */
export interface KernelTypesOptions {
  /** Only these structs and unions and what lies inside them; undefined: every one. */
  readonly only?: readonly string[]
}

/** Anonymous structs within anonymous structs; deeper only in damaged type data. */
const DEPTH_LIMIT = 32
/** Dimensions of an array, pointers to pointers. */
const NESTING_LIMIT = 32

/**
 * Render the types of a kernel and its modules as lines of a `.d.ts` file.
 *
 * @throws {NotFoundError} kind 'type' if the dump has no types, or not those asked for
 */
export function* renderKernelTypes(
  program: Program,
  { only }: KernelTypesOptions = {},
): Generator<string> {
  if (!program.kernelTypes)
    throw new NotFoundError('type', program.problems[0]?.message ?? 'the dump has no BTF')
  const writer = new Writer(program)
  yield `// C types of Linux ${program.info.osrelease}, read from the dump by kbox types. A script that is compiled with this file is`
  yield '// checked against that kernel.'
  yield 'export {}'
  yield "declare module 'kbox' {"
  if (only) yield '  interface KernelScope { partial: true }'
  yield '  interface KernelTypes {'
  yield* only ? writer.someTypes(only) : writer.allTypes()
  yield '  }'
  yield '  interface KernelTypedefs {'
  yield* writer.typedefs()
  yield '  }'
  yield '  interface KernelEnums {'
  yield* writer.enums()
  yield '  }'
  yield '  interface KernelVariables {'
  yield* writer.variables()
  yield '  }'
  yield '}'
}

class Writer {
  readonly #program: Program
  readonly #known = new Set<string>()
  /** By-value members met, for `only`. */
  readonly #embedded: (readonly [key: string, type: CompoundType])[] = []

  constructor(program: Program) {
    this.#program = program
  }

  *allTypes(): Generator<string> {
    for (const [name, type] of this.#namedTypes()) yield* this.#compound(name, type)
  }

  *someTypes(names: readonly string[]): Generator<string> {
    for (const name of names) {
      const type = stripType(this.#find(name))
      if (!isCompound(type)) throw new NotFoundError('type', `${name} is no struct or union`)
      yield* this.#compound(type.name || name, type)
    }
    // Grows while it is walked.
    for (const [key, type] of this.#embedded) yield* this.#compound(key, type)
  }

  *typedefs(): Generator<string> {
    const seen = new Set<string>()
    for (const provider of this.#program.typeProviders()) {
      for (const type of provider.forEachNamed('typedef')) {
        if (type.kind !== 'typedef' || this.#known.has(type.name) || seen.has(type.name)) continue
        seen.add(type.name)
        const target = stripType(type)
        const isPlain = target.kind !== 'pointer' && target.kind !== 'array' && !isCompound(target)
        const tag = this.#tag(type, '')
        if (!isPlain && tag !== '' && tag !== type.name) yield `    ${key(type.name)}: ${text(tag)}`
      }
    }
  }

  *enums(): Generator<string> {
    const seen = new Set<string>()
    for (const provider of this.#program.typeProviders()) {
      for (const type of provider.forEachNamed('enum')) {
        if (type.kind !== 'enum' || type.values.length === 0 || seen.has(type.name)) continue
        seen.add(type.name)
        yield `    ${key(type.name)}: ${enumNames(type)}`
      }
    }
  }

  /** Percpu variables by the kernel's own word, others by ours. */
  *variables(): Generator<string> {
    const types = new Map<string, Type>()
    for (const provider of this.#program.typeProviders()) {
      for (const { name, type } of provider.forEachVariable())
        if (!types.has(name)) types.set(name, type)
    }
    for (const name of Object.keys(GLOBAL_TYPES)) {
      const type = this.#program.hasSymbol(name) ? this.#program.findGlobalType(name) : undefined
      if (type) types.set(name, type)
    }
    for (const [name, type] of types) {
      const tag = this.#tag(type, '')
      if (tag !== '') yield `    ${key(name)}: ${text(tag)}`
    }
  }

  #find(name: string): Type {
    const type =
      this.#program.findType(`struct ${name}`) ??
      this.#program.findType(`union ${name}`) ??
      this.#program.type(name)
    return type
  }

  /** Structs and unions by tag, then typedefs of those that have none; the first of a name is what C sees first. */
  *#namedTypes(): Generator<readonly [name: string, type: CompoundType]> {
    for (const space of ['struct', 'union', 'typedef'] as const) {
      for (const provider of this.#program.typeProviders()) {
        for (const named of provider.forEachNamed(space)) {
          const type = stripType(named)
          if (!isCompound(type) || (space === 'typedef' && type.name !== '')) continue
          const name = named.kind === 'typedef' ? named.name : type.name
          if (!this.#known.has(name)) yield [name, type]
        }
      }
    }
  }

  /** One struct as one line, structs of no name inside it as further ones. */
  *#compound(name: string, type: CompoundType, depth = 0): Generator<string> {
    if (this.#known.has(name) || depth > DEPTH_LIMIT) return
    this.#known.add(name)
    const inner = new Map<string, CompoundType>()
    const members = Array.from(type.memberIndex.values(), (member) => {
      const own = `${name}.${member.name}`
      const nested = innermost(member.type)
      if (isCompound(nested.type)) {
        if (nested.type.name === '' && nested.typedef === undefined) inner.set(own, nested.type)
        else if (nested.isEmbedded)
          this.#embedded.push([nested.type.name || (nested.typedef ?? ''), nested.type])
      }
      const bits = member.bitSize === 0 ? '' : ` /* ${member.bitSize} bits */`
      return `${key(member.name)}: ${text(this.#tag(member.type, own))}${bits}`
    })
    yield `    ${key(name)}: { ${members.join('; ')} }`
    for (const [own, nested] of inner) yield* this.#compound(own, nested, depth + 1)
  }

  /**
   * The C type as text: `mm_struct *`, `char[16]`, `enum pid_type`. Typedefs are followed, but name what has no other name.
   *
   * @param own what an anonymous struct is called here
   */
  #tag(type: Type, own: string): string {
    const dimensions: string[] = []
    let element = type
    for (
      let stripped = stripType(element);
      stripped.kind === 'array';
      stripped = stripType(element)
    ) {
      dimensions.push(`[${stripped.length}]`)
      element = stripped.element
      if (dimensions.length > NESTING_LIMIT) return 'void'
    }
    return `${this.#elementTag(element, own, 0)}${dimensions.join('')}`
  }

  #elementTag(type: Type, own: string, depth: number): string {
    const stripped = stripType(type)
    switch (stripped.kind) {
      case 'pointer':
        if (depth > NESTING_LIMIT) return 'void *'
        return stripType(stripped.target).kind === 'array'
          ? `${this.#tag(stripped.target, own)} *`
          : `${this.#elementTag(stripped.target, own, depth + 1)} *`
      case 'struct':
      case 'union':
        return stripped.name || (typedefName(type) ?? own)
      case 'forward':
      case 'int':
      case 'float':
        return stripped.name
      case 'enum':
        return stripped.name === '' ? 'int' : `enum ${stripped.name}`
      case 'array':
      case 'function':
      case 'void':
        return stripped.kind
    }
  }
}

interface Innermost {
  readonly type: Type
  /** The last typedef on the way, for what has no name of its own. */
  readonly typedef: string | undefined
  /** No pointer was on the way. */
  readonly isEmbedded: boolean
}

/** What pointers and arrays are of. */
function innermost(start: Type): Innermost {
  let type = start
  let isEmbedded = true
  for (let depth = 0; depth < NESTING_LIMIT; depth++) {
    const stripped = stripType(type)
    if (stripped.kind === 'array') type = stripped.element
    else if (stripped.kind === 'pointer') {
      type = stripped.target
      isEmbedded = false
    } else return { type: stripped, typedef: typedefName(type), isEmbedded }
  }
  return { type: stripType(type), typedef: typedefName(type), isEmbedded }
}

/** The typedef that names a struct which has no tag: the innermost. */
function typedefName(start: Type): string | undefined {
  let name: string | undefined
  let type = start
  for (let depth = 0; depth < NESTING_LIMIT; depth++) {
    if (type.kind === 'typedef') name = type.name
    if (!('target' in type) || type.kind === 'pointer') break
    type = type.target
  }
  return name
}

const isCompound = (type: Type): type is CompoundType =>
  type.kind === 'struct' || type.kind === 'union'

const enumNames = ({ values }: EnumType): string =>
  Array.from(new Set(values.map(({ name }) => name)), text).join(' | ')

/** Words of TypeScript are good keys; only what is no word is quoted. */
const key = (name: string): string => (/^[A-Za-z_$][\w$]*$/.test(name) ? name : text(name))

const text = (value: string): string => JSON.stringify(value)
