// The inner loop of a dump: read frames in runs, recognise zeros and pages stored before, compress the rest into one
// block of bytes. It knows no file: whoever writes the block decides where it lies, so that threads can pack.
// Sketch: a compressed page costs 15 us (zstd), reading it 0.3 us, the zero test 0.1-0.5 us, its hash 0.1 us.
import { FaultError, HostError } from '../../core/base/errors.ts'
import type { Codec } from '../../core/codec/codec.ts'
import type { DumpPages } from './dump_pages.ts'
import { COMPRESSED, LOST, type PackedPages, RAW, SAME, ZERO } from './packed_pages.ts'
import type { SeenPages } from './seen_pages.ts'

/** Bytes read at once: they are still in the second-level cache when they are compressed. */
const READ_BYTES = 256 * 1024

/** How pages are stored. */
export interface PackOptions {
  readonly codec: Codec | undefined
  /** Let pages of zeros share one stored page (dump level 1). */
  readonly shareZeros: boolean
  /** Lets a page that equals an earlier one share its data. */
  readonly seen: SeenPages | undefined
}

/** Packs pages. */
export class PagePacker {
  readonly #pages: DumpPages
  readonly #compress: Codec['compress']
  readonly #options: PackOptions
  readonly #buffer: Uint8Array
  readonly #views: readonly { bytes: Uint8Array; words: Uint32Array }[]
  readonly #zeros: Uint8Array
  readonly #earlier: Uint8Array
  #job = 0

  constructor(pages: DumpPages, options: PackOptions) {
    const { pageSize } = pages
    const limit = Math.max(1, READ_BYTES / pageSize)
    this.#pages = pages
    this.#options = options
    this.#compress = options.codec?.compress?.bind(options.codec)
    this.#buffer = new Uint8Array(limit * pageSize)
    this.#zeros = new Uint8Array(pageSize)
    this.#earlier = new Uint8Array(pageSize)
    this.#views = Array.from({ length: limit }, (_, i) => ({
      bytes: this.#buffer.subarray(i * pageSize, (i + 1) * pageSize),
      words: new Uint32Array(this.#buffer.buffer, i * pageSize, pageSize / 4),
    }))
  }

  /**
   * Pack frames.
   *
   * @param pfns ascending; the first `count` are packed, at most `packLimit()`
   * @param job number of the job, in the order in which jobs are written
   * @param onPage called with the words of each page that is not all zeros
   */
  pack(
    pfns: Float64Array,
    count: number,
    into: PackedPages,
    job: number,
    onPage?: (words: Uint32Array) => void,
  ): void {
    into.used = 0
    this.#job = job
    for (let i = 0; i < count;) {
      let length = 1
      const limit = Math.min(count - i, this.#views.length)
      while (length < limit && pfns[i + length] === (pfns[i] as number) + length) length++
      this.#packRun(pfns[i] as number, i, length, into, onPage)
      i += length
    }
  }

  #packRun(
    pfn: number,
    at: number,
    length: number,
    into: PackedPages,
    onPage: ((words: Uint32Array) => void) | undefined,
  ): void {
    const { pageSize } = this.#pages
    const isRead = this.#tryRead(pfn * pageSize, this.#buffer.subarray(0, length * pageSize))
    for (let i = 0; i < length; i++) {
      const view = this.#views[i]
      if (!view) break
      if (!isRead && !this.#tryRead((pfn + i) * pageSize, view.bytes)) {
        into.kinds[at + i] = LOST
        continue
      }
      if (this.#options.shareZeros && isZero(view.words, view.bytes, this.#zeros)) {
        into.kinds[at + i] = ZERO
        continue
      }
      onPage?.(view.words)
      const { seen } = this.#options
      into.slots[at + i] = -1
      const isSame = seen !== undefined && this.#recall(seen, pfn + i, at + i, view, into)
      if (!isSame) this.#store(at + i, view.bytes, into)
    }
  }

  /** A page that cannot be read is lost, not the dump: bad memory is what machines die of. */
  #tryRead(physical: number, into: Uint8Array): boolean {
    try {
      this.#pages.read(physical, into)
      return true
    } catch (error) {
      if (error instanceof FaultError || error instanceof HostError) return false
      throw error
    }
  }

  /** Was a page with these bytes packed before? If not, it may be the one that its slot means from now on. */
  #recall(
    seen: SeenPages,
    pfn: number,
    at: number,
    { bytes, words }: { bytes: Uint8Array; words: Uint32Array },
    into: PackedPages,
  ): boolean {
    const hash = hashWords(words)
    const check = hashB
    const slot = seen.find(hash, check, this.#job)
    // Equal hashes are no proof: the earlier page is read again.
    if (slot >= 0) {
      const start = seen.frameOf(slot) * this.#pages.pageSize
      if (this.#tryRead(start, this.#earlier) && Buffer.compare(bytes, this.#earlier) === 0) {
        into.kinds[at] = SAME
        into.slots[at] = slot
        return true
      }
    }
    into.slots[at] = seen.claim(slot, check, pfn, this.#job)
    return false
  }

  #store(at: number, bytes: Uint8Array, into: PackedPages): void {
    const { used, data } = into
    // Compressed data must be smaller than a page, or it is not worth it.
    let size = this.#compress
      ? this.#compress(bytes, data.subarray(used, used + bytes.length - 1))
      : 0
    into.kinds[at] = size > 0 ? COMPRESSED : RAW
    if (size === 0) {
      data.set(bytes, used)
      size = bytes.length
    }
    into.sizes[at] = size
    into.used = used + size
  }
}

/** Most pages differ early from zeros: two words spare the call. */
function isZero(words: Uint32Array, bytes: Uint8Array, zeros: Uint8Array): boolean {
  return words[0] === 0 && words[words.length - 1] === 0 && Buffer.compare(bytes, zeros) === 0
}

const PRIME_1 = 0x9e37_79b1
const PRIME_2 = 0x85eb_ca77
/** Every how many words one is hashed: candidates are compared byte by byte anyway. Odd, so that no member is missed. */
const HASH_STRIDE = 13
/** Second result of hashWords(): a tuple would be an allocation a page. */
let hashB = 0

/** 64 bits of hash, the half returned and `hashB`. */
function hashWords(words: Uint32Array): number {
  let a = 1
  let b = 2
  for (let i = 0; i + HASH_STRIDE < words.length; i += 2 * HASH_STRIDE) {
    a = Math.imul(a ^ (words[i] as number), PRIME_1)
    b = Math.imul(b ^ (words[i + HASH_STRIDE] as number), PRIME_2)
    a ^= a >>> 15
    b ^= b >>> 15
  }
  hashB = Math.imul(a ^ (b << 13) ^ (b >>> 19), PRIME_2)
  return Math.imul(b ^ (a << 7) ^ (a >>> 25), PRIME_1) >>> 8
}
