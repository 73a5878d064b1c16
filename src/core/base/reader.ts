// A cursor over bytes of a file: each read names what it was reading, so that a bad file gets a good message.
import { FormatError } from './errors.ts'
import { readUsize64 } from './struct.ts'

/** Bounds-checked little cursor. `base` is the file offset of byte 0, used only in messages. */
export class Reader {
  readonly file: string
  readonly bytes: Uint8Array
  readonly littleEndian: boolean
  readonly base: number
  offset: number
  readonly #view: DataView

  constructor(file: string, bytes: Uint8Array, { littleEndian = true, base = 0, offset = 0 } = {}) {
    this.file = file
    this.bytes = bytes
    this.littleEndian = littleEndian
    this.base = base
    this.offset = offset
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  get remaining(): number {
    return this.bytes.length - this.offset
  }

  u8(what: string): number {
    return this.#view.getUint8(this.#take(1, what))
  }

  u16(what: string): number {
    return this.#view.getUint16(this.#take(2, what), this.littleEndian)
  }

  u32(what: string): number {
    return this.#view.getUint32(this.#take(4, what), this.littleEndian)
  }

  u64(what: string): bigint {
    return this.#view.getBigUint64(this.#take(8, what), this.littleEndian)
  }

  /** A u64 that must be exact as a number. */
  usize64(what: string): number {
    const at = this.#take(8, what)
    try {
      return readUsize64(this.#view, at, this.littleEndian)
    } catch (cause) {
      throw new FormatError(this.file, this.base + at, `${what} exceeds 2^53`, { cause })
    }
  }

  /** The next `size` bytes, not copied. */
  take(size: number, what: string): Uint8Array {
    const at = this.#take(size, what)
    return this.bytes.subarray(at, at + size)
  }

  skip(size: number, what: string): void {
    this.#take(size, what)
  }

  #take(size: number, what: string): number {
    const at = this.offset
    if (size < 0 || size > this.bytes.length - at) {
      throw new FormatError(
        this.file,
        this.base + at,
        `${what} needs ${size} bytes, ${this.bytes.length - at} left`,
      )
    }
    this.offset = at + size
    return at
  }
}
