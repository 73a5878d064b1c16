// Reading by virtual address: what symbol, type and unwind tables need of a dumped machine, and no more.

/** What can read the virtual memory of a dumped machine. */
export interface VirtualReader {
  readonly littleEndian: boolean
  /** @throws {FaultError} if any byte cannot be read */
  readVirtual(address: bigint, into: Uint8Array): void
}

/** Read `size` bytes at `address` into a new array. `size` must have been checked against a limit. */
export function readVirtualBytes(reader: VirtualReader, address: bigint, size: number): Uint8Array {
  const bytes = new Uint8Array(size)
  reader.readVirtual(address, bytes)
  return bytes
}
