// Pages in Zstandard's format (RFC 8878), decoded portably by fzstd; only a host's native codec compresses.
import { decompress as fzstdDecompress } from 'fzstd'
import type { Codec } from './codec.ts'

export const zstd: Codec = { name: 'zstd', decompress }

function decompress(input: Uint8Array, output: Uint8Array): number {
  const size = contentSize(input)
  if (size > output.length) throw new RangeError('zstd: data exceeds output')
  try {
    fzstdDecompress(input, output)
  } catch (cause) {
    throw new RangeError(`zstd: ${cause instanceof Error ? cause.message : 'malformed input'}`, {
      cause,
    })
  }
  return size
}

/** Frame_Content_Size, which one-shot compressors always write. */
function contentSize(input: Uint8Array): number {
  const view = new DataView(input.buffer, input.byteOffset, input.length)
  if (input.length < 9 || view.getUint32(0, true) !== 0xfd2f_b528)
    throw new RangeError('zstd: not a frame')
  const descriptor = view.getUint8(4)
  const singleSegment = (descriptor & 0x20) !== 0
  if ((descriptor & 3) !== 0) throw new RangeError('zstd: frame needs a dictionary')
  const at = singleSegment ? 5 : 6
  switch (descriptor >> 6) {
    case 0:
      if (!singleSegment) throw new RangeError('zstd: frame without content size')
      return view.getUint8(at)
    case 1:
      return view.getUint16(at, true) + 256
    case 2:
      return view.getUint32(at, true)
    default:
      throw new RangeError('zstd: content size exceeds a page')
  }
}
