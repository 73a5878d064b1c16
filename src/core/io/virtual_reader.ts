// Reading by virtual address: what symbol, type and unwind tables need of a dumped machine, and no more.
import { wrap64 } from '../base/addr.ts'
import { CorruptError } from '../base/errors.ts'

/** What can read the virtual memory of a dumped machine. */
export interface VirtualReader {
  readonly littleEndian: boolean
  /** @throws {FaultError} if any byte cannot be read */
  readVirtual(address: bigint, into: Uint8Array): void
}

/** More than any table of a kernel: .BTF has 6 MB, names of symbols 3 MB. */
const SIZE_MAX = 256 * 1024 * 1024
/** What is larger is looked at so often, and at its end, before anything is allocated for it. */
const PROBE_STEP = 64 * 1024

/**
 * Read `size` bytes at `address` into a new array.
 *
 * @throws {FaultError} if any byte cannot be read
 * @throws {CorruptError} if no table of a kernel is that large
 */
export function readVirtualBytes(reader: VirtualReader, address: bigint, size: number): Uint8Array {
  if (!(size >= 0 && size <= SIZE_MAX)) throw new CorruptError(address, `table of ${size} bytes`)
  if (size > PROBE_STEP) probe(reader, address, size)
  const bytes = new Uint8Array(size)
  reader.readVirtual(address, bytes)
  return bytes
}

/** @throws {FaultError} if one of some bytes all over the range cannot be read */
function probe(reader: VirtualReader, address: bigint, size: number): void {
  const byte = new Uint8Array(1)
  reader.readVirtual(wrap64(address + BigInt(size - 1)), byte)
  for (let at = 0; at < size; at += PROBE_STEP)
    reader.readVirtual(wrap64(address + BigInt(at)), byte)
}
