// One BTF record as a type. Members and targets are resolved when first asked for.
import type { Btf, BtfRecord } from './btf.ts'
import {
  BTF_INT_BOOL,
  BTF_INT_CHAR,
  BTF_INT_SIGNED,
  BTF_KIND_ARRAY,
  BTF_KIND_CONST,
  BTF_KIND_ENUM,
  BTF_KIND_ENUM64,
  BTF_KIND_FLOAT,
  BTF_KIND_FUNC_PROTO,
  BTF_KIND_FWD,
  BTF_KIND_INT,
  BTF_KIND_PTR,
  BTF_KIND_RESTRICT,
  BTF_KIND_STRUCT,
  BTF_KIND_TYPE_TAG,
  BTF_KIND_TYPEDEF,
  BTF_KIND_UNION,
  BTF_KIND_VOLATILE,
} from './btf_layout.ts'
import {
  indexMembers,
  VOID,
  type ArrayType,
  type CompoundType,
  type EnumType,
  type EnumValue,
  type FunctionType,
  type Member,
  type Parameter,
  type PointerType,
  type QualifiedType,
  type Type,
  type TypedefType,
} from './type.ts'

/** Decode `record`; kinds that are no types (VAR, DATASEC, FUNC) give void. */
export function btfType(btf: Btf, record: BtfRecord): Type {
  switch (record.kind) {
    case BTF_KIND_INT:
      return intType(btf, record)
    case BTF_KIND_FLOAT:
      return { kind: 'float', name: record.name, size: record.sizeOrType }
    case BTF_KIND_PTR:
      return new BtfPointer(btf, record.sizeOrType)
    case BTF_KIND_ARRAY:
      return new BtfArray(btf, record)
    case BTF_KIND_STRUCT:
      return new BtfCompound('struct', btf, record)
    case BTF_KIND_UNION:
      return new BtfCompound('union', btf, record)
    case BTF_KIND_ENUM:
    case BTF_KIND_ENUM64:
      return enumType(btf, record)
    case BTF_KIND_FWD:
      return { kind: 'forward', name: record.name, union: record.kindFlag }
    case BTF_KIND_TYPEDEF:
      return new BtfWrapper('typedef', btf, record)
    case BTF_KIND_CONST:
      return new BtfWrapper('const', btf, record)
    case BTF_KIND_VOLATILE:
      return new BtfWrapper('volatile', btf, record)
    case BTF_KIND_RESTRICT:
      return new BtfWrapper('restrict', btf, record)
    case BTF_KIND_TYPE_TAG:
      return new BtfWrapper('type_tag', btf, record)
    case BTF_KIND_FUNC_PROTO:
      return new BtfFunction(btf, record)
    default:
      return VOID
  }
}

function intType(btf: Btf, { name, sizeOrType, at }: BtfRecord): Type {
  const encoding = (btf.view.getUint32(at, btf.littleEndian) >>> 24) & 0xf
  return {
    kind: 'int',
    name,
    size: sizeOrType,
    signed: (encoding & BTF_INT_SIGNED) !== 0,
    bool: (encoding & BTF_INT_BOOL) !== 0,
    char: (encoding & BTF_INT_CHAR) !== 0,
  }
}

/** Enum values: kind_flag says signed (since v6.0; 32-bit enums of older kernels are signed without saying so). */
function enumType(btf: Btf, { name, kind, vlen, kindFlag, sizeOrType, at }: BtfRecord): EnumType {
  const wide = kind === BTF_KIND_ENUM64
  const signed = kindFlag
  const values: EnumValue[] = []
  for (let i = 0; i < vlen; i++) {
    const item = at + i * (wide ? 12 : 8)
    const low = btf.view.getUint32(item + 4, btf.littleEndian)
    const raw = wide
      ? (BigInt(btf.view.getUint32(item + 8, btf.littleEndian)) << 32n) | BigInt(low)
      : BigInt(low)
    const bits = wide ? 64 : 32
    const value = signed ? BigInt.asIntN(bits, raw) : raw
    values.push({ name: btf.stringAt(btf.view.getUint32(item, btf.littleEndian)), value })
  }
  return { kind: 'enum', name, size: sizeOrType, signed, values }
}

