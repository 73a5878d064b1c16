// Finds kallsyms where VMCOREINFO does not say where it is: before Linux 6.0. What gives it away is its table of 256 tokens,
// in which characters that occur in names stand for themselves: "0", "1" … "9", each with its NUL.
// Source: scripts/kallsyms.c write_src(): offsets (or addresses), relative_base, num_syms, names, markers, token_table,
// token_index, each aligned to 8 bytes; since v6.4 offsets and relative_base come last. v6.2 to v6.3 have another table before
// the tokens, and are not found: VMCOREINFO says where all is.
import { KdumpError } from '../base/errors.ts'
import type { VirtualReader } from '../io/virtual_reader.ts'
import type { VmcoreInfo } from './vmcoreinfo.ts'

/** From the first byte of text on, for this many: a kernel image with everything built in. */
const SEARCH_BYTES = 256 * 1024 * 1024
/** The smallest page there is. */
const PIECE_BYTES = 4096
const WINDOW_BYTES = 1024 * 1024
/** What a window repeats of the next one: the digits. */
const DIGITS = Uint8Array.from('0123456789', (digit) => digit.charCodeAt(0))
const DIGITS_SIZE = DIGITS.length * 2
const TOKEN_COUNT = 256
/** Names between two markers. */
const MARKER_STEP = 256
const NAMES_SIZE_MAX = 64 * 1024 * 1024
/** Longest packed name but for a few: names of more than 255 tokens are none of the last ones. */
const PACKED_NAME_MAX = 256
const TOKENS_SIZE_MAX = 64 * 1024
const MARKERS_SIZE_MAX = 256 * 1024
const SYMBOL_LIMIT = 4_000_000
/** The image is not larger, so no base is further from its text. */
const BASE_DISTANCE_MAX = 0x4000_0000n

/**
 * Find the tables.
 *
 * @returns what VMCOREINFO of a newer kernel would say: `kallsyms_names` and so on; undefined if nothing is found
 */
export function locateKallsyms(
  reader: VirtualReader,
  info: VmcoreInfo,
): Map<string, bigint> | undefined {
  const text = info.symbol('_stext')
  if (text === undefined) return undefined
  const window = new Uint8Array(WINDOW_BYTES + DIGITS_SIZE)
  for (let done = 0; done < SEARCH_BYTES; done += WINDOW_BYTES) {
    const start = text + BigInt(done)
    readPieces(reader, start, window)
    for (let at = findDigits(window, 0); at >= 0; at = findDigits(window, at + 1)) {
      const tables = new Tables(reader, text).locate(start + BigInt(at))
      if (tables) return tables
    }
  }
  return undefined
}

/** Between text and data there are pages that were given back, and pages that a dump leaves out. */
function readPieces(reader: VirtualReader, start: bigint, into: Uint8Array): void {
  if (tryRead(reader, start, into)) return
  into.fill(0)
  for (let at = 0; at < into.length; at += PIECE_BYTES)
    tryRead(reader, start + BigInt(at), into.subarray(at, at + PIECE_BYTES))
}

function findDigits(bytes: Uint8Array, from: number): number {
  for (
    let at = bytes.indexOf(0x30, from);
    at >= 0 && at + DIGITS_SIZE <= bytes.length;
    at = bytes.indexOf(0x30, at + 1)
  ) {
    if (DIGITS.every((digit, i) => bytes[at + 2 * i] === digit && bytes[at + 2 * i + 1] === 0))
      return at
  }
  return -1
}

/** Checks one place; each step believes nothing that it has not read. */
class Tables {
  readonly #reader: VirtualReader
  readonly #text: bigint

  constructor(reader: VirtualReader, text: bigint) {
    this.#reader = reader
    this.#text = text
  }

  /** @param digits address of the token "0" */
  locate(digits: bigint): Map<string, bigint> | undefined {
    const tokens = this.#tokens(digits)
    if (!tokens) return undefined
    for (const markerSize of [4, 8]) {
      const markers = this.#markers(tokens.table, markerSize)
      const names = markers && this.#names(markers)
      const addresses = names && this.#addresses(names, tokens.index)
      if (!addresses) continue
      return new Map([
        ...addresses,
        ['kallsyms_num_syms', names.address - 8n],
        ['kallsyms_names', names.address],
        ['kallsyms_markers', markers.address],
        ['kallsyms_token_table', tokens.table],
        ['kallsyms_token_index', tokens.index],
      ])
    }
    return undefined
  }

  /** Back over the tokens before "0", forward over all 256, and then the index must say where each begins. */
  #tokens(digits: bigint): { table: bigint; index: bigint } | undefined {
    const before = this.#bytes(digits - BigInt(TOKENS_SIZE_MAX), TOKENS_SIZE_MAX)
    let start = before?.length ?? 0
    for (let tokens = 0; before && tokens <= 0x30 && start >= 0; tokens++)
      start = before.lastIndexOf(0, start - 1)
    if (!before || start < 0) return undefined
    const table = digits - BigInt(before.length - start - 1)
    const bytes = this.#bytes(table, TOKENS_SIZE_MAX)
    if (!bytes || table % 8n !== 0n) return undefined
    const starts: number[] = []
    let end = 0
    for (let token = 0; token < TOKEN_COUNT; token++) {
      starts.push(end)
      end = bytes.indexOf(0, end) + 1
      if (end === 0) return undefined
    }
    const index = table + BigInt(align8(end))
    const view = this.#view(index, TOKEN_COUNT * 2)
    const agrees = starts.every(
      (at, token) => view?.getUint16(token * 2, this.#reader.littleEndian) === at,
    )
    return agrees ? { table, index } : undefined
  }

