// The chain of range headers in LiME and AVML files: where each range of memory begins.
import { FormatError, UnsupportedError } from '../base/errors.ts'
import { readExact, type Source } from '../io/source.ts'
import { lime_mem_range_header } from './lime_layout.ts'
import type { Segment } from './segment_memory.ts'

/** AVML ends a range every 16 MiB: 64 TiB of them. Each takes some bytes here, and 32 of the file. */
const RANGE_COUNT_MAX = 4 * 1024 * 1024
/** No machine has addresses beyond (x86-64 and arm64: 52 bits). */
const PHYSICAL_MAX = 2n ** 52n

/** A format made of such headers. */
export interface RangeFormat {
  readonly name: string
  readonly magic: number
  readonly version: number
  readonly littleEndian: boolean
}

/** One range of memory: physical addresses `[start, end)`, its bytes from `offset` of the file on. */
export interface MemoryRange {
  readonly start: number
  readonly end: number
  readonly offset: number
}

/** Where a format keeps the bytes of a range. */
export interface RangePlace {
  /** Offset of the first in the source that segments are read from. */
  readonly at: number
  /** Where in the file the next header is; undefined if that is past its end, or cannot be told. */
  readonly next: number | undefined
}

/** The ranges of a file. */
export interface Ranges {
  /** In file order, at least one. */
  readonly segments: readonly Segment[]
  /** True if the file ends within a range, or goes on with something else behind one. */
  readonly isCut: boolean
}

/**
 * Read all headers.
 *
 * @throws {FormatError} if the first header is damaged; behind a good range that only ends the walk
 * @throws {UnsupportedError} if the first header is of a version we do not know
 */
export function readRanges(
  source: Source,
  format: RangeFormat,
  place: (range: MemoryRange) => RangePlace,
): Ranges {
  const segments: Segment[] = []
  let offset = 0
  while (segments.length < RANGE_COUNT_MAX) {
    const range = readRange(source, format, offset)
    if (typeof range === 'string') {
      if (segments.length === 0) throw new FormatError(source.name, 0, range)
      return { segments, isCut: true }
    }
    const { at, next } = place(range)
    segments.push({ start: range.start, fileEnd: range.end, memEnd: range.end, offset: at })
    if (next === undefined) return { segments, isCut: true }
    if (next === source.size) return { segments, isCut: false }
    offset = next
  }
  throw new FormatError(source.name, offset, `more than ${RANGE_COUNT_MAX} ${format.name} ranges`)
}

/** Read the header at `offset`, or say what is wrong with it. */
function readRange(
  source: Source,
  { name, magic, version, littleEndian }: RangeFormat,
  offset: number,
): MemoryRange | string {
  const { size } = lime_mem_range_header
  if (offset + size > source.size) return `${name} header ends past end of file`
  const bytes = readExact(source, offset, size, `${name} header`)
  const header = lime_mem_range_header.read(new DataView(bytes.buffer), 0, { littleEndian })
  if (header.magic !== magic) return `${name} header does not begin with its magic`
  if (header.version !== version) {
    if (offset > 0) return `${name} version changes within the file`
    throw new UnsupportedError(
      `${source.name}: ${name} version ${header.version} (known: ${version})`,
    )
  }
  if (header.e_addr < header.s_addr || header.e_addr >= PHYSICAL_MAX) {
    return `${name} range is 0x${header.s_addr.toString(16)} to 0x${header.e_addr.toString(16)}`
  }
  const start = Number(header.s_addr)
  return { start, end: Number(header.e_addr) + 1, offset: offset + size }
}
