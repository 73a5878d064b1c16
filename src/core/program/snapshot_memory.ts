// A struct read once: reads inside it cost no page lookup, reads outside go on to the dump.
import type { MemoryReader } from './memory.ts'

/** Memory that answers from one copied range first. */
export class SnapshotMemory implements MemoryReader {
  readonly littleEndian: boolean
  readonly #start: bigint
  readonly #view: DataView
  readonly #outside: MemoryReader

  /** @throws {FaultError} if any of the `size` bytes cannot be read */
  constructor(outside: MemoryReader, start: bigint, size: number) {
    const bytes = new Uint8Array(size)
    outside.readVirtual(start, bytes)
    this.littleEndian = outside.littleEndian
    this.#start = start
    this.#view = new DataView(bytes.buffer)
    this.#outside = outside
  }

  u8(address: bigint): number {
    const at = this.#at(address, 1)
    return at < 0 ? this.#outside.u8(address) : this.#view.getUint8(at)
  }

  u16(address: bigint): number {
    const at = this.#at(address, 2)
    return at < 0 ? this.#outside.u16(address) : this.#view.getUint16(at, this.littleEndian)
  }

  u32(address: bigint): number {
    const at = this.#at(address, 4)
    return at < 0 ? this.#outside.u32(address) : this.#view.getUint32(at, this.littleEndian)
  }

  u64(address: bigint): bigint {
    const at = this.#at(address, 8)
    return at < 0 ? this.#outside.u64(address) : this.#view.getBigUint64(at, this.littleEndian)
  }

  readVirtual(address: bigint, into: Uint8Array): void {
    const at = this.#at(address, into.length)
    if (at < 0) this.#outside.readVirtual(address, into)
    else into.set(new Uint8Array(this.#view.buffer, at, into.length))
  }

  /** Offset in the snapshot, or -1 if the range is not wholly inside. */
  #at(address: bigint, size: number): number {
    const offset = Number(address - this.#start)
    return offset >= 0 && offset + size <= this.#view.byteLength ? offset : -1
  }
}
