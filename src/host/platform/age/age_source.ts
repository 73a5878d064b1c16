// What is inside an age file, read in place: chunks are opened when they are asked for, and checked then. Nothing of it is
// ever written anywhere. Source: age_format.ts.
import { FormatError } from '../../../core/base/errors.ts'
import { LruMap } from '../../../core/base/lru.ts'
import type { Source } from '../../../core/io/source.ts'
import { AGE_MAGIC, isAge } from './age_magic.ts'
import {
  CHUNK_SIZE,
  deriveStreamKey,
  NONCE_SIZE,
  openChunk,
  SEALED_SIZE,
  TAG_SIZE,
} from './age_format.ts'

/** A header of more is no one's: a recipient takes 100 bytes, one safe from quantum computers 2 KiB. */
const HEADER_MAX = 1 << 20
/** The line that ends a header: a MAC of 32 bytes. */
const MAC_LINE = /\n--- [A-Za-z0-9+/]{43}\n/
/** 4 MiB of chunks. */
const CACHE_CHUNKS = 64

/** An opened file. */
export interface AgeSource extends Source {
  /** The file was cut: its last chunks are missing, what is there is authentic. */
  readonly isCut: boolean
}

/** Read the header of a file that begins like an age file, with its last line. @throws {FormatError} if it has no end */
export function readAgeHeader(parent: Source): Uint8Array {
  const head = new Uint8Array(Math.min(HEADER_MAX, parent.size))
  const bytes = head.subarray(0, parent.read(0, head))
  const text = Buffer.from(bytes).toString('latin1')
  const end = MAC_LINE.exec(text)
  if (!isAge(bytes) || !end)
    throw new FormatError(parent.name, AGE_MAGIC.length, 'age header has no end')
  return bytes.slice(0, end.index + end[0].length)
}

/**
 * Open what is inside of a file whose header was unlocked. Disposing of it disposes of `parent`.
 *
 * @throws {FormatError} if nothing behind the header is sealed by that key
 */
export function openAgeSource(parent: Source, headerSize: number, fileKey: Uint8Array): AgeSource {
  const nonce = new Uint8Array(NONCE_SIZE)
  if (parent.read(headerSize, nonce) < NONCE_SIZE)
    throw new FormatError(parent.name, headerSize, 'age file ends behind its header')
  const key = deriveStreamKey(fileKey, nonce)
  const start = headerSize + NONCE_SIZE
  const chunks = new Chunks(parent, start, key)
  const { size } = chunks
  return {
    name: parent.name,
    size,
    isCut: chunks.isCut,
    read(offset, into) {
      if (!(offset >= 0 && offset < size)) return 0
      const length = Math.min(into.length, size - offset)
      for (let done = 0; done < length;) {
        const at = offset + done
        const index = Math.floor(at / CHUNK_SIZE)
        const part = chunks.get(index).subarray(at % CHUNK_SIZE, (at % CHUNK_SIZE) + length - done)
        into.set(part, done)
        done += part.length
      }
      return length
    },
    [Symbol.dispose]() {
      parent[Symbol.dispose]()
    },
  }
}

class Chunks {
  /** Bytes of content. */
  readonly size: number
  readonly isCut: boolean
  readonly #parent: Source
  readonly #start: number
  readonly #key: Uint8Array
  readonly #last: number
  readonly #sealed = new Uint8Array(SEALED_SIZE)
  readonly #cache = new LruMap<number, Uint8Array>(CACHE_CHUNKS)

  constructor(parent: Source, start: number, key: Uint8Array) {
    this.#parent = parent
    this.#start = start
    this.#key = key
    const sealedSize = parent.size - start
    const last = Math.ceil(sealedSize / SEALED_SIZE) - 1
    const content = last < 0 ? undefined : this.#open(last, true)
    this.isCut = content === undefined
    // Of a file that was cut, the chunks that are whole.
    const whole = Math.floor(sealedSize / SEALED_SIZE)
    this.#last = content ? last : Infinity
    this.size = content ? last * CHUNK_SIZE + content.length : whole * CHUNK_SIZE
    if (!content && !(whole > 0 && this.#open(0, false)))
      throw new FormatError(parent.name, start, 'no chunk that this key sealed')
  }

  /** @throws {FormatError} if the chunk is not what was sealed there */
  get(index: number): Uint8Array {
    const known = this.#cache.get(index)
    if (known) return known
    const content = this.#open(index, index === this.#last)
    if (!content) {
      const what = `chunk ${index} is damaged: it is not what was encrypted`
      throw new FormatError(this.#parent.name, this.#start + index * SEALED_SIZE, what)
    }
    this.#cache.set(index, content)
    return content
  }

  #open(index: number, isLast: boolean): Uint8Array | undefined {
    const got = this.#parent.read(this.#start + index * SEALED_SIZE, this.#sealed)
    return got <= TAG_SIZE && index > 0
      ? undefined
      : openChunk(this.#key, index, isLast, this.#sealed.subarray(0, got))
  }
}
