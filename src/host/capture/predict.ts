// How large a dump would be, at every dump level and by every codec, without writing it: the page classes are counted
// by the filter, and a sample of each class's pages is compressed.
import { FaultError, HostError } from '../../core/base/errors.ts'
import type { CodecName } from '../../core/codec/codec.ts'
import { getCodec } from '../../core/codec/codecs.ts'
import type { PfnRun } from '../../core/dump/dump_format.ts'
import { page_desc } from '../../core/dump/diskdump_layout.ts'
import {
  EXCLUDE_CACHE,
  EXCLUDE_CACHE_PRIVATE,
  EXCLUDE_FREE,
  EXCLUDE_USER,
  EXCLUDE_ZERO,
} from './exclude/page_class.ts'

/** Pages that a dump level keeps or leaves out together. 'kernel' is what every level keeps. */
export type PredictedClass = 'kernel' | 'cache' | 'cachePrivate' | 'user' | 'free'
/** How pages are stored; 'raw' as they are. */
export type StoredAs = CodecName | 'raw'

/** What a prediction works from. Pages that no level keeps (hwpoison, offline) are in no class. */
export interface PredictInput {
  /** Bytes. */
  readonly pageSize: number
  /** Bytes that headers, notes and bitmaps take: see fixedSize(). */
  readonly fixedSize: number
  /** Frames of one class, ascending, no two runs overlapping. Walked twice. */
  readonly runsOf: (name: PredictedClass) => Iterable<PfnRun>
  /** Read one page. @throws {FaultError} or {HostError} if that page cannot be read: it counts as lost */
  readonly readPage: (pfn: number, into: Uint8Array) => void
  readonly codecs?: readonly StoredAs[]
  /** Pages to compress of each class; more are slower and closer. 1000 by default: some 0.2 s a class. */
  readonly samplePages?: number
  /** False if a page that repeats its predecessor is stored again, as makedumpfile does. */
  readonly shareRepeats?: boolean
}

/** What a sample told of one class. */
export interface ClassSample {
  readonly pages: number
  /** How many of them were looked at; fewer than asked for where a page could not be read. */
  readonly sampled: number
  /** Of `pages`, those filled with zeros; an estimate unless all were looked at. */
  readonly zeroPages: number
}

/** A predicted file size, bytes. */
export interface PredictedSize {
  readonly size: number
  /** The true size is within this of `size` in 95 of 100 cases. */
  readonly error: number
}

/** All predicted sizes. */
export interface Prediction {
  readonly classes: Readonly<Record<PredictedClass, ClassSample>>
  readonly codecs: readonly StoredAs[]
  /** Size of the dump. @param level 0 to 31 */
  sizeOf(level: number, codec: StoredAs): PredictedSize
}

/** In the order of makedumpfile's table. */
export const PREDICTED_CLASSES: readonly PredictedClass[] = [
  'cache',
  'cachePrivate',
  'user',
  'free',
  'kernel',
]
const ALL_CODECS: readonly StoredAs[] = ['raw', 'zlib', 'lzo', 'snappy', 'zstd']
const SAMPLE_PAGES = 1000
/** 95 % of a normal distribution lie within so many standard deviations. */
const SIGMAS_95 = 1.96

/** Bytes of a kdump-compressed file besides page descriptors and pages. */
export function fixedSize(pageSize: number, pfnEnd: number, notesSize: number): number {
  const blocks = (bytes: number): number => Math.ceil(bytes / pageSize)
  const subHeader = 104
  const headers = 1 + blocks(subHeader + notesSize)
  return (headers + 2 * blocks(Math.ceil(pfnEnd / 8))) * pageSize
}

/** Predict the size of a kdump-compressed dump. Reads `samplePages` pages of each class. */
export function predictSizes(input: PredictInput): Prediction {
  const codecs = input.codecs ?? ALL_CODECS
  const sampler = new Sampler(input, codecs)
  const samples = new Map(PREDICTED_CLASSES.map((name) => [name, sampler.sample(name)]))
  const classOf = (name: PredictedClass): ClassSample => {
    const { pages = 0, sampled = 0, zeros = 0 } = samples.get(name) ?? {}
    return { pages, sampled, zeroPages: sampled === 0 ? 0 : Math.round((pages * zeros) / sampled) }
  }
  const classes = {
    cache: classOf('cache'),
    cachePrivate: classOf('cachePrivate'),
    user: classOf('user'),
    free: classOf('free'),
    kernel: classOf('kernel'),
  }
  return {
    classes,
    codecs,
    sizeOf: (level, codec) => sumSizes(input.fixedSize, samples, level, codec),
  }
}

/** Does a dump of this level keep the class? */
export function isKept(name: PredictedClass, level: number): boolean {
  switch (name) {
    case 'cache':
      return (level & (EXCLUDE_CACHE | EXCLUDE_CACHE_PRIVATE)) === 0
    case 'cachePrivate':
      return (level & EXCLUDE_CACHE_PRIVATE) === 0
    case 'user':
      return (level & EXCLUDE_USER) === 0
    case 'free':
      return (level & EXCLUDE_FREE) === 0
    case 'kernel':
      return true
  }
}

