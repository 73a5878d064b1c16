// Pages in Zstandard's format (RFC 8878), decoded portably by fzstd; only a host's native codec compresses.
// fzstd trusts its input: blocks that promise more than a page are refused before it sees them.
import { decompress as fzstdDecompress } from 'fzstd'
import type { Codec } from './codec.ts'

/** Pages in Zstandard's format; no `compress`. */
export const zstd: Codec = { name: 'zstd', decompress }

const MAGIC = 0xfd2f_b528
const BLOCK_RAW = 0
const BLOCK_RLE = 1
const BLOCK_COMPRESSED = 2
/** The shortest match a sequence can stand for. */
const MATCH_MIN = 3

function fail(what: string): never {
  throw new RangeError(`zstd: ${what}`)
}

function decompress(input: Uint8Array, output: Uint8Array): number {
  const { contentSize, headerSize } = parseFrameHeader(input)
  if (contentSize > output.length) fail('data exceeds output')
  checkBlocks(input, headerSize, contentSize)
  try {
    fzstdDecompress(input, output)
  } catch (cause) {
    throw new RangeError(`zstd: ${cause instanceof Error ? cause.message : 'malformed input'}`, {
      cause,
    })
  }
  return contentSize
}

/** Section 3.1.1.1. One-shot compressors always write the content size. */
function parseFrameHeader(input: Uint8Array): { contentSize: number; headerSize: number } {
  const view = new DataView(input.buffer, input.byteOffset, input.length)
  // What is too short for a header makes the view raise RangeError itself.
  if (input.length < 5 || view.getUint32(0, true) !== MAGIC) fail('not a frame')
  const descriptor = view.getUint8(4)
  const isSingleSegment = (descriptor & 0x20) !== 0
  if ((descriptor & 3) !== 0) fail('frame needs a dictionary')
  const at = isSingleSegment ? 5 : 6
  switch (descriptor >> 6) {
    case 0:
      if (!isSingleSegment) fail('frame without content size')
      return { contentSize: view.getUint8(at), headerSize: at + 1 }
    case 1:
      return { contentSize: view.getUint16(at, true) + 256, headerSize: at + 2 }
    case 2:
      return { contentSize: view.getUint32(at, true), headerSize: at + 4 }
    default:
      return fail('content size exceeds a page')
  }
}

/** Section 3.1.1.2: walk the blocks and add up the least that each must produce. */
function checkBlocks(input: Uint8Array, headerSize: number, contentSize: number): void {
  let produced = 0
  for (let at = headerSize, isLast = false; !isLast;) {
    if (at + 3 > input.length) fail('input ends within a block header')
    const header = readLittle(input, at, 3)
    at += 3
    isLast = (header & 1) !== 0
    const type = (header >> 1) & 3
    const size = header >> 3
    const end = at + (type === BLOCK_RLE ? 1 : size)
    if (end > input.length) fail('block exceeds input')
    if (type === BLOCK_RAW || type === BLOCK_RLE) produced += size
    else if (type === BLOCK_COMPRESSED) produced += leastProduct(input.subarray(at, end))
    else fail('reserved block type')
    if (produced > contentSize) fail('blocks exceed content size')
    at = end
  }
}

/** Section 3.1.1.3: all literals come out, and each sequence adds a match. */
function leastProduct(block: Uint8Array): number {
  const { literals, end } = parseLiteralsHeader(block)
  const first = block[end]
  if (first === undefined) fail('block ends before its sequences')
  let sequences = first
  if (first === 255) sequences = readLittle(block, end + 1, 2) + 0x7f00
  else if (first > 127) sequences = ((first - 128) << 8) + (block[end + 1] ?? 0)
  return literals + sequences * MATCH_MIN
}

/** Section 3.1.1.3.1: how many literals, and where the section ends. */
function parseLiteralsHeader(block: Uint8Array): { literals: number; end: number } {
  const first = block[0] ?? fail('empty block')
  const format = (first >> 2) & 3
  if ((first & 3) < 2) {
    // Raw literals or one byte repeated: 5, 12 or 20 bits of size.
    const headerSize = (format & 1) === 0 ? 1 : format === 1 ? 2 : 3
    const literals = readLittle(block, 0, headerSize) >> (headerSize === 1 ? 3 : 4)
    return { literals, end: headerSize + ((first & 3) === 0 ? literals : 1) }
  }
  // Huffman: 10, 14 or 18 bits each of size and packed size.
  const bits = format < 2 ? 10 : format === 2 ? 14 : 18
  const headerSize = (4 + 2 * bits) / 8
  const header = readLittle(block, 0, headerSize)
  const literals = Math.floor(header / 16) % 2 ** bits
  const packed = Math.floor(header / 2 ** (4 + bits))
  return { literals, end: headerSize + packed }
}

function readLittle(bytes: Uint8Array, at: number, count: number): number {
  let value = 0
  for (let i = count - 1; i >= 0; i--) value = value * 256 + (bytes[at + i] ?? 0)
  return value
}
