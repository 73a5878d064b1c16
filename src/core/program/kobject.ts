// A typed reference into the dumped kernel, read lazily: program + type + address, or a value of its own.
import { toSafeNumber, wrap64 } from '../base/addr.ts'
import { CorruptError, FaultError, NotFoundError } from '../base/errors.ts'
import { formatHex } from '../base/hex.ts'
import { decodeCString } from '../base/text.ts'
import { sizeofType, stripType, type Type } from '../debuginfo/type.ts'
import type { Paths, ElementTag, EnumName, TagAt, TargetTag } from './kernel_types.ts'
import { findMemberPlan, getMemberPlan } from './member_path.ts'
import type { MemoryReader } from './memory.ts'
import type { Program } from './program.ts'
import { SnapshotMemory } from './snapshot_memory.ts'

/** Elements a C array iteration yields at most; larger counts come only from damaged data. */
const ARRAY_LIMIT = 1_000_000
/** Longest string read through a `char *`. */
const STRING_SIZE_MAX = 65_536
const SNAPSHOT_SIZE_MAX = 1024 * 1024

interface BitField {
  readonly shift: number
  readonly size: number
}

/**
 * A variable, struct, member or value of the dumped kernel. `Tag` is the struct's name, checked between
 * helpers at compile time; `any` means not checked.
 */
// oxlint-disable-next-line typescript/no-explicit-any
export class KObject<Tag extends string = any> {
  declare readonly tag: Tag
  readonly program: Program
  readonly type: Type
  /** Where it lies; for a value object the address it was loaded from, or 0n. */
  readonly address: bigint
  readonly memory: MemoryReader
  readonly #bits: BitField | undefined
  readonly #value: bigint | undefined

  constructor(
    program: Program,
    type: Type,
    address: bigint,
    options: { memory?: MemoryReader; bits?: BitField; value?: bigint } = {},
  ) {
    this.program = program
    this.type = type
    this.address = address
    this.memory = options.memory ?? program.memory
    this.#bits = options.bits
    this.#value = options.value
  }

  /**
   * Follow a dotted path; pointers on the way are followed.
   *
   * @param paths alternatives, newest kernel first: the first that exists is taken
   * @throws {NotFoundError} if none exists
   * @throws {FaultError} if a pointer on the way is NULL or unreadable
   */
  get<const P extends string>(...paths: Paths<Tag, P>): KObject<TagAt<Tag, P>> {
    return this.#get(paths)
  }

  /** Does any of these paths exist in the type? Says nothing of its value. */
  has(...paths: string[]): boolean {
    return paths.some((path) => findMemberPlan(this.type, path) !== undefined)
  }

  /** The member, or undefined if this kernel's struct has none of the paths. */
  find<const P extends string>(...paths: readonly P[]): KObject<TagAt<Tag, P>> | undefined {
    return this.has(...paths) ? this.#get(paths) : undefined
  }

  /** Integer, enum, bool or pointer as an exact number. @throws {CorruptError} above 2^53 */
  number<const P extends string>(...paths: Paths<Tag, P>): number {
    if (paths.length > 0) return this.#get(paths).number()
    const fast = this.#readSmall()
    if (fast !== undefined) return fast
    const exact = this.bigint()
    const value = toSafeNumber(exact)
    if (value === undefined) {
      throw new CorruptError(
        this.address,
        `${formatHex(exact)} where a number below 2^53 was expected`,
      )
    }
    return value
  }

