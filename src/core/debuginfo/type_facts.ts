// Sizes, offsets, lengths and enumerators of a few C types, asked for in VMCOREINFO's words: `offset('page.flags')`.
import { sizeofType, stripType, type Type } from './type.ts'

/** A few types by C name ('struct page', 'enum pageflags'). Answers are undefined where a type lacks what is asked. */
export class TypeFacts {
  readonly #types: ReadonlyMap<string, Type>

  constructor(types: ReadonlyMap<string, Type>) {
    this.#types = types
  }

  /** `sizeof(struct name)` in bytes. */
  size(name: string): number | undefined {
    const type = this.#types.get(`struct ${name}`)
    return type && sizeofType(type)
  }

  /** `offsetof(struct name, member)` of 'name.member', in bytes; members of anonymous members included. */
  offset(path: string): number | undefined {
    const member = this.#member(path)
    // A bit field has no offset in bytes.
    return member?.bitSize === 0 && member.bitOffset % 8 === 0 ? member.bitOffset / 8 : undefined
  }

  /** Elements of the array 'name.member'. */
  length(path: string): number | undefined {
    const member = this.#member(path)
    const type = member && stripType(member.type)
    return type?.kind === 'array' ? type.length : undefined
  }

  /** Is the enum known, so that an enumerator it lacks does not exist? */
  hasEnum(name: string): boolean {
    return this.#types.get(`enum ${name}`)?.kind === 'enum'
  }

  /** The value of an enumerator; of several of that name (there are none in C) the first. */
  value(enumName: string, enumerator: string): number | undefined {
    const type = this.#types.get(`enum ${enumName}`)
    if (type?.kind !== 'enum') return undefined
    const found = type.values.find(({ name }) => name === enumerator)
    return found && Number(found.value)
  }

  #member(path: string): { bitOffset: number; bitSize: number; type: Type } | undefined {
    const [name = '', member = ''] = path.split('.')
    const type = this.#types.get(`struct ${name}`)
    return type && 'memberIndex' in type ? type.memberIndex.get(member) : undefined
  }
}
