// A dump's target in memory, as large as a test wants it to be.
import { HostError } from '../../src/core/base/errors.ts'
import type { DumpOutput } from '../../src/host/platform/dump_output.ts'

/** Bytes as they were written; what would exceed `capacity` is not taken, like on a full disk. */
export class MemoryOutput implements DumpOutput {
  readonly name = 'memory'
  problem: HostError | undefined
  /** Grown twofold: writers write pages by the thousand. */
  #buffer = new Uint8Array(4096)
  #size = 0
  readonly #capacity: number

  constructor(capacity = Number.POSITIVE_INFINITY) {
    this.#capacity = capacity
  }

  /** The file. */
  get bytes(): Uint8Array {
    return this.#buffer.subarray(0, this.#size)
  }

  write(offset: number, bytes: Uint8Array): number {
    const size = Math.max(0, Math.min(bytes.length, this.#capacity - offset))
    if (size < bytes.length) this.problem ??= new HostError('memory: ENOSPC', 'ENOSPC')
    if (size === 0) return 0
    if (offset + size > this.#buffer.length) this.#grow(offset + size)
    this.#buffer.set(bytes.subarray(0, size), offset)
    this.#size = Math.max(this.#size, offset + size)
    return size
  }

  read(offset: number, into: Uint8Array): number {
    const part = this.bytes.subarray(offset, offset + into.length)
    into.set(part)
    return part.length
  }

  truncate(size: number): void {
    this.#buffer.fill(0, size, this.#size)
    this.#size = Math.min(this.#size, size)
  }

  sync(): void {}

  close(): void {}

  #grow(size: number): void {
    const buffer = new Uint8Array(Math.max(size, 2 * this.#buffer.length))
    buffer.set(this.#buffer)
    this.#buffer = buffer
  }
}
