// makedumpfile -R: a flattened stream, as ssh delivers it, written out as the file it describes.
import { FormatError, HostError, UnsupportedError } from '../../core/base/errors.ts'
import { isFlattened } from '../../core/io/flattened_source.ts'
import type { DumpOutput } from '../platform/dump_output.ts'
import { errnoOf } from '../platform/file_error.ts'
import { readStream } from '../platform/stream.ts'

const HEADER_SIZE = 4096
const RECORD_SIZE = 16
const TYPE_OFFSET = 16
const VERSION_OFFSET = 24
const BUFFER_SIZE = 1024 * 1024

/**
 * Write what a stream describes. Memory is bounded whatever its records say.
 *
 * @param fd open for reading, such as 0
 * @returns bytes of data written; `output.problem` says if not all of it was taken
 * @throws {FormatError} if the stream is not flattened, or ends before its end record
 * @throws {UnsupportedError} if it is flattened in another way
 * @throws {HostError} if the stream cannot be read
 */
export function rearrange(fd: number, name: string, output: DumpOutput): number {
  const stream = new Stream(fd, name)
  const header = stream.take(HEADER_SIZE, 'flattened header')
  if (!isFlattened(header)) throw new FormatError(name, 0, 'not a flattened dump')
  const view = new DataView(header.buffer)
  const kind = `type ${view.getBigInt64(TYPE_OFFSET)}, version ${view.getBigInt64(VERSION_OFFSET)}`
  if (kind !== 'type 1, version 1') {
    throw new UnsupportedError(`${name}: flattened format of ${kind}`)
  }
  let written = 0
  for (;;) {
    const at = stream.offset
    const record = new DataView(stream.take(RECORD_SIZE, 'record').buffer)
    const offset = Number(record.getBigInt64(0))
    const size = Number(record.getBigInt64(8))
    if (offset === -1 && size === -1) return written
    if (!(offset >= 0 && size >= 0 && Number.isSafeInteger(offset + size))) {
      throw new FormatError(name, at, `record of ${size} bytes at offset ${offset}`)
    }
    for (let done = 0; done < size;) {
      const bytes = stream.take(Math.min(size - done, BUFFER_SIZE), 'data of a record')
      const wrote = output.write(offset + done, bytes)
      written += wrote
      if (wrote < bytes.length) return written
      done += bytes.length
    }
  }
}

/** A stream read front to back. */
class Stream {
  readonly #fd: number
  readonly #name: string
  offset = 0

  constructor(fd: number, name: string) {
    this.#fd = fd
    this.#name = name
  }

  /** Read exactly `size` bytes. */
  take(size: number, what: string): Uint8Array<ArrayBuffer> {
    const bytes = new Uint8Array(size)
    for (let done = 0; done < size;) {
      const got = this.#read(bytes.subarray(done))
      if (got === 0) {
        const where = `${what}: ends after ${done} of ${size} bytes`
        throw new FormatError(this.#name, this.offset, where)
      }
      done += got
      this.offset += got
    }
    return bytes
  }

  #read(into: Uint8Array): number {
    try {
      return readStream(this.#fd, into)
    } catch (cause) {
      const errno = errnoOf(cause)
      throw new HostError(`${this.#name}: cannot read: ${errno}`, errno, { cause })
    }
  }
}