  /** Offsets of every 256th name, ascending from 0, before the tokens. Since v4.20 of 4 bytes, before of a word. */
  #markers(table: bigint, size: number): Markers | undefined {
    const view = this.#view(table - BigInt(MARKERS_SIZE_MAX), MARKERS_SIZE_MAX)
    if (!view) return undefined
    const read = (at: number): number =>
      size === 4
        ? view.getUint32(at, this.#reader.littleEndian)
        : Number(view.getBigUint64(at, this.#reader.littleEndian))
    let at = MARKERS_SIZE_MAX - size
    // Padding.
    if (size === 4 && read(at) === 0) at -= size
    // What is read may be anything: the last one bounds what is allocated for the names.
    if (read(at) > NAMES_SIZE_MAX) return undefined
    const backwards: number[] = []
    for (; at >= 0; at -= size) {
      const value = read(at)
      if (value >= (backwards.at(-1) ?? Infinity)) return undefined
      backwards.push(value)
      if (value === 0)
        return { address: table - BigInt(MARKERS_SIZE_MAX - at), values: backwards.toReversed() }
    }
    return undefined
  }

  /** Names end before the markers. Where they begin, the count stands before, and 256 names lead to the second marker. */
  #names({ address, values }: Markers): Names | undefined {
    const last = values.at(-1) ?? 0
    const reach = last + MARKER_STEP * PACKED_NAME_MAX + 16
    const start = address - BigInt(align8(reach))
    const bytes = this.#bytes(start, align8(reach))
    if (!bytes) return undefined
    const view = new DataView(bytes.buffer, bytes.byteOffset)
    for (let at = bytes.length - align8(last + 1); at >= 8; at -= 8) {
      const count = view.getUint32(at - 8, this.#reader.littleEndian)
      if (count > SYMBOL_LIMIT || Math.ceil(count / MARKER_STEP) !== values.length) continue
      if (walkNames(bytes, at, count, values)) return { address: start + BigInt(at), count }
    }
    return undefined
  }

  /**
   * Offsets and the base they are relative to stand before the names, since v6.4 behind the tokens; 4.5 and older, and some
   * architectures later, have addresses in place of both.
   */
  #addresses({ address, count }: Names, tokenIndex: bigint): [string, bigint][] | undefined {
    const size = BigInt(align8(count * 4))
    const behind = tokenIndex + BigInt(TOKEN_COUNT * 2)
    for (const [offsets, base] of [
      [address - 16n - size, address - 16n],
      [behind, behind + size],
    ] as const) {
      if (this.#isNearText(this.#word(base)))
        return [
          ['kallsyms_offsets', offsets],
          ['kallsyms_relative_base', base],
        ]
    }
    const table = address - 8n - BigInt(count * 8)
    const last = this.#word(address - 16n)
    return this.#isNearText(last) ? [['kallsyms_addresses', table]] : undefined
  }

  #isNearText(address: bigint): boolean {
    const distance = address > this.#text ? address - this.#text : this.#text - address
    return distance < BASE_DISTANCE_MAX
  }

  #word(address: bigint): bigint {
    return this.#view(address, 8)?.getBigUint64(0, this.#reader.littleEndian) ?? 0n
  }

  #bytes(address: bigint, size: number): Uint8Array | undefined {
    const bytes = new Uint8Array(size)
    return tryRead(this.#reader, address, bytes) ? bytes : undefined
  }

  #view(address: bigint, size: number): DataView | undefined {
    const bytes = this.#bytes(address, size)
    return bytes && new DataView(bytes.buffer)
  }
}

interface Markers {
  readonly address: bigint
  readonly values: readonly number[]
}

interface Names {
  readonly address: bigint
  readonly count: number
}

/** Do names begin here, so that every marker is met? */
function walkNames(
  bytes: Uint8Array,
  start: number,
  count: number,
  markers: readonly number[],
): boolean {
  let at = start
  for (let row = 0; row < count; row++) {
    if (row % MARKER_STEP === 0 && at - start !== markers[row / MARKER_STEP]) return false
    let length = bytes[at++] ?? 0
    // Since v6.1 bit 7 says that a second byte follows; older names never were so long.
    if (length & 0x80) length = (length & 0x7f) | ((bytes[at++] ?? 0) << 7)
    if (length === 0) return false
    at += length
  }
  return at <= bytes.length
}

function tryRead(reader: VirtualReader, address: bigint, into: Uint8Array): boolean {
  try {
    reader.readVirtual(BigInt.asUintN(64, address), into)
    return true
  } catch (error) {
    if (error instanceof KdumpError) return false
    throw error
  }
}

const align8 = (size: number): number => (size + 7) & ~7
