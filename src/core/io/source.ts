// Where bytes come from: a file, a mapped file, a block of memory, a flattened stream. Synchronous on purpose.
import { FormatError, UnsupportedError } from '../base/errors.ts'

/** What is larger is not allocated before its end is known to be there. */
const PROBED_LENGTH = 1024 * 1024

/** Random access to bytes. */
export interface Source extends Disposable {
  /** What messages call it, usually the path. */
  readonly name: string
  readonly size: number
  /** What was read may be different by now: the memory of a running machine. */
  readonly isLive?: boolean
  /** Read at `offset` into `into`; returns the bytes read, short only at the end. */
  read(offset: number, into: Uint8Array): number
}

/**
 * Read exactly `length` bytes.
 *
 * @throws {FormatError} naming `what` if the source ends before; nothing is allocated then
 * @throws {UnsupportedError} if memory cannot hold it
 */
export function readExact(
  source: Source,
  offset: number,
  length: number,
  what: string,
): Uint8Array {
  checkRange(source, offset, length, what)
  // A flattened file that was cut, or a live machine, may say a size that it does not have.
  if (length > PROBED_LENGTH && source.read(offset + length - 1, new Uint8Array(1)) !== 1)
    throw new FormatError(source.name, offset, `${what} (${length} bytes) was lost`)
  const bytes = allocate(source, length, what)
  const got = source.read(offset, bytes)
  if (got !== length)
    throw new FormatError(source.name, offset, `${what}: read ${got} of ${length} bytes`)
  return bytes
}

/** A sparse file holds any range for nothing; what memory cannot hold is not the file's fault. */
function allocate(source: Source, length: number, what: string): Uint8Array {
  try {
    return new Uint8Array(length)
  } catch (cause) {
    throw new UnsupportedError(`${source.name}: ${what} of ${length} bytes`, { cause })
  }
}

/** Check that `[offset, offset + length)` lies in the source. @throws {FormatError} naming `what` */
export function checkRange(source: Source, offset: number, length: number, what: string): void {
  if (!(offset >= 0 && length >= 0 && offset + length <= source.size)) {
    throw new FormatError(
      source.name,
      offset,
      `${what} (${length} bytes) ends past end of file (0x${source.size.toString(16)})`,
    )
  }
}
