// Finding values and texts in physical memory, chunk by chunk. Knows bytes, not what is mapped where: that is the pieces'.
// A page is 512 words of two compares, 0.3 us: reading and decompressing the page is what takes the time.
import { wrap64 } from '../base/addr.ts'
import { FaultError } from '../base/errors.ts'
import type { Dump } from '../dump/dump_format.ts'

/** Memory that is contiguous, and the address it is known by. */
export interface MemoryPiece {
  readonly address: bigint
  readonly physical: number
  readonly size: number
}

/** Bytes of what is searched for. */
export type SearchUnit = 2 | 4 | 8

/** A value, and the bits of it that matter. */
export interface SearchValue {
  readonly value: bigint
  /** Bits that need not match. */
  readonly mask: bigint
}

/** Where something was found. */
export interface SearchHit {
  readonly address: bigint
  /** Which of the values or texts it is. */
  readonly index: number
}

/** A word that was found, with what it is: masked bits may be anything. */
export interface WordHit extends SearchHit {
  readonly value: bigint
}

/** What searches share. */
export interface SearchRun {
  readonly dump: Dump
  readonly pieces: Iterable<MemoryPiece>
  readonly isAborted: () => boolean
}

/** Bytes read at once, at most: a system call for each page would take longer than the search. */
const CHUNK_BYTES = 256 * 1024

interface Chunk {
  readonly address: bigint
  readonly size: number
}

/**
 * Find words that lie at multiples of their size.
 *
 * @yields by piece, ascending within
 */
export function* searchWords(
  run: SearchRun,
  unit: SearchUnit,
  values: readonly SearchValue[],
): Generator<WordHit> {
  const buffer = new Uint8Array(CHUNK_BYTES)
  const view = new DataView(buffer.buffer)
  const patterns = values.map((value) => wordPattern(value, unit, run.dump.littleEndian))
  const scan = SCANS[unit]
  const hits: [at: number, index: number][] = []
  const offsets: number[] = []
  for (const { address, size } of forEachChunk(run, buffer)) {
    hits.length = 0
    for (const [index, pattern] of patterns.entries()) {
      offsets.length = 0
      scan(buffer, size, pattern, offsets)
      for (const at of offsets) hits.push([at, index])
    }
    if (patterns.length > 1) hits.sort((a, b) => a[0] - b[0])
    for (const [at, index] of hits)
      yield {
        address: wrap64(address + BigInt(at)),
        index,
        value: readUnit(view, at, unit, run.dump.littleEndian),
      }
  }
}

/**
 * Find texts anywhere, those across the edge of pieces whose addresses follow each other too.
 *
 * @yields by piece, ascending within
 */
export function* searchTexts(run: SearchRun, texts: readonly Uint8Array[]): Generator<SearchHit> {
  const longest = Math.max(...texts.map(({ length }) => length))
  // The end of the chunk before stands in front of the chunk: what lies across is found once, with its second half.
  const carry = longest - 1
  const buffer = new Uint8Array(carry + CHUNK_BYTES)
  const body = buffer.subarray(carry)
  let kept = 0
  let end: bigint | undefined
  for (const { address, size } of forEachChunk(run, body)) {
    if (address !== end) kept = 0
    const hits: [at: number, index: number][] = []
    const from = carry - kept
    for (const [index, text] of texts.entries()) {
      for (const at of findText(buffer.subarray(from, carry + size), text))
        if (from + at + text.length > carry || kept === 0) hits.push([from + at - carry, index])
    }
    hits.sort((a, b) => a[0] - b[0])
    for (const [at, index] of hits) yield { address: wrap64(address + BigInt(at)), index }
    kept = Math.min(carry, size)
    buffer.copyWithin(carry - kept, carry + size - kept, carry + size)
    end = wrap64(address + BigInt(size))
  }
}

function* findText(bytes: Uint8Array, text: Uint8Array): Generator<number> {
  const first = text[0] as number
  for (let at = bytes.indexOf(first); at >= 0; at = bytes.indexOf(first, at + 1)) {
    let length = 1
    while (length < text.length && bytes[at + length] === text[length]) length++
    if (length === text.length) yield at
  }
}

