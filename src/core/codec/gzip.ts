// gzip members (RFC 1952), portably by fflate: configurations kernels carry, not dump pages.
import { gunzipSync } from 'fflate'

/** Header 10, one empty block 2, CRC and size 8. */
const GZIP_SIZE_MIN = 20

/**
 * Decompress one gzip member.
 *
 * @param sizeMax refuse more output than this
 * @throws {RangeError} if the input is malformed or holds more than `sizeMax`
 */
export function gunzip(input: Uint8Array, sizeMax: number): Uint8Array {
  if (input.length < GZIP_SIZE_MIN) throw new RangeError('gzip: input is too short')
  const view = new DataView(input.buffer, input.byteOffset, input.length)
  const size = view.getUint32(input.length - 4, true)
  if (size > sizeMax) throw new RangeError(`gzip: ${size} bytes exceed ${sizeMax}`)
  let output: Uint8Array
  try {
    // With `out`, fflate never allocates: what would not fit is dropped, and the size then differs.
    output = gunzipSync(input, { out: new Uint8Array(size) })
  } catch (cause) {
    throw new RangeError(`gzip: ${cause instanceof Error ? cause.message : 'malformed input'}`, {
      cause,
    })
  }
  if (output.length !== size) throw new RangeError(`gzip: ${output.length} of ${size} bytes`)
  return output
}
