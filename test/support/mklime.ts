// Makes LiME and AVML files from recipes (vmcore_recipe.ts): a header and the bytes of each `segment START SIZE`.
// Facts: format (lime, avml), endian, version, chunk (bytes of data in a snappy chunk), store plain (chunks uncompressed),
// trailer (what AVML says behind each range instead of its compressed size). `lie 1.e_addr 7` is of the second header.
import { crc32c } from '../../src/core/codec/crc32c.ts'
import { snappy } from '../../src/core/codec/snappy.ts'
import {
  AVML_MAGIC,
  AVML_VERSION,
  LIME_MAGIC,
  LIME_VERSION,
  lime_mem_range_header,
} from '../../src/core/dump/lime_layout.ts'
import { writeLies } from './header_lies.ts'
import { countBytes, cutBytes, numberFact, parseRecipe } from './vmcore_recipe.ts'

const CHUNK_SIZE = 65_536
const STREAM_IDENTIFIER = Uint8Array.from([0xff, 6, 0, 0, ...new TextEncoder().encode('sNaPpY')])

/** How chunks are made. */
export interface FrameOptions {
  readonly chunkSize?: number
  readonly plain?: boolean
}

/** Make the file. */
export function mklime(text: string): Uint8Array {
  const recipe = parseRecipe(text)
  const isAvml = recipe.facts.get('format') === 'avml'
  const littleEndian = recipe.facts.get('endian') !== 'big'
  const plain = recipe.facts.get('store') === 'plain'
  const parts = recipe.segments.flatMap(({ start, fileSize }, index) => {
    const version = numberFact(recipe, 'version', 0)
    const header = rangeHeader(start, fileSize, { isAvml, version, littleEndian })
    const view = new DataView(header.buffer)
    writeLies(recipe.lies, view, lime_mem_range_header, 0, { littleEndian }, `${index}.`)
    const bytes = countBytes(start, fileSize, littleEndian)
    if (!isAvml) return [header, bytes]
    const frames = snappyFrames(bytes, {
      chunkSize: numberFact(recipe, 'chunk', CHUNK_SIZE),
      plain,
    })
    return [header, frames, trailer(numberFact(recipe, 'trailer', frames.length))]
  })
  return cutBytes(joinBytes(parts), recipe.cut)
}

/** The header before a range. */
export function rangeHeader(
  start: number,
  size: number,
  { isAvml = false, version = 0, littleEndian = true } = {},
): Uint8Array {
  const bytes = new Uint8Array(lime_mem_range_header.size)
  const header = {
    magic: isAvml ? AVML_MAGIC : LIME_MAGIC,
    version: version || (isAvml ? AVML_VERSION : LIME_VERSION),
    s_addr: BigInt(start),
    e_addr: BigInt(start + size - 1),
    reserved: 0n,
  }
  lime_mem_range_header.write(new DataView(bytes.buffer), 0, header, { littleEndian })
  return bytes
}

/** A range of AVML behind its header: the stream and its size. */
export function avmlRange(bytes: Uint8Array): Uint8Array {
  const frames = snappyFrames(bytes)
  return joinBytes([frames, trailer(frames.length)])
}

/** A stream in snappy's framing format. */
export function snappyFrames(
  bytes: Uint8Array,
  { chunkSize = CHUNK_SIZE, plain = false }: FrameOptions = {},
): Uint8Array {
  const parts: Uint8Array[] = [STREAM_IDENTIFIER]
  const room = new Uint8Array(chunkSize)
  for (let at = 0; at < bytes.length; at += chunkSize) {
    const data = bytes.subarray(at, at + chunkSize)
    // As the encoders do: what saves less than an eighth is stored plain.
    const size = plain ? 0 : (snappy.compress?.(data, room.subarray(0, data.length * 0.875)) ?? 0)
    const stored = size === 0 ? data : room.slice(0, size)
    parts.push(chunkHeader(size === 0 ? 1 : 0, stored.length + 4, data), stored)
  }
  return joinBytes(parts)
}

function chunkHeader(type: number, size: number, data: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(8)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, type | (size << 8), true)
  const crc = crc32c(data)
  view.setUint32(4, ((crc >>> 15) | (crc << 17)) + 0xa282_ead8, true)
  return bytes
}

function trailer(size: number): Uint8Array {
  const bytes = new Uint8Array(8)
  new DataView(bytes.buffer).setBigUint64(0, BigInt(size), true)
  return bytes
}

/** All parts, one after the other. */
export function joinBytes(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    bytes.set(part, at)
    at += part.length
  }
  return bytes
}
