// A dump into a stream, as records that say where each piece belongs: for pipes and remote shells, which cannot seek.
// Source: makedumpfile IMPLEMENTATION, "Flattened format".
import { HostError } from '../../core/base/errors.ts'
import type { SyncDumpOutput } from './dump_output.ts'
import { errnoOf } from './file_error.ts'
import { writeFully } from './stream.ts'

const HEADER_SIZE = 4096
const SIGNATURE = 'makedumpfile'
const TYPE = 1n
const VERSION = 1n
const END = -1n

/**
 * Write flattened to an open stream. Closing ends the stream with the end record; it stays open.
 *
 * A reader takes later records for earlier ones, so headers may be written again.
 */
export function openFlattenedOutput(fd: number, name: string): SyncDumpOutput {
  let problem: HostError | undefined
  const send = (bytes: Uint8Array): boolean => {
    if (problem) return false
    try {
      writeFully(fd, bytes)
      return true
    } catch (cause) {
      problem = new HostError(`${name}: cannot write: ${errnoOf(cause)}`, errnoOf(cause), { cause })
      return false
    }
  }
  send(encodeHeader())
  return {
    name,
    get problem() {
      return problem
    },
    write(offset, bytes) {
      if (bytes.length === 0) return 0
      const isSent = send(encodeRecord(BigInt(offset), BigInt(bytes.length))) && send(bytes)
      return isSent ? bytes.length : 0
    },
    // What is in the stream cannot be taken back; the header says that the dump is incomplete.
    truncate() {},
    sync() {},
    close() {
      send(encodeRecord(END, END))
    },
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
