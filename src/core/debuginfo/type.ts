// C types, independent of where they were read (BTF today, DWARF later). Referenced types are resolved on first use.

/** Any C type. */
export type Type =
  | VoidType
  | IntType
  | FloatType
  | PointerType
  | ArrayType
  | CompoundType
  | EnumType
  | TypedefType
  | QualifiedType
  | FunctionType
  | ForwardType

/** `void`, and whatever could not be resolved. */
export interface VoidType {
  readonly kind: 'void'
}
/** An integer, `_Bool` and `char` included. */
export interface IntType {
  readonly kind: 'int'
  readonly name: string
  /** Bytes. */
  readonly size: number
  readonly signed: boolean
  readonly bool: boolean
  readonly char: boolean
}
/** A floating point number; the kernel has few. */
export interface FloatType {
  readonly kind: 'float'
  readonly name: string
  readonly size: number
}
/** A pointer. */
export interface PointerType {
  readonly kind: 'pointer'
  readonly size: number
  readonly target: Type
}
/** An array of one dimension; more are arrays of arrays. */
export interface ArrayType {
  readonly kind: 'array'
  readonly element: Type
  /** Elements; 0 for a flexible array member. */
  readonly length: number
}
/** A struct or union. */
export interface CompoundType {
  readonly kind: 'struct' | 'union'
  /** '' when anonymous. */
  readonly name: string
  readonly size: number
  readonly members: readonly Member[]
  /** Every member by name, those of anonymous members included, with offsets from the start of this type. */
  readonly memberIndex: ReadonlyMap<string, Member>
}
/** An enum. */
export interface EnumType {
  readonly kind: 'enum'
  readonly name: string
  readonly size: number
  readonly signed: boolean
  readonly values: readonly EnumValue[]
}
/** One enumerator. */
export interface EnumValue {
  readonly name: string
  readonly value: bigint
}
/** A typedef. */
export interface TypedefType {
  readonly kind: 'typedef'
  readonly name: string
  readonly target: Type
}
/** A qualifier or tag around a type. */
export interface QualifiedType {
  readonly kind: 'const' | 'volatile' | 'restrict' | 'type_tag'
  /** The tag of a type_tag (`__user`, `__rcu`), else ''. */
  readonly name: string
  readonly target: Type
}
/** A function prototype. */
export interface FunctionType {
  readonly kind: 'function'
  readonly returns: Type
  readonly parameters: readonly Parameter[]
  readonly variadic: boolean
}
/** A struct or union declared but not defined here. */
export interface ForwardType {
  readonly kind: 'forward'
  readonly name: string
  readonly union: boolean
}

/** A parameter of a prototype. */
export interface Parameter {
  readonly name: string
  readonly type: Type
}

/** A struct or union member; `bitOffset` counts from the start of the type the member was looked up in. */
export interface Member {
  readonly name: string
  readonly type: Type
  readonly bitOffset: number
  /** 0 unless a bit field. */
  readonly bitSize: number
}

/** The one void type. */
export const VOID: VoidType = { kind: 'void' }

/** Nesting of typedefs, qualifiers and anonymous members; deeper means a cycle in damaged type data. */
export const TYPE_DEPTH_LIMIT = 64

/** The type behind typedefs and qualifiers. */
export function stripType(type: Type): Exclude<Type, TypedefType | QualifiedType> {
  let stripped = type
  for (let depth = 0; depth < TYPE_DEPTH_LIMIT; depth++) {
    switch (stripped.kind) {
      case 'typedef':
      case 'const':
      case 'volatile':
      case 'restrict':
      case 'type_tag':
        stripped = stripped.target
        break
      default:
        return stripped
    }
  }
  return VOID
}

/** `sizeof(type)` in bytes; 0 for void, functions, forward declarations and flexible arrays. */
export function sizeofType(type: Type): number {
  let element = stripType(type)
  let count = 1
  for (let depth = 0; element.kind === 'array' && depth < TYPE_DEPTH_LIMIT; depth++) {
    count *= element.length
    element = stripType(element.element)
  }
  const size = 'size' in element ? count * element.size : 0
  // Damaged type data nests arrays beyond any number; no size is more useful than one that is not exact.
  return Number.isSafeInteger(size) ? size : 0
}

/** Members of one struct with those of its anonymous members; damaged type data nests them exponentially. */
const MEMBER_LIMIT = 65_536

/** Index members by name, descending into anonymous structs and unions. */
export function indexMembers(members: readonly Member[]): Map<string, Member> {
  const index = new Map<string, Member>()
  let visited = 0
  const add = (list: readonly Member[], base: number, depth: number): void => {
    for (const member of list) {
      if (++visited > MEMBER_LIMIT) return
      const bitOffset = base + member.bitOffset
      if (member.name !== '') {
        if (!index.has(member.name))
          index.set(member.name, base === 0 ? member : { ...member, bitOffset })
        continue
      }
      const inner = stripType(member.type)
      if ((inner.kind === 'struct' || inner.kind === 'union') && depth < TYPE_DEPTH_LIMIT) {
        add(inner.members, bitOffset, depth + 1)
      }
    }
  }
  add(members, 0, 0)
  return index
}
