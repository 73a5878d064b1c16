// BTF, the kernel's compact type information, as it lies in the kernel's own memory.
// Source: Documentation/bpf/btf.rst. A module's BTF continues the ids and strings of its base (split BTF).
import { FormatError } from '../base/errors.ts'
import { decodeAscii } from '../base/text.ts'
import {
  BTF_KIND_ENUM,
  BTF_KIND_ENUM64,
  BTF_KIND_FLOAT,
  BTF_KIND_FUNC,
  BTF_KIND_INT,
  BTF_KIND_STRUCT,
  BTF_KIND_TYPEDEF,
  BTF_KIND_UNION,
  BTF_KIND_VAR,
  BTF_MAGIC,
  BTF_RECORD_SIZE,
  btf_header,
} from './btf_layout.ts'
import { btfType } from './btf_type.ts'
import { NAME_SIZE_MAX, NameHash } from './name_hash.ts'
import { VOID, type FunctionType, type Type } from './type.ts'
import type { TypeProvider, TypeSpace } from './type_provider.ts'

const KINDS_OF_SPACE: Record<TypeSpace, readonly number[]> = {
  struct: [BTF_KIND_STRUCT],
  union: [BTF_KIND_UNION],
  enum: [BTF_KIND_ENUM, BTF_KIND_ENUM64],
  typedef: [BTF_KIND_TYPEDEF],
  base: [BTF_KIND_INT, BTF_KIND_FLOAT],
}

/** Spaces of kinds that have members or values of their own. */
const SPACE_OF_KIND = Array.from({ length: 32 }, (_, kind) => {
  const spaces = ['struct', 'union', 'enum'] as const
  return spaces.find((space) => KINDS_OF_SPACE[space].includes(kind))
})

/** The first three letters of a name as a number. */
const prefixOf = (bytes: Uint8Array, at: number): number =>
  ((bytes[at] ?? 0) << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0)

/** One `struct btf_type`, decoded. `at` is the offset of what follows it. */
export interface BtfRecord {
  readonly name: string
  readonly kind: number
  readonly vlen: number
  readonly kindFlag: boolean
  /** `size` or `type`, by kind. */
  readonly sizeOrType: number
  readonly at: number
}

/** The types of one `.BTF` section: the kernel's, or a module's on top of it. */
export class Btf implements TypeProvider {
  readonly name: string
  readonly pointerSize: number
  readonly view: DataView
  readonly littleEndian: boolean
  readonly #bytes: Uint8Array
  readonly #base: Btf | undefined
  /** Id of the first type here: 1, or one past the base's last. */
  readonly #firstId: number
  /** Offset of each type's record; row = id - firstId. */
  readonly #records: Uint32Array
  readonly #strings: number
  readonly #stringsLength: number
  readonly #stringsBase: number
  readonly #types: (Type | undefined)[] = []
  /** Functions are half of all names and rarely asked for: they have an index of their own. */
  readonly #hashes: { types?: NameHash; functions?: NameHash } = {}

  /**
   * Index all records; types are decoded on first use.
   *
   * @param bytes the whole `.BTF` section
   * @throws {FormatError} if a record or section leaves `bytes`
   */
  constructor(name: string, bytes: Uint8Array, base?: Btf, pointerSize = 8) {
    this.name = name
    this.pointerSize = pointerSize
    this.#bytes = bytes
    this.#base = base
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    if (bytes.length < btf_header.size) throw new FormatError(name, 0, 'BTF header is cut short')
    this.littleEndian = this.view.getUint16(0, true) === BTF_MAGIC
    const header = btf_header.read(this.view, 0, this)
    if (header.magic !== BTF_MAGIC)
      throw new FormatError(name, 0, `BTF magic is 0x${header.magic.toString(16)}`)
    const typeStart = header.hdr_len + header.type_off
    const typeEnd = typeStart + header.type_len
    this.#strings = header.hdr_len + header.str_off
    this.#stringsLength = header.str_len
    if (typeEnd > bytes.length || this.#strings + header.str_len > bytes.length) {
      throw new FormatError(name, 8, 'BTF sections end past the end of the data')
    }
    this.#firstId = base ? base.idEnd : 1
    this.#stringsBase = base ? base.stringsEnd : 0
    this.#records = this.#indexRecords(typeStart, typeEnd)
  }

  /** One past the last type id. */
  get idEnd(): number {
    return this.#firstId + this.#records.length
  }

  /** One past the last string offset. */
  get stringsEnd(): number {
    return this.#stringsBase + this.#stringsLength
  }

