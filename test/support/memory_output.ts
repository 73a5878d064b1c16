// A dump's target in memory, as large as a test wants it to be.
import { HostError } from '../../src/core/base/errors.ts'
import type { DumpOutput } from '../../src/host/platform/dump_output.ts'

/** Bytes as they were written; what would exceed `capacity` is not taken, like on a full disk. */
export class MemoryOutput implements DumpOutput {
  readonly name = 'memory'
  problem: HostError | undefined
  #bytes = new Uint8Array(0)
  readonly #capacity: number

  constructor(capacity = Number.POSITIVE_INFINITY) {
    this.#capacity = capacity
  }

  /** The file. */
  get bytes(): Uint8Array {
    return this.#bytes
  }

  write(offset: number, bytes: Uint8Array): number {
    const size = Math.max(0, Math.min(bytes.length, this.#capacity - offset))
    if (size < bytes.length) this.problem ??= new HostError('memory: ENOSPC', 'ENOSPC')
    if (size > 0 && offset + size > this.#bytes.length) this.#resize(offset + size)
    this.#bytes.set(bytes.subarray(0, size), offset)
    return size
  }

  read(offset: number, into: Uint8Array): number {
    const part = this.#bytes.subarray(offset, offset + into.length)
    into.set(part)
    return part.length
  }

  truncate(size: number): void {
    this.#resize(size)
  }

  sync(): void {}

  close(): void {}

  #resize(size: number): void {
    const bytes = new Uint8Array(size)
    bytes.set(this.#bytes.subarray(0, size))
    this.#bytes = bytes
  }
}
