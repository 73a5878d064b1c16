// Virtual memory made of a few pieces, for readers that need no page tables. What no piece covers faults.
import { FaultError } from '../../src/core/base/errors.ts'
import type { MemoryReader } from '../../src/core/program/memory.ts'

/** Bytes at virtual addresses; `at` pieces must not overlap. */
export class SparseMemory implements MemoryReader {
  readonly littleEndian: boolean
  readonly #pieces: readonly { readonly at: bigint; readonly bytes: Uint8Array }[]

  constructor(pieces: Iterable<readonly [at: bigint, bytes: Uint8Array]>, littleEndian = true) {
    this.littleEndian = littleEndian
    this.#pieces = Array.from(pieces, ([at, bytes]) => ({ at, bytes }))
  }

  readVirtual(address: bigint, into: Uint8Array): void {
    for (let done = 0; done < into.length;) {
      const from = BigInt.asUintN(64, address + BigInt(done))
      const piece = this.#pieces.find(
        ({ at, bytes }) => from >= at && from < at + BigInt(bytes.length),
      )
      if (!piece) throw new FaultError(from, 'virtual', 'not-present')
      const offset = Number(from - piece.at)
      const part = piece.bytes.subarray(offset, offset + into.length - done)
      into.set(part, done)
      done += part.length
    }
  }

  u8(address: bigint): number {
    return this.#view(address, 1).getUint8(0)
  }

  u16(address: bigint): number {
    return this.#view(address, 2).getUint16(0, this.littleEndian)
  }

  i16(address: bigint): number {
    return (this.u16(address) << 16) >> 16
  }

  u32(address: bigint): number {
    return this.#view(address, 4).getUint32(0, this.littleEndian)
  }

  i32(address: bigint): number {
    return this.u32(address) | 0
  }

  u64(address: bigint): bigint {
    return this.#view(address, 8).getBigUint64(0, this.littleEndian)
  }

  #view(address: bigint, size: number): DataView {
    const bytes = new Uint8Array(size)
    this.readVirtual(address, bytes)
    return new DataView(bytes.buffer)
  }
}