  findType(space: TypeSpace, name: string): Type | undefined {
    const kinds = KINDS_OF_SPACE[space]
    const row = this.#findRow(name, kinds)
    return row === undefined ? undefined : this.typeById(row + this.#firstId)
  }

  /**
   * Find a few types by one pass over all records, without the index of names that `findType()` builds.
   *
   * @param names C names, such as 'struct page' and 'enum pageflags'
   * @returns name → the first type of that name; those that do not exist are left out
   */
  findTypes(names: readonly `${'struct' | 'union' | 'enum'} ${string}`[]): Map<string, Type> {
    const wanted = new Set<string>(names)
    const found = new Map<string, Type>()
    // A name becomes a string only if its first letters are a wanted one's.
    const prefixes = new Set(
      names.map((name) => prefixOf(new TextEncoder().encode(name.split(' ')[1]), 0)),
    )
    const { view, littleEndian } = this
    const bytes = this.#bytes
    const records = this.#records
    const strings = this.#strings
    for (let row = 0; row < records.length; row++) {
      const record = records[row] as number
      const space = SPACE_OF_KIND[(view.getUint32(record + 4, littleEndian) >>> 24) & 0x1f]
      if (space === undefined) continue
      const nameOffset = view.getUint32(record, littleEndian)
      if (!prefixes.has(prefixOf(bytes, strings + nameOffset))) continue
      const name = `${space} ${this.stringAt(nameOffset)}`
      if (wanted.has(name) && !found.has(name)) found.set(name, this.typeById(row + this.#firstId))
    }
    return found
  }

  findFunction(name: string): FunctionType | undefined {
    const row = this.#findRow(name, [BTF_KIND_FUNC])
    if (row === undefined) return undefined
    const prototype = this.typeById(this.#record(row).sizeOrType)
    return prototype.kind === 'function' ? prototype : undefined
  }

  findVariable(name: string): Type | undefined {
    const row = this.#findRow(name, [BTF_KIND_VAR])
    return row === undefined ? undefined : this.typeById(this.#record(row).sizeOrType)
  }

  *forEachVariable(): Generator<{ name: string; type: Type }> {
    for (let row = 0; row < this.#records.length; row++) {
      if (this.#kind(row) !== BTF_KIND_VAR) continue
      const { name, sizeOrType } = this.#record(row)
      yield { name, type: this.typeById(sizeOrType) }
    }
  }

  *forEachNamed(space: TypeSpace): Generator<Type> {
    const kinds = KINDS_OF_SPACE[space]
    for (let row = 0; row < this.#records.length; row++) {
      if (!kinds.includes(this.#kind(row)) || this.#nameOffset(row) === 0) continue
      yield this.typeById(row + this.#firstId)
    }
  }

  /** The type of an id; ids out of range are void, as damaged BTF must not stop a session. */
  typeById(id: number): Type {
    if (this.#base && id < this.#firstId) return this.#base.typeById(id)
    const row = id - this.#firstId
    if (id === 0 || row < 0 || row >= this.#records.length) return VOID
    return (this.#types[row] ??= btfType(this, this.#record(row)))
  }

  /** The string at a string-section offset, the base's strings included. */
  stringAt(offset: number): string {
    if (this.#base && offset < this.#stringsBase) return this.#base.stringAt(offset)
    const at = offset - this.#stringsBase
    if (at < 0 || at >= this.#stringsLength) return ''
    const start = this.#strings + at
    let end = start
    // A loop, not indexOf: damaged strings without NUL must not cost a search of megabytes each.
    const limit = Math.min(start + NAME_SIZE_MAX, this.#strings + this.#stringsLength)
    while (end < limit && this.#bytes[end] !== 0) end++
    return decodeAscii(this.#bytes, start, end)
  }

  #record(row: number): BtfRecord {
    const at = this.#records[row] as number
    const info = this.view.getUint32(at + 4, this.littleEndian)
    return {
      name: this.stringAt(this.#nameOffset(row)),
      kind: (info >>> 24) & 0x1f,
      vlen: info & 0xffff,
      kindFlag: info >>> 31 === 1,
      sizeOrType: this.view.getUint32(at + 8, this.littleEndian),
      at: at + 12,
    }
  }

  #kind(row: number): number {
    return (
      (this.view.getUint32((this.#records[row] as number) + 4, this.littleEndian) >>> 24) & 0x1f
    )
  }

  #nameOffset(row: number): number {
    return this.view.getUint32(this.#records[row] as number, this.littleEndian)
  }

  #findRow(name: string, kinds: readonly number[]): number | undefined {
    const index = kinds.includes(BTF_KIND_FUNC) ? 'functions' : 'types'
    this.#hashes[index] ??= this.#buildHash(index === 'functions')
    const hash = this.#hashes[index]
    for (const row of hash.rows(name)) if (kinds.includes(this.#kind(row))) return row
    return undefined
  }

  /** Split BTF may name its types with strings of the base: those are copied into one arena. */
  #buildHash(functions: boolean): NameHash {
    const rows = this.#records.length
    if (this.#base) return this.#buildSplitHash(rows)
    const starts = new Uint32Array(rows)
    for (let row = 0; row < rows; row++) {
      if ((this.#kind(row) === BTF_KIND_FUNC) !== functions) continue
      const offset = this.#nameOffset(row)
      starts[row] = offset < this.#stringsLength && offset !== 0 ? this.#strings + offset : 0
    }
    return new NameHash({ bytes: this.#bytes, starts, end: 'nul' }, rows)
  }

  #buildSplitHash(rows: number): NameHash {
    const encoder = new TextEncoder()
    const names = Array.from({ length: rows }, (_, row) =>
      encoder.encode(this.stringAt(this.#nameOffset(row))),
    )
    const starts = new Uint32Array(rows + 1)
    names.forEach((name, row) => (starts[row + 1] = (starts[row] as number) + name.length))
    const arena = new Uint8Array(starts[rows] as number)
    names.forEach((name, row) => arena.set(name, starts[row]))
    return new NameHash({ bytes: arena, starts, end: 'next' }, rows)
  }

  #indexRecords(start: number, end: number): Uint32Array {
    const records = new Uint32Array(Math.floor((end - start) / 12))
    let count = 0
    for (let at = start; at < end;) {
      if (at + 12 > end) throw new FormatError(this.name, at, 'BTF type record is cut short')
      const info = this.view.getUint32(at + 4, this.littleEndian)
      const size = BTF_RECORD_SIZE[(info >>> 24) & 0x1f]
      if (!size) throw new FormatError(this.name, at, `BTF kind ${(info >>> 24) & 0x1f} is unknown`)
      records[count++] = at
      at += 12 + size[0] + size[1] * (info & 0xffff)
      if (at > end)
        throw new FormatError(this.name, at, 'BTF type record ends past the type section')
    }
    return records.slice(0, count)
  }
}