  bigint<const P extends string>(...paths: Paths<Tag, P>): bigint {
    if (paths.length > 0) return this.#get(paths).bigint()
    if (this.#value !== undefined) return this.#value
    const type = stripType(this.type)
    const size = sizeofType(type)
    if (this.#bits) return this.#readBits(this.#bits, isSigned(type))
    const raw = this.#readUnsigned(size)
    return isSigned(type) ? BigInt.asIntN(size * 8, raw) : raw
  }

  bool<const P extends string>(...paths: Paths<Tag, P>): boolean {
    return (paths.length > 0 ? this.#get(paths) : this).bigint() !== 0n
  }

  /** A pointer's value, or the first word of whatever this is (`list_head` and the like begin with one). */
  pointer<const P extends string>(...paths: Paths<Tag, P>): bigint {
    if (paths.length > 0) return this.#get(paths).pointer()
    return this.#value ?? this.memory.u64(this.address)
  }

  /** Text of a `char[]` up to NUL, or of what a `char *` points to ('' for NULL). */
  string<const P extends string>(...paths: Paths<Tag, P>): string {
    if (paths.length > 0) return this.#get(paths).string()
    const type = stripType(this.type)
    if (type.kind === 'pointer') {
      const pointer = this.pointer()
      return pointer === 0n ? '' : this.program.readCString(pointer, STRING_SIZE_MAX)
    }
    if (type.kind === 'array' && type.length === 0)
      return this.program.readCString(this.address, STRING_SIZE_MAX)
    return decodeCString(this.bytes())
  }

  /** The object's own bytes. @throws {CorruptError} if its type says more than 1 MiB */
  bytes<const P extends string>(...paths: Paths<Tag, P>): Uint8Array {
    if (paths.length > 0) return this.#get(paths).bytes()
    const size = sizeofType(this.type)
    if (size > SNAPSHOT_SIZE_MAX) {
      throw new CorruptError(this.address, `object of ${size} bytes is too large to read at once`)
    }
    const bytes = new Uint8Array(size)
    this.memory.readVirtual(this.address, bytes)
    return bytes
  }

  /** Name of an enum's value, or undefined if it has none. */
  enumName<const P extends string>(
    ...paths: Paths<Tag, P>
  ): EnumName<string extends P ? Tag : TagAt<Tag, P>> | undefined {
    if (paths.length > 0) return this.#get(paths).enumName()
    const type = stripType(this.type)
    if (type.kind !== 'enum') return undefined
    const value = this.bigint()
    return type.values.find((item) => item.value === value)?.name
  }

  /** What a pointer points to. @throws {FaultError} for NULL */
  deref(): KObject<TargetTag<Tag>>
  deref<const P extends string>(...paths: Paths<Tag, P>): KObject<TargetTag<TagAt<Tag, P>>>
  deref(...paths: readonly string[]): KObject {
    if (paths.length > 0) return this.#get(paths).deref()
    const type = stripType(this.type)
    if (type.kind !== 'pointer') throw new NotFoundError('type', `${type.kind} is not a pointer`)
    const pointer = this.pointer()
    if (pointer === 0n) throw new FaultError(0n, 'virtual', 'no-translation')
    return new KObject(this.program, type.target, pointer)
  }

  /** Element of an array, or of the array a pointer points to; the index is not checked against a declared length. */
  at(index: number): KObject<ElementTag<Tag>> {
    const type = stripType(this.type)
    if (type.kind === 'pointer') {
      const size = BigInt(sizeofType(type.target))
      return new KObject(this.program, type.target, wrap64(this.pointer() + BigInt(index) * size))
    }
    if (type.kind !== 'array') throw new NotFoundError('type', `${type.kind} is not an array`)
    const address = wrap64(this.address + BigInt(index) * BigInt(sizeofType(type.element)))
    return new KObject(this.program, type.element, address, { memory: this.memory })
  }

  /** Declared elements of an array. */
  get length(): number {
    const type = stripType(this.type)
    return type.kind === 'array' ? type.length : 0
  }

  *[Symbol.iterator](): Generator<KObject<ElementTag<Tag>>> {
    const type = stripType(this.type)
    if (type.kind !== 'array') throw new NotFoundError('type', `${type.kind} is not an array`)
    const count = Math.min(type.length, ARRAY_LIMIT)
    for (let i = 0; i < count; i++) yield this.at(i)
  }

  /** The same place seen as another type; for a pointer, the pointer's value seen as one. */
  cast<T extends string = string>(type: string | Type): KObject<T> {
    const target = typeof type === 'string' ? this.program.type(type) : type
    const options =
      this.#value === undefined
        ? { memory: this.memory }
        : { memory: this.memory, value: this.#value }
    return new KObject<T>(this.program, target, this.address, options)
  }

  /** Is this a value that lies nowhere, rather than a place in memory? */
  get isValue(): boolean {
    return this.#value !== undefined
  }

  isNull(): boolean {
    return this.pointer() === 0n
  }

  /** Same place, or same value for value objects. */
  equals(other: KObject): boolean {
    return this.address === other.address && this.#value === other.#value
  }

  /** Read the whole struct once; members of the result come from that copy. @throws {FaultError} */
  snapshot(): KObject<Tag> {
    const size = sizeofType(this.type)
    if (this.isValue || size === 0 || size > SNAPSHOT_SIZE_MAX) return this
    const memory = new SnapshotMemory(this.program.memory, this.address, size)
    return new KObject<Tag>(this.program, this.type, this.address, { memory })
  }

  #get(paths: readonly string[]): KObject {
    const plan = getMemberPlan(this.type, paths)
    let address = this.address
    let memory = this.memory
    plan.hops.forEach((hop, i) => {
      // The first hop of a pointer object is its own value.
      const pointer =
        i === 0 && this.#value !== undefined
          ? this.#value
          : memory.u64(wrap64(address + BigInt(hop)))
      if (pointer === 0n) throw new FaultError(0n, 'virtual', 'no-translation')
      address = pointer
      memory = this.program.memory
    })
    const target = wrap64(address + BigInt(plan.offset))
    if (plan.bitSize === 0) return new KObject(this.program, plan.type, target, { memory })
    return new KObject(this.program, plan.type, target, {
      memory,
      bits: { shift: plan.bitShift, size: plan.bitSize },
    })
  }

  /** 1, 2 and 4 byte integers without a bigint. */
  #readSmall(): number | undefined {
    if (this.#value !== undefined || this.#bits) return undefined
    const type = stripType(this.type)
    if (type.kind !== 'int' && type.kind !== 'enum') return undefined
    switch (type.size) {
      case 1:
        return type.signed
          ? (this.memory.u8(this.address) << 24) >> 24
          : this.memory.u8(this.address)
      case 2:
        return type.signed
          ? (this.memory.u16(this.address) << 16) >> 16
          : this.memory.u16(this.address)
      case 4:
        return type.signed ? this.memory.u32(this.address) | 0 : this.memory.u32(this.address)
      default:
        return undefined
    }
  }

  #readUnsigned(size: number): bigint {
    switch (size) {
      case 1:
        return BigInt(this.memory.u8(this.address))
      case 2:
        return BigInt(this.memory.u16(this.address))
      case 4:
        return BigInt(this.memory.u32(this.address))
      case 8:
        return this.memory.u64(this.address)
      default:
        throw new NotFoundError(
          'type',
          `${stripType(this.type).kind} of ${size} bytes is not a scalar`,
        )
    }
  }

  #readBits({ shift, size }: BitField, signed: boolean): bigint {
    let raw = 0n
    const bytes = Math.ceil((shift + size) / 8)
    for (let i = 0; i < bytes; i++) {
      const byte = BigInt(this.memory.u8(wrap64(this.address + BigInt(i))))
      raw |= this.memory.littleEndian ? byte << BigInt(8 * i) : byte << BigInt(8 * (bytes - 1 - i))
    }
    const value = BigInt.asUintN(
      size,
      raw >> BigInt(this.memory.littleEndian ? shift : bytes * 8 - shift - size),
    )
    return signed ? BigInt.asIntN(size, value) : value
  }
}

function isSigned(type: Type): boolean {
  return (type.kind === 'int' || type.kind === 'enum') && type.signed
}