class BtfPointer implements PointerType {
  readonly kind = 'pointer'
  readonly size: number
  readonly #btf: Btf
  readonly #target: number
  constructor(btf: Btf, target: number) {
    this.size = btf.pointerSize
    this.#btf = btf
    this.#target = target
  }
  get target(): Type {
    return this.#btf.typeById(this.#target)
  }
}

class BtfArray implements ArrayType {
  readonly kind = 'array'
  readonly length: number
  readonly #btf: Btf
  readonly #element: number
  constructor(btf: Btf, { at }: BtfRecord) {
    this.#btf = btf
    this.#element = btf.view.getUint32(at, btf.littleEndian)
    this.length = btf.view.getUint32(at + 8, btf.littleEndian)
  }
  get element(): Type {
    return this.#btf.typeById(this.#element)
  }
}

class BtfWrapper {
  readonly kind: TypedefType['kind'] | QualifiedType['kind']
  readonly name: string
  readonly #btf: Btf
  readonly #target: number
  constructor(kind: BtfWrapper['kind'], btf: Btf, record: BtfRecord) {
    this.kind = kind
    this.name = record.name
    this.#btf = btf
    this.#target = record.sizeOrType
  }
  get target(): Type {
    return this.#btf.typeById(this.#target)
  }
}

class BtfCompound implements CompoundType {
  readonly kind: 'struct' | 'union'
  readonly name: string
  readonly size: number
  readonly #btf: Btf
  readonly #record: BtfRecord
  #members: readonly Member[] | undefined
  #index: ReadonlyMap<string, Member> | undefined
  constructor(kind: 'struct' | 'union', btf: Btf, record: BtfRecord) {
    this.kind = kind
    this.name = record.name
    this.size = record.sizeOrType
    this.#btf = btf
    this.#record = record
  }
  get members(): readonly Member[] {
    return (this.#members ??= readMembers(this.#btf, this.#record))
  }
  get memberIndex(): ReadonlyMap<string, Member> {
    return (this.#index ??= indexMembers(this.members))
  }
}

/** kind_flag: the offset word holds a bit-field size in its upper 8 bits. */
function readMembers(btf: Btf, { vlen, kindFlag, at }: BtfRecord): Member[] {
  const members: Member[] = []
  for (let i = 0; i < vlen; i++) {
    const item = at + i * 12
    const offset = btf.view.getUint32(item + 8, btf.littleEndian)
    members.push({
      name: btf.stringAt(btf.view.getUint32(item, btf.littleEndian)),
      type: btf.typeById(btf.view.getUint32(item + 4, btf.littleEndian)),
      bitOffset: kindFlag ? offset & 0xff_ffff : offset,
      bitSize: kindFlag ? offset >>> 24 : 0,
    })
  }
  return members
}

class BtfFunction implements FunctionType {
  readonly kind = 'function'
  readonly #btf: Btf
  readonly #record: BtfRecord
  constructor(btf: Btf, record: BtfRecord) {
    this.#btf = btf
    this.#record = record
  }
  get returns(): Type {
    return this.#btf.typeById(this.#record.sizeOrType)
  }
  get variadic(): boolean {
    const { vlen, at } = this.#record
    return (
      vlen > 0 && this.#btf.view.getUint32(at + (vlen - 1) * 8 + 4, this.#btf.littleEndian) === 0
    )
  }
  get parameters(): readonly Parameter[] {
    const parameters: Parameter[] = []
    for (let i = 0; i < this.#record.vlen - (this.variadic ? 1 : 0); i++) {
      const item = this.#record.at + i * 8
      parameters.push({
        name: this.#btf.stringAt(this.#btf.view.getUint32(item, this.#btf.littleEndian)),
        type: this.#btf.typeById(this.#btf.view.getUint32(item + 4, this.#btf.littleEndian)),
      })
    }
    return parameters
  }
}
