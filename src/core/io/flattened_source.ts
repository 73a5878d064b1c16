// A flattened file (makedumpfile -F, QEMU's kdump-zlib) read in place, without unpacking: a header of 4096 bytes, then
// records { i64 offset, i64 size, data }, big-endian, that say what to write where; { -1, -1 } ends them. Later records
// overwrite earlier ones. Source: makedumpfile IMPLEMENTATION, "Flattened format".
import { FormatError, UnsupportedError } from '../base/errors.ts'
import { decodeAscii } from '../base/text.ts'
import { readExact, type Source } from './source.ts'

const SIGNATURE = 'makedumpfile\0\0\0\0'
const HEADER_SIZE = 4096
const RECORD_HEADER_SIZE = 16
/** Read at once while records are small: one system call for many headers. */
const WINDOW_SIZE = 64 * 1024
/** Records smaller than this follow one another in a window; larger ones have only their headers read. */
const SMALL_RECORD = 4096
/** 1 TiB in QEMU's records of some 15 KB are 70 million. */
const RECORD_COUNT_MAX = 2 ** 27
/** Writers leave the rest of a block out, 64 KiB at most. */
const PADDING_MAX = 64 * 1024
/** A whole file leaves out nothing but paddings. */
const UNWRITTEN_MAX = 1024 * 1024
/** A file cut early has written few of its page descriptors: 11 million of them at most. */
const UNWRITTEN_MAX_CUT = 256 * 1024 * 1024

/** What is inside a flattened file. */
export interface FlattenedSource extends Source {
  /** True when the file ends in mid-record or before its end record: what was to follow cannot be read. */
  readonly isCut: boolean
}

/** Does a file begin like a flattened one? */
export function isFlattened(head: Uint8Array): boolean {
  return head.length >= 16 && decodeAscii(head, 0, 16) === SIGNATURE
}

/**
 * Open what is inside a flattened file. Reads the records' headers, no data. Costs 28 bytes of memory a record.
 *
 * What no record wrote reads as zeros, as it would in the unpacked file. In a file that was cut a longer stretch of
 * that kind is lost data: reading ends there.
 *
 * @throws {FormatError} if there is no record, or records lie farther apart than any dump's
 * @throws {UnsupportedError} if the flattened format is of another type or version
 */
export function flattenedSource(parent: Source): FlattenedSource {
  checkHeader(parent)
  const records = scanRecords(parent)
  const { isCut } = records
  const { cuts, owners } = paint(parent, records)
  const size = cuts.at(-1) as number
  let cell = 0

  return {
    name: parent.name,
    size,
    isCut,
    read(offset, into) {
      if (!(offset >= 0 && offset < size)) return 0
      const length = Math.min(into.length, size - offset)
      cell = findCell(cuts, offset, cell)
      for (let at = offset; at < offset + length; cell++) {
        const end = Math.min(cuts[cell + 1] as number, offset + length)
        const part = into.subarray(at - offset, end - offset)
        const owner = owners[cell] as number
        if (owner === 0) {
          if (isCut && (cuts[cell + 1] as number) - (cuts[cell] as number) > PADDING_MAX)
            return at - offset
          part.fill(0)
        } else {
          const from = records.dataOffset(owner - 1) + (at - records.offset(owner - 1))
          const got = parent.read(from, part)
          if (got < part.length) return at - offset + got
        }
        at = end
      }
      return length
    },
    [Symbol.dispose]() {
      parent[Symbol.dispose]()
    },
  }
}

function checkHeader(parent: Source): void {
  const header = readExact(parent, 0, HEADER_SIZE, 'flattened header')
  if (!isFlattened(header)) throw new FormatError(parent.name, 0, 'not a flattened file')
  const view = new DataView(header.buffer)
  const [type, version] = [readI64(view, 16), readI64(view, 24)]
  if (type !== 1 || version !== 1) {
    throw new UnsupportedError(`${parent.name}: flattened file of type ${type}, version ${version}`)
  }
}

/** Where each record's data is to go and where it lies, in the order of the file. */
class Records {
  count = 0
  isCut = true
  /** What would be the data offset of a further record. */
  end = 0
  #fields = new Float64Array(1024)

  /** Offset in the unpacked file. */
  offset(index: number): number {
    return this.#fields[index * 2] as number
  }

  /** Offset in the flattened file. */
  dataOffset(index: number): number {
    return this.#fields[index * 2 + 1] as number
  }

