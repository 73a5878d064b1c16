// Writes flattened files, as makedumpfile -F does: records of what is to be written where.
/** Bytes that a record writes at an offset of the unpacked file. */
export interface FlatRecord {
  readonly offset: number
  readonly bytes: Uint8Array
}

const HEADER_SIZE = 4096

/** Make a flattened file of records, in their order; without its end record if `end` is false. */
export function mkflattened(records: readonly FlatRecord[], end = true): Uint8Array {
  const size = records.reduce((sum, { bytes }) => sum + 16 + bytes.length, HEADER_SIZE)
  const file = new Uint8Array(size + (end ? 16 : 0))
  const view = new DataView(file.buffer)
  file.set(new TextEncoder().encode('makedumpfile'))
  view.setBigInt64(16, 1n)
  view.setBigInt64(24, 1n)
  let at = HEADER_SIZE
  for (const { offset, bytes } of records) {
    view.setBigInt64(at, BigInt(offset))
    view.setBigInt64(at + 8, BigInt(bytes.length))
    file.set(bytes, at + 16)
    at += 16 + bytes.length
  }
  if (end) file.fill(0xff, at)
  return file
}

/** Flatten a file as its writer would: in pieces, the last ones first, its head written once more at the end. */
export function flatten(bytes: Uint8Array, pieceSize = 5000): Uint8Array {
  const records: FlatRecord[] = []
  for (let offset = 0; offset < bytes.length; offset += pieceSize) {
    records.unshift({ offset, bytes: bytes.subarray(offset, offset + pieceSize) })
  }
  const garbage = new Uint8Array(Math.min(464, bytes.length)).fill(0xdd)
  return mkflattened([
    { offset: 0, bytes: garbage },
    ...records,
    { offset: 0, bytes: bytes.subarray(0, 464) },
  ])
}

/** What unpacking makes of records: each written in turn, zeros between them. */
export function unpackRecords(records: readonly FlatRecord[]): Uint8Array {
  const written = records.filter(({ bytes }) => bytes.length > 0)
  const size = Math.max(0, ...written.map(({ offset, bytes }) => offset + bytes.length))
  const file = new Uint8Array(size)
  for (const { offset, bytes } of written) file.set(bytes, offset)
  return file
}
