// Writes BTF, record by record, as the kernel would carry it; nothing is checked, so that damage can be written too.
// Source: Documentation/bpf/btf.rst. C declarations become records in c_declarations.ts.
import {
  BTF_INT_BOOL,
  BTF_INT_CHAR,
  BTF_INT_SIGNED,
  BTF_KIND_ARRAY,
  BTF_KIND_ENUM,
  BTF_KIND_ENUM64,
  BTF_KIND_FUNC_PROTO,
  BTF_KIND_INT,
  BTF_KIND_STRUCT,
  BTF_KIND_UNION,
  BTF_MAGIC,
  btf_header,
} from '../../src/core/debuginfo/btf_layout.ts'

/** One `struct btf_type` and the words behind it. */
export interface RawRecord {
  readonly kind: number
  readonly name?: string
  readonly vlen?: number
  readonly kindFlag?: boolean
  /** `size` or `type`. */
  readonly sizeOrType?: number
  readonly words?: readonly number[]
}

/** A struct or union member, its offset and width in bits. */
export interface RawMember {
  readonly name: string
  readonly type: number
  readonly bitOffset: number
  readonly bitSize?: number
}

/** A BTF section under construction; ids are those of the finished section. */
export class BtfWriter {
  readonly littleEndian: boolean
  readonly base: BtfWriter | undefined
  readonly #records: RawRecord[] = []
  readonly #strings = new Map<string, number>()
  #stringBytes: number[] = []

  /** @param base the BTF that ids and strings continue (split BTF) */
  constructor({ littleEndian = true, base }: { littleEndian?: boolean; base?: BtfWriter } = {}) {
    this.littleEndian = littleEndian
    this.base = base
    if (!base) this.string('')
  }

  get idEnd(): number {
    return (this.base?.idEnd ?? 1) + this.#records.length
  }

  get stringsEnd(): number {
    return (this.base?.stringsEnd ?? 0) + this.#stringBytes.length
  }

  /** Offset of a string, the base's if it has it. */
  string(text: string): number {
    const known = this.base?.findString(text) ?? this.#strings.get(text)
    if (known !== undefined) return known
    const offset = this.stringsEnd
    this.#stringBytes.push(...new TextEncoder().encode(text), 0)
    this.#strings.set(text, offset)
    return offset
  }

  findString(text: string): number | undefined {
    return this.#strings.get(text) ?? this.base?.findString(text)
  }

  /** Add a record; returns its type id. */
  add(record: RawRecord): number {
    this.string(record.name ?? '')
    this.#records.push(record)
    return this.idEnd - 1
  }

  /** Replace a record of this section, such as one added as a placeholder because others refer to it. */
  set(id: number, record: RawRecord): void {
    this.#records[id - (this.base?.idEnd ?? 1)] = record
  }

  int(name: string, size: number, { signed = false, bool = false, char = false } = {}): number {
    const encoding =
      (signed ? BTF_INT_SIGNED : 0) | (bool ? BTF_INT_BOOL : 0) | (char ? BTF_INT_CHAR : 0)
    return this.add({
      kind: BTF_KIND_INT,
      name,
      sizeOrType: size,
      words: [(encoding << 24) | (size * 8)],
    })
  }

  array(element: number, length: number): number {
    return this.add({ kind: BTF_KIND_ARRAY, words: [element, element, length] })
  }

  /** PTR, TYPEDEF, CONST, VOLATILE, RESTRICT, TYPE_TAG, FUNC, FWD: whatever is only a name and a word. */
  wrap(kind: number, sizeOrType: number, name = ''): number {
    return this.add({ kind, name, sizeOrType })
  }

  compound(
    kind: 'struct' | 'union',
    name: string,
    size: number,
    members: readonly RawMember[],
  ): number {
    return this.add(this.compoundRecord(kind, name, size, members))
  }

  compoundRecord(
    kind: 'struct' | 'union',
    name: string,
    size: number,
    members: readonly RawMember[],
  ): RawRecord {
    const kindFlag = members.some(({ bitSize = 0 }) => bitSize > 0)
    return {
      kind: kind === 'struct' ? BTF_KIND_STRUCT : BTF_KIND_UNION,
      name,
      vlen: members.length,
      kindFlag,
      sizeOrType: size,
      words: members.flatMap(({ name: member, type, bitOffset, bitSize = 0 }) => [
        this.string(member),
        type,
        kindFlag ? (bitSize << 24) | bitOffset : bitOffset,
      ]),
    }
  }

  enum(
    name: string,
    size: number,
    values: readonly (readonly [string, bigint])[],
    signed: boolean,
  ): number {
    const wide = size === 8
    return this.add({
      kind: wide ? BTF_KIND_ENUM64 : BTF_KIND_ENUM,
      name,
      vlen: values.length,
      kindFlag: signed,
      sizeOrType: size,
      words: values.flatMap(([item, value]) => {
        const low = Number(BigInt.asUintN(32, value))
        return [this.string(item), low, ...(wide ? [Number(BigInt.asUintN(32, value >> 32n))] : [])]
      }),
    })
  }

  /** @param parameters name and type id; a last `['', 0]` is the ellipsis */
  prototype(returns: number, parameters: readonly (readonly [string, number])[]): number {
    return this.add({
      kind: BTF_KIND_FUNC_PROTO,
      vlen: parameters.length,
      sizeOrType: returns,
      words: parameters.flatMap(([name, type]) => [this.string(name), type]),
    })
  }

  /** The section: header, types, strings. */
  bytes(): Uint8Array {
    const names = this.#records.map(({ name = '' }) => this.string(name))
    const words = this.#records.flatMap((record, i) => {
      const { kind, vlen = 0, kindFlag = false, sizeOrType = 0 } = record
      const info = ((kindFlag ? 0x8000_0000 : 0) | (kind << 24) | vlen) >>> 0
      return [names[i] as number, info, sizeOrType, ...(record.words ?? [])]
    })
    const typeSize = words.length * 4
    const bytes = new Uint8Array(btf_header.size + typeSize + this.#stringBytes.length)
    const view = new DataView(bytes.buffer)
    const header = {
      magic: BTF_MAGIC,
      version: 1,
      flags: 0,
      hdr_len: 24,
      type_off: 0,
      type_len: typeSize,
    }
    btf_header.write(
      view,
      0,
      { ...header, str_off: typeSize, str_len: this.#stringBytes.length },
      this,
    )
    words.forEach((word, i) =>
      view.setUint32(btf_header.size + i * 4, word >>> 0, this.littleEndian),
    )
    bytes.set(this.#stringBytes, btf_header.size + typeSize)
    return bytes
  }
}