/** Sums over the sampled pages of one class. */
interface Sample {
  readonly pages: number
  readonly sampled: number
  readonly zeros: number
  /** Stored bytes of a page: with zeros shared, and with zeros stored like others. */
  readonly shared: ReadonlyMap<StoredAs, Moments>
  readonly all: ReadonlyMap<StoredAs, Moments>
}

interface Moments {
  sum: number
  squares: number
}

function sumSizes(
  fixed: number,
  samples: ReadonlyMap<PredictedClass, Sample>,
  level: number,
  codec: StoredAs,
): PredictedSize {
  let size = fixed
  let variance = 0
  for (const [name, { pages, sampled, shared, all }] of samples) {
    if (!isKept(name, level) || pages === 0) continue
    size += pages * page_desc.size
    const moments = (level & EXCLUDE_ZERO ? shared : all).get(codec)
    if (!moments || sampled === 0) continue
    const mean = moments.sum / sampled
    size += pages * mean
    // What is sampled whole has no error.
    const spread =
      sampled > 1 ? (moments.squares - mean * moments.sum) / (sampled - 1) : mean * mean
    variance += pages * pages * (Math.max(0, spread) / sampled) * (1 - sampled / pages)
  }
  return { size: Math.round(size), error: Math.ceil(SIGMAS_95 * Math.sqrt(variance)) }
}

class Sampler {
  readonly #input: PredictInput
  readonly #codecs: readonly StoredAs[]
  readonly #page: Uint8Array
  readonly #before: Uint8Array
  readonly #zeros: Uint8Array
  readonly #room: Uint8Array
  /** Stored bytes of a page of zeros. */
  readonly #zeroSizes: ReadonlyMap<StoredAs, number>

  constructor(input: PredictInput, codecs: readonly StoredAs[]) {
    this.#input = input
    this.#codecs = codecs
    const { pageSize } = input
    this.#page = new Uint8Array(pageSize)
    this.#before = new Uint8Array(pageSize)
    this.#zeros = new Uint8Array(pageSize)
    this.#room = new Uint8Array(pageSize - 1)
    this.#zeroSizes = new Map(codecs.map((codec) => [codec, this.#compress(codec, this.#zeros)]))
  }

  sample(name: PredictedClass): Sample {
    const { runsOf, samplePages = SAMPLE_PAGES } = this.#input
    let pages = 0
    for (const { start, end } of runsOf(name)) pages += end - start
    const shared = new Map(this.#codecs.map((codec) => [codec, { sum: 0, squares: 0 }]))
    const all = new Map(this.#codecs.map((codec) => [codec, { sum: 0, squares: 0 }]))
    let sampled = 0
    let zeros = 0
    for (const { pfn, hasBefore } of pickFrames(runsOf(name), pages, samplePages)) {
      if (!this.#tryRead(pfn, this.#page)) continue
      sampled++
      const isZero = Buffer.compare(this.#page, this.#zeros) === 0
      if (isZero) zeros++
      const isRepeat = hasBefore && this.#repeats(pfn)
      for (const codec of this.#codecs) {
        const stored = isRepeat ? 0 : this.#storedSize(codec, isZero)
        add(all.get(codec), stored)
        add(shared.get(codec), isZero ? 0 : stored)
      }
    }
    return { pages, sampled, zeros, shared, all }
  }

  #storedSize(codec: StoredAs, isZero: boolean): number {
    return isZero ? (this.#zeroSizes.get(codec) ?? 0) : this.#compress(codec, this.#page)
  }

  /** Is the page before the same? Only it shares its data. */
  #repeats(pfn: number): boolean {
    if (this.#input.shareRepeats === false) return false
    return this.#tryRead(pfn - 1, this.#before) && Buffer.compare(this.#page, this.#before) === 0
  }

  /** Compressed data that is no smaller than the page is not stored. */
  #compress(codec: StoredAs, page: Uint8Array): number {
    if (codec === 'raw') return page.length
    return getCodec(codec).compress?.(page, this.#room) || page.length
  }

  #tryRead(pfn: number, into: Uint8Array): boolean {
    try {
      this.#input.readPage(pfn, into)
      return true
    } catch (error) {
      if (error instanceof FaultError || error instanceof HostError) return false
      throw error
    }
  }
}

function add(moments: Moments | undefined, value: number): void {
  if (!moments) return
  moments.sum += value
  moments.squares += value * value
}

/**
 * One frame of each of `count` equal parts of the class, by a fixed sequence of random numbers: neighbours are alike,
 * so that spreading the sample makes it closer, and the same dump gives the same prediction.
 */
function* pickFrames(
  runs: Iterable<PfnRun>,
  pages: number,
  count: number,
): Generator<{ pfn: number; hasBefore: boolean }> {
  const parts = Math.min(count, pages)
  const random = randomNumbers()
  let part = 0
  const next = (): number => Math.floor(((part + random()) * pages) / parts)
  let wanted = parts > 0 ? next() : Infinity
  let passed = 0
  for (const { start, end } of runs) {
    while (wanted < passed + end - start) {
      const pfn = start + wanted - passed
      yield { pfn, hasBefore: pfn > start }
      if (++part >= parts) return
      wanted = Math.max(next(), wanted + 1)
    }
    passed += end - start
  }
}

/** 0 up to 1. Source: Marsaglia, "Xorshift RNGs". */
function randomNumbers(): () => number {
  let state = 0x9e37_79b9
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) / 2 ** 32
  }
}