/** Read pieces into `buffer`, one chunk after the other; what is not in the dump is passed over. */
function* forEachChunk(
  { dump, pieces, isAborted }: SearchRun,
  buffer: Uint8Array,
): Generator<Chunk> {
  const { pageSize } = dump
  for (const piece of pieces) {
    for (let done = 0; done < piece.size;) {
      if (isAborted()) return
      const physical = piece.physical + done
      const whole = Math.min(piece.size - done, CHUNK_BYTES - (physical % pageSize))
      // A chunk with a hole is read page by page.
      const page = Math.min(whole, pageSize - (physical % pageSize))
      const size = tryRead(dump, physical, buffer, whole)
        ? whole
        : tryRead(dump, physical, buffer, page)
          ? page
          : 0
      if (size > 0) yield { address: wrap64(piece.address + BigInt(done)), size }
      done += size > 0 ? size : page
    }
  }
}

function tryRead(dump: Dump, physical: number, buffer: Uint8Array, size: number): boolean {
  // Asking is cheaper than a throw; the first page says no for most of what is missing.
  if (dump.pageState(Math.floor(physical / dump.pageSize)) !== 'present') return false
  try {
    dump.readPhysical(physical, buffer.subarray(0, size))
    return true
  } catch (error) {
    if (error instanceof FaultError) return false
    throw error
  }
}

/** What words of this machine must be, under which bits. */
interface WordPattern {
  readonly bits: Uint32Array
  readonly care: Uint32Array
}

/** Lay value and mask out as the dump's machine does: then no loop needs to know of byte orders. */
function wordPattern({ value, mask }: SearchValue, unit: SearchUnit, little: boolean): WordPattern {
  const care = BigInt.asUintN(unit * 8, ~mask)
  return { bits: layOut(value & care, unit, little), care: layOut(care, unit, little) }
}

function layOut(value: bigint, unit: SearchUnit, little: boolean): Uint32Array {
  const view = new DataView(new ArrayBuffer(8))
  if (unit === 8) view.setBigUint64(0, value, little)
  else if (unit === 4) view.setUint32(0, Number(value), little)
  else view.setUint16(0, Number(value), little)
  return new Uint32Array(view.buffer)
}

type Scan = (buffer: Uint8Array, size: number, pattern: WordPattern, hits: number[]) => void

const SCANS: Readonly<Record<SearchUnit, Scan>> = {
  8(buffer, size, { bits, care }, hits) {
    const words = new Uint32Array(buffer.buffer, buffer.byteOffset, (size >> 3) * 2)
    const [low, high] = [(bits[0] as number) | 0, (bits[1] as number) | 0]
    const [careLow, careHigh] = [(care[0] as number) | 0, (care[1] as number) | 0]
    for (let i = 0; i < words.length; i += 2) {
      if (
        ((words[i] as number) & careLow) === low &&
        ((words[i + 1] as number) & careHigh) === high
      )
        hits.push(i * 4)
    }
  },
  4(buffer, size, { bits, care }, hits) {
    const words = new Uint32Array(buffer.buffer, buffer.byteOffset, size >> 2)
    const [wanted, careBits] = [(bits[0] as number) | 0, (care[0] as number) | 0]
    for (let i = 0; i < words.length; i++)
      if (((words[i] as number) & careBits) === wanted) hits.push(i * 4)
  },
  2(buffer, size, { bits, care }, hits) {
    const words = new Uint16Array(buffer.buffer, buffer.byteOffset, size >> 1)
    const wanted = new Uint16Array(bits.buffer)[0] as number
    const careBits = new Uint16Array(care.buffer)[0] as number
    for (let i = 0; i < words.length; i++)
      if (((words[i] as number) & careBits) === wanted) hits.push(i * 2)
  },
}

function readUnit(view: DataView, at: number, unit: SearchUnit, little: boolean): bigint {
  if (unit === 8) return view.getBigUint64(at, little)
  return BigInt(unit === 4 ? view.getUint32(at, little) : view.getUint16(at, little))
}