  add(offset: number, dataOffset: number): void {
    if (this.count * 2 === this.#fields.length) {
      const grown = new Float64Array(this.#fields.length * 2)
      grown.set(this.#fields)
      this.#fields = grown
    }
    this.#fields[this.count * 2] = offset
    this.#fields[this.count * 2 + 1] = dataOffset
    this.count++
  }

  /** Data ends where the next record's header begins. */
  size(index: number): number {
    const next = index + 1 < this.count ? this.dataOffset(index + 1) : this.end
    return next - RECORD_HEADER_SIZE - this.dataOffset(index)
  }
}

/** Read the headers of all records up to the end record, the end of the file, or what is no record any more. */
function scanRecords(parent: Source): Records {
  const records = new Records()
  const window = new Uint8Array(WINDOW_SIZE)
  const view = new DataView(window.buffer)
  let windowAt = 0
  let windowEnd = 0
  let size = 0
  let at = HEADER_SIZE
  while (at + RECORD_HEADER_SIZE <= parent.size) {
    if (at + RECORD_HEADER_SIZE > windowEnd) {
      const length = size < SMALL_RECORD ? WINDOW_SIZE : RECORD_HEADER_SIZE
      windowAt = at
      windowEnd = at + parent.read(at, window.subarray(0, length))
      if (at + RECORD_HEADER_SIZE > windowEnd) break
    }
    const offset = readI64(view, at - windowAt)
    size = readI64(view, at - windowAt + 8)
    if (offset === -1 && size === -1) {
      records.isCut = false
      break
    }
    // On a raw device the blocks behind a dump that was not finished hold anything.
    if (offset < 0 || size < 0 || !Number.isSafeInteger(offset + size)) break
    const dataAt = at + RECORD_HEADER_SIZE
    if (records.count >= RECORD_COUNT_MAX)
      throw new UnsupportedError(`${parent.name}: more than ${RECORD_COUNT_MAX} flattened records`)
    records.add(offset, dataAt)
    at = Math.min(dataAt + size, parent.size)
  }
  records.end = at + RECORD_HEADER_SIZE
  return records
}

/** The unpacked file cut at every offset where a record begins or ends. */
interface Painting {
  /** Ascending; the last is the size of the file. */
  readonly cuts: Float64Array
  /** For the bytes from each cut to the next: 1 + index of the record they are of, 0 if none wrote them. */
  readonly owners: Uint32Array
}

/** Find who wrote what last: records are painted from the last to the first, each only where nothing is yet. */
function paint(parent: Source, records: Records): Painting {
  const cuts = findCuts(records)
  const owners = new Uint32Array(cuts.length)
  // For each cell the next one that may be free: itself, or on its way there.
  const free = new Uint32Array(cuts.length)
  for (let cell = 0; cell < free.length; cell++) free[cell] = cell
  let written = 0
  let hint = 0
  for (let index = records.count - 1; index >= 0; index--) {
    const size = records.size(index)
    if (size === 0) continue
    const end = records.offset(index) + size
    hint = findCell(cuts, records.offset(index), hint)
    let cell = findFree(free, hint)
    for (; (cuts[cell] as number) < end; cell = findFree(free, cell + 1)) {
      owners[cell] = index + 1
      free[cell] = cell + 1
      written += (cuts[cell + 1] as number) - (cuts[cell] as number)
    }
  }
  const unwritten = (cuts.at(-1) as number) - written
  if (written === 0) throw new FormatError(parent.name, HEADER_SIZE, 'no flattened record')
  const allowed = records.isCut ? UNWRITTEN_MAX_CUT : UNWRITTEN_MAX
  if (unwritten > allowed + 16 * written) {
    const what = `flattened records write ${written} bytes and leave out ${unwritten}`
    throw new FormatError(parent.name, HEADER_SIZE, what)
  }
  return { cuts, owners }
}

function findCuts(records: Records): Float64Array {
  const all = new Float64Array(records.count * 2 + 1)
  for (let index = 0; index < records.count; index++) {
    const size = records.size(index)
    // A record of no bytes writes nothing, wherever it says.
    if (size === 0) continue
    all[index * 2 + 1] = records.offset(index)
    all[index * 2 + 2] = records.offset(index) + size
  }
  all.sort()
  let count = 1
  for (let i = 1; i < all.length; i++) {
    if (all[i] !== all[count - 1]) all[count++] = all[i] as number
  }
  return all.slice(0, count)
}

/** Union-find with path halving; the last cell, at the end of the file, stays free. */
function findFree(free: Uint32Array, start: number): number {
  let cell = start
  for (;;) {
    const next = free[cell] as number
    if (next === cell) return cell
    free[cell] = free[next] as number
    cell = free[cell] as number
  }
}

/** Index of the last cut at or before `offset`, tried first at `hint` and behind it: reads go forward. */
function findCell(cuts: Float64Array, offset: number, hint: number): number {
  for (let cell = hint; cell <= hint + 1; cell++) {
    if (offset >= (cuts[cell] ?? Infinity) && offset < (cuts[cell + 1] ?? 0)) return cell
  }
  let low = 0
  let high = cuts.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((cuts[middle] as number) <= offset) low = middle + 1
    else high = middle
  }
  return low - 1
}

/** Big-endian, as the format has it. Beyond 2^53 inexact, and of no use. */
function readI64(view: DataView, at: number): number {
  return view.getInt32(at, false) * 2 ** 32 + view.getUint32(at + 4, false)
}
