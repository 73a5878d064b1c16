// Pages in zlib's format (RFC 1950), portably by fflate. Slow: a host registers native code instead.
import { unzlibSync, zlibSync } from 'fflate'
import type { Codec } from './codec.ts'

export const zlib: Codec = { name: 'zlib', decompress, compress }

function decompress(input: Uint8Array, output: Uint8Array): number {
  // Header 2, one block 2, Adler-32 4.
  if (input.length < 8) throw new RangeError('zlib: input is too short')
  let size = 0
  try {
    // With `out`, fflate never allocates; what would not fit is dropped, which the checksum then shows.
    size = unzlibSync(input, { out: output }).length
  } catch (cause) {
    throw new RangeError(`zlib: ${cause instanceof Error ? cause.message : 'malformed input'}`, {
      cause,
    })
  }
  const view = new DataView(input.buffer, input.byteOffset, input.length)
  if (adler32(output, size) !== view.getUint32(input.length - 4))
    throw new RangeError('zlib: checksum does not match')
  return size
}

function compress(input: Uint8Array, output: Uint8Array): number {
  const packed = zlibSync(input, { level: 1 })
  if (packed.length > output.length) return 0
  output.set(packed)
  return packed.length
}

/** Most bytes whose sums stay below 2^32 before the modulo. */
const ADLER_RUN = 5552

/** The checksum of RFC 1950 over the first `size` bytes. */
function adler32(bytes: Uint8Array, size: number): number {
  let a = 1
  let b = 0
  for (let at = 0; at < size;) {
    for (const end = Math.min(at + ADLER_RUN, size); at < end; at++) {
      a += bytes[at] as number
      b += a
    }
    a %= 65521
    b %= 65521
  }
  return b * 0x1_0000 + a
}
