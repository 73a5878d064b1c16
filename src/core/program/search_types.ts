// Finding structs and unions by their size, and by what they are made of.
import { sizeofType, stripType, type CompoundType, type Type } from '../debuginfo/type.ts'
import { formatType } from './format_type.ts'
import type { Program } from './program.ts'

/** Structs inside of structs; C has no deeper ones, damaged types may. */
const DEPTH_MAX = 32

/** What is searched for; what is left open matches all. */
export interface TypeQuery {
  readonly sizeMin?: number
  /** Inclusive. */
  readonly sizeMax?: number
  /** Part of the type of a member, of the struct itself or of one embedded in it: `mm_struct`, `spinlock_t`. */
  readonly member?: string
}

/** A name and what it names. */
export interface FoundType {
  readonly name: string
  readonly size: number
}

/**
 * Find named structs and unions, and typedefs of nameless ones, the kernel's and its modules'.
 *
 * @returns by size, then by name; each name once a size
 */
export function searchTypes(program: Program, query: TypeQuery): FoundType[] {
  const { sizeMin = 0, sizeMax = Number.POSITIVE_INFINITY, member } = query
  const found = new Map<string, FoundType>()
  for (const { name, type } of forEachCompound(program)) {
    const size = sizeofType(type)
    if (size < sizeMin || size > sizeMax || size === 0) continue
    if (member !== undefined && !hasMember(type, member, 0)) continue
    found.set(`${size} ${name}`, { name, size })
  }
  return [...found.values()].sort((a, b) => a.size - b.size || (a.name < b.name ? -1 : 1))
}

function* forEachCompound(program: Program): Generator<{ name: string; type: CompoundType }> {
  for (const provider of program.typeProviders()) {
    for (const space of ['struct', 'union', 'typedef'] as const) {
      for (const named of provider.forEachNamed(space)) {
        const type = stripType(named)
        if (type.kind !== 'struct' && type.kind !== 'union') continue
        // A typedef of a struct with a name of its own is that struct again.
        const isAgain = named.kind === 'typedef' && type.name !== ''
        if ('name' in named && !isAgain) yield { name: named.name, type }
      }
    }
  }
}

function hasMember(type: CompoundType, text: string, depth: number): boolean {
  if (depth > DEPTH_MAX) return false
  return type.members.some((member) => {
    // What a function takes is no part of who points to the function.
    if (!isFunction(member.type) && formatType(member.type).includes(text)) return true
    const inner = stripType(elementOf(member.type))
    return (inner.kind === 'struct' || inner.kind === 'union') && hasMember(inner, text, depth + 1)
  })
}

function isFunction(type: Type): boolean {
  const stripped = stripType(elementOf(type))
  return stripped.kind === 'pointer' ? isFunction(stripped.target) : stripped.kind === 'function'
}

function elementOf(type: Type): Type {
  const stripped = stripType(type)
  return stripped.kind === 'array' ? elementOf(stripped.element) : type
}
