// Snappy's framing format as a Source of the bytes inside: an index of the chunks, and a few of them decompressed.
// Source: google/snappy framing_format.txt.
import { FormatError } from '../base/errors.ts'
import { LruMap } from '../base/lru.ts'
import { getCodec } from '../codec/codecs.ts'
import { crc32c } from '../codec/crc32c.ts'
import type { Source } from '../io/source.ts'

const CHUNK_COMPRESSED = 0
const CHUNK_PLAIN = 1
const CHUNK_STREAM = 0xff
/** Chunks from here on may be skipped by who does not know them. */
const CHUNK_SKIPPABLE = 0x80
/** Bytes of data in a chunk, by the format. */
const DATA_SIZE_MAX = 65_536
/** Stored bytes of such a chunk, should snappy make it longer: checksum, and its own worst case. */
const STORED_SIZE_MAX = 4 + 32 + DATA_SIZE_MAX + Math.ceil(DATA_SIZE_MAX / 6)
const HEADER_SIZE = 4
const CHECKSUM_SIZE = 4
/** 4 MiB of decompressed chunks. */
const CACHE_CHUNKS = 64

/** One chunk: what kind, how many bytes are inside, and where it ends. */
interface Chunk {
  readonly type: number
  readonly dataSize: number
  readonly end: number
}

/** The data of all chunks added, one after the other. */
export class SnappyFrames implements Source {
  readonly name: string
  /** Bytes of data so far. */
  size = 0
  readonly #parent: Source
  /** Per chunk: where its data begins, and where in the file it lies. */
  #starts = new Float64Array(1024)
  #offsets = new Float64Array(1024)
  #count = 0
  readonly #head = new Uint8Array(16)
  readonly #stored = new Uint8Array(STORED_SIZE_MAX)
  readonly #cache = new LruMap<number, Uint8Array | FormatError>(CACHE_CHUNKS)

  constructor(parent: Source) {
    this.#parent = parent
    this.name = parent.name
  }

  /**
   * Add the chunks from `offset` of the file on, until they hold `size` bytes.
   *
   * @returns the offset behind them; undefined if the file ends before, or is no such stream
   */
  add(offset: number, size: number): number | undefined {
    const end = this.size + size
    let at = offset
    while (this.size < end) {
      const chunk = this.#readHeader(at)
      if (!chunk || chunk.dataSize > end - this.size) return undefined
      if (chunk.dataSize > 0) this.#push(at, chunk.dataSize)
      at = chunk.end
    }
    return at
  }

  /** @throws {FormatError} if a chunk is damaged */
  read(offset: number, into: Uint8Array): number {
    if (!(offset >= 0 && offset < this.size)) return 0
    let index = this.#find(offset)
    let done = 0
    while (done < into.length && index < this.#count) {
      const data = this.#load(index)
      const from = offset + done - (this.#starts[index] as number)
      const part = data.subarray(from, from + into.length - done)
      into.set(part, done)
      done += part.length
      index++
    }
    return done
  }

  [Symbol.dispose](): void {
    this.#parent[Symbol.dispose]()
  }

  #push(offset: number, dataSize: number): void {
    if (this.#count === this.#starts.length) {
      this.#starts = grow(this.#starts)
      this.#offsets = grow(this.#offsets)
    }
    this.#starts[this.#count] = this.size
    this.#offsets[this.#count] = offset
    this.#count++
    this.size += dataSize
  }

  /** The chunk that holds byte `position`, which is below `size`. */
  #find(position: number): number {
    let low = 0
    let high = this.#count
    while (high - low > 1) {
      const middle = (low + high) >>> 1
      if ((this.#starts[middle] as number) <= position) low = middle
      else high = middle
    }
    return low
  }

  /** Undefined if the chunk leaves the file or breaks the format. */
  #readHeader(offset: number): Chunk | undefined {
    const head = this.#head
    const got = this.#parent.read(offset, head)
    if (got < HEADER_SIZE) return undefined
    const type = head[0] as number
    const stored = (head[1] as number) | ((head[2] as number) << 8) | ((head[3] as number) << 16)
    const end = offset + HEADER_SIZE + stored
    if (end > this.#parent.size) return undefined
    if (type === CHUNK_STREAM || type >= CHUNK_SKIPPABLE) return { type, dataSize: 0, end }
    if (stored > STORED_SIZE_MAX || stored < CHECKSUM_SIZE) return undefined
    const body = head.subarray(HEADER_SIZE + CHECKSUM_SIZE, Math.min(got, HEADER_SIZE + stored))
    const dataSize =
      type === CHUNK_PLAIN
        ? stored - CHECKSUM_SIZE
        : type === CHUNK_COMPRESSED
          ? parseLength(body)
          : undefined
    if (dataSize === undefined || dataSize > DATA_SIZE_MAX) return undefined
    return { type, dataSize, end }
  }

  #load(index: number): Uint8Array {
    let data = this.#cache.get(index)
    if (!data) {
      data = this.#decompress(this.#offsets[index] as number)
      this.#cache.set(index, data)
    }
    if (data instanceof FormatError) throw data
    return data
  }

  #decompress(offset: number): Uint8Array | FormatError {
    const chunk = this.#readHeader(offset)
    if (!chunk) return new FormatError(this.name, offset, 'snappy chunk changed while it was read')
    const stored = this.#stored.subarray(0, chunk.end - offset - HEADER_SIZE)
    if (this.#parent.read(offset + HEADER_SIZE, stored) !== stored.length)
      return new FormatError(this.name, offset, 'snappy chunk ends past end of file')
    const body = stored.subarray(CHECKSUM_SIZE)
    const data = new Uint8Array(chunk.dataSize)
    try {
      if (chunk.type === CHUNK_PLAIN) data.set(body)
      else getCodec('snappy').decompress(body, data)
    } catch (cause) {
      if (!(cause instanceof RangeError)) throw cause
      return new FormatError(this.name, offset, 'snappy chunk does not decompress', { cause })
    }
    const view = new DataView(stored.buffer, stored.byteOffset)
    if (view.getUint32(0, true) === maskedChecksum(data)) return data
    return new FormatError(this.name, offset, 'snappy chunk has a wrong checksum')
  }
}

function grow(array: Float64Array<ArrayBuffer>): Float64Array<ArrayBuffer> {
  const larger = new Float64Array(array.length * 2)
  larger.set(array)
  return larger
}

/** Length of the data, as a snappy block begins with it: a number in groups of 7 bits. */
function parseLength(body: Uint8Array): number | undefined {
  let length = 0
  for (let i = 0; i < 5 && i < body.length; i++) {
    const byte = body[i] as number
    length += (byte & 0x7f) * 2 ** (7 * i)
    if (byte < 0x80) return length
  }
  return undefined
}

/** Checksums are stored rotated and shifted, so that those of checksums are none. */
function maskedChecksum(data: Uint8Array): number {
  const crc = crc32c(data)
  return (((crc >>> 15) | (crc << 17)) + 0xa282_ead8) >>> 0
}
