// Declarative C struct layouts: natural alignment, one row per member, C spelling kept.
import { assert } from './assert.ts'

/** Byte order, passed explicitly at each read. */
export interface Endian {
  readonly littleEndian: boolean
}

/** How one member is read and written. `align` differs from `size` only for byte arrays. */
export interface Field<T> {
  readonly size: number
  readonly align: number
  read(view: DataView, offset: number, little: boolean): T
  write(view: DataView, offset: number, value: T, little: boolean): void
}

const scalar = <T>(size: number, read: Field<T>['read'], write: Field<T>['write']): Field<T> => ({
  size,
  align: size,
  read,
  write,
})

/** Unsigned 8-bit member. */
export const u8 = scalar<number>(
  1,
  (v, o) => v.getUint8(o),
  (v, o, x) => v.setUint8(o, x),
)
/** Unsigned 16-bit member. */
export const u16 = scalar<number>(
  2,
  (v, o, l) => v.getUint16(o, l),
  (v, o, x, l) => v.setUint16(o, x, l),
)
/** Unsigned 32-bit member. */
export const u32 = scalar<number>(
  4,
  (v, o, l) => v.getUint32(o, l),
  (v, o, x, l) => v.setUint32(o, x, l),
)
/** Signed 32-bit member. */
export const i32 = scalar<number>(
  4,
  (v, o, l) => v.getInt32(o, l),
  (v, o, x, l) => v.setInt32(o, x, l),
)
/** Unsigned 64-bit member, as a bigint. */
export const u64 = scalar<bigint>(
  8,
  (v, o, l) => v.getBigUint64(o, l),
  (v, o, x, l) => v.setBigUint64(o, x, l),
)

/** A u64 that is a file offset, size or PFN: must fit 2^53, else RangeError. */
export const usize64 = scalar<number>(8, readUsize64, (v, o, x, l) => {
  v.setUint32(l ? o : o + 4, x >>> 0, l)
  v.setUint32(l ? o + 4 : o, Math.floor(x / 0x1_0000_0000), l)
})

/** A u64 of which only what is below 2^53 is exact; the rest stays above it, for the reader to refuse where it matters. */
export const loose64 = scalar<number>(
  8,
  (v, o, l) => v.getUint32(l ? o + 4 : o, l) * 0x1_0000_0000 + v.getUint32(l ? o : o + 4, l),
  usize64.write,
)

/** Read a u64 as a number. @throws {RangeError} above 2^53 */
export function readUsize64(view: DataView, offset: number, little: boolean): number {
  const lo = view.getUint32(little ? offset : offset + 4, little)
  const hi = view.getUint32(little ? offset + 4 : offset, little)
  if (hi > 0x1f_ffff) throw new RangeError(`u64 at offset ${offset} exceeds 2^53`)
  return hi * 0x1_0000_0000 + lo
}

/** `char name[size]`: text up to the first NUL, one character a byte. */
export function chars(size: number): Field<string> {
  return {
    size,
    align: 1,
    read(view, offset) {
      let text = ''
      for (let i = 0; i < size; i++) {
        const byte = view.getUint8(offset + i)
        if (byte === 0) break
        text += String.fromCharCode(byte)
      }
      return text
    },
    write(view, offset, value) {
      for (let i = 0; i < size; i++)
        view.setUint8(offset + i, i < value.length ? value.charCodeAt(i) & 0xff : 0)
    },
  }
}

type Shape = Record<string, Field<unknown>>
type Value<S extends Shape> = { -readonly [K in keyof S]: S[K] extends Field<infer T> ? T : never }

/** A declared C struct: where members lie, and how to read and write all of them. */
export interface StructLayout<S extends Shape> {
  readonly name: string
  readonly size: number
  readonly offset: { readonly [K in keyof S]: number }
  read(view: DataView, offset: number, endian: Endian): Value<S>
  write(view: DataView, offset: number, value: Value<S>, endian: Endian): void
}

/** What a layout's read() returns. */
export type StructValue<L> = L extends StructLayout<infer S> ? Readonly<Value<S>> : never

/**
 * Declare a C struct.
 *
 * @param size `sizeof`, asserted against the members so that a forgotten member is found at load time
 */
// Field<any>: a shape mixes member types, and Field is invariant in its own.
// oxlint-disable-next-line typescript/no-explicit-any
export function struct<S extends Record<string, Field<any>>>(
  name: string,
  size: number,
  shape: S,
): StructLayout<S> {
  const offset = {} as { [K in keyof S]: number }
  let end = 0
  for (const key in shape) {
    const field = shape[key] as Field<unknown>
    end = Math.ceil(end / field.align) * field.align
    offset[key] = end
    end += field.size
  }
  assert(
    end <= size && size - end < 8,
    `struct ${name}: declared ${size} bytes, members take ${end}`,
  )
  return {
    name,
    size,
    offset,
    read(view, at, { littleEndian }) {
      const value = {} as Record<string, unknown>
      for (const key in shape) {
        value[key] = (shape[key] as Field<unknown>).read(view, at + offset[key], littleEndian)
      }
      return value as Value<S>
    },
    write(view, at, value, { littleEndian }) {
      for (const key in shape) {
        ;(shape[key] as Field<unknown>).write(view, at + offset[key], value[key], littleEndian)
      }
    },
  }
}
