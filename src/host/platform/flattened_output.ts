// A dump as records that say where each piece belongs, for what takes bytes in order only: pipes, remote shells, uploads.
// Source: makedumpfile IMPLEMENTATION, "Flattened format".
import type { HostError } from '../../core/base/errors.ts'
import type { DumpOutput, SyncDumpOutput } from './dump_output.ts'
import { openStreamOutput } from './stream_output.ts'

const HEADER_SIZE = 4096
const SIGNATURE = 'makedumpfile'
const TYPE = 1n
const VERSION = 1n
const END = -1n

/** Write flattened to an open stream. Closing ends the stream with the end record; it stays open. */
export function openFlattenedOutput(fd: number, name: string): SyncDumpOutput {
  return flattenOutput(openStreamOutput(fd, name))
}

/**
 * Write flattened to an output, from its start on. sync() and close() write the end record, behind which nothing is
 * taken any more.
 *
 * A reader takes later records for earlier ones, so headers may be written again.
 */
export function flattenOutput(output: SyncDumpOutput): SyncDumpOutput
export function flattenOutput(output: DumpOutput): DumpOutput
export function flattenOutput(output: DumpOutput): DumpOutput {
  return new FlattenedOutput(output)
}

class FlattenedOutput implements DumpOutput {
  readonly #output: DumpOutput
  /** Offset in the output at which the next record begins. */
  #end = 0
  #isEnded = false

  constructor(output: DumpOutput) {
    this.#output = output
    this.#append(encodeHeader())
  }

  get name(): string {
    return this.#output.name
  }

  get problem(): HostError | undefined {
    return this.#output.problem
  }

  write(offset: number, bytes: Uint8Array): number {
    if (bytes.length === 0 || this.#isEnded) return 0
    const isTaken =
      this.#append(encodeRecord(BigInt(offset), BigInt(bytes.length))) && this.#append(bytes)
    return isTaken ? bytes.length : 0
  }

  async drain(): Promise<void> {
    await this.#output.drain?.()
  }

  /** What is in the stream cannot be taken back; the header says that the dump is incomplete. */
  truncate(): void {}

  sync(): void | Promise<void> {
    this.#endRecords()
    return this.#output.sync()
  }

  close(): void | Promise<void> {
    this.#endRecords()
    return this.#output.close()
  }

  #append(bytes: Uint8Array): boolean {
    if (this.problem) return false
    const size = this.#output.write(this.#end, bytes)
    this.#end += size
    return size === bytes.length
  }

  #endRecords(): void {
    if (!this.#isEnded) this.#append(encodeRecord(END, END))
    this.#isEnded = true
  }
}

function encodeHeader(): Uint8Array {
  const bytes = new Uint8Array(HEADER_SIZE)
  const view = new DataView(bytes.buffer)
  bytes.set(new TextEncoder().encode(SIGNATURE))
  view.setBigInt64(16, TYPE)
  view.setBigInt64(24, VERSION)
  return bytes
}

function encodeRecord(offset: bigint, size: bigint): Uint8Array {
  const bytes = new Uint8Array(16)
  const view = new DataView(bytes.buffer)
  view.setBigInt64(0, offset)
  view.setBigInt64(8, size)
  return bytes
}
