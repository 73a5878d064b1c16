// A few symbols by name, without the table of all of them: for a capture kernel that has little memory and no time.
// The names are read once, in windows; a name is expanded only if its first token, its last and its length fit a wanted one.
import { CorruptError } from '../base/errors.ts'
import { decodeAscii } from '../base/text.ts'
import { readVirtualBytes, type VirtualReader } from '../io/virtual_reader.ts'
import {
  chooseEncoding,
  dataView,
  encodedAddress,
  findNames,
  type NamesSpan,
  readCount,
  readTokens,
  type Tokens,
} from './kallsyms_tables.ts'
import type { VmcoreInfo } from './vmcoreinfo.ts'

const WINDOW_BYTES = 256 * 1024
/** Length in two bytes, and as many tokens as it can say. */
const PACKED_NAME_MAX = 2 + 0x7fff

/**
 * Find the addresses of symbols, where VMCOREINFO locates kallsyms (Linux 6.0 and later, or back-ported).
 *
 * @returns name → address of the first symbol of that name; names that the kernel lacks are left out
 * @throws {NotFoundError} if VMCOREINFO does not locate kallsyms
 * @throws {CorruptError} if no encoding makes sense
 * @throws {FaultError} if a page of the tables is not in the dump
 */
export function findKallsyms(
  reader: VirtualReader,
  info: VmcoreInfo,
  names: readonly string[],
): Map<string, bigint> {
  const count = readCount(reader, info)
  const search = new NameSearch(readTokens(reader, info), ['_stext', ...names])
  const rows = scanNames(reader, findNames(info, count), count, search)
  const addressOf = addressReader(reader, info, rows.get('_stext') ?? -1)
  const found = new Map<string, bigint>()
  for (const name of names) {
    const row = rows.get(name)
    if (row !== undefined) found.set(name, addressOf(row))
  }
  return found
}

function addressReader(
  reader: VirtualReader,
  info: VmcoreInfo,
  stextRow: number,
): (row: number) => bigint {
  const { littleEndian } = reader
  const absolute = info.symbol('kallsyms_addresses')
  if (absolute !== undefined) {
    return (row) =>
      dataView(readVirtualBytes(reader, absolute + BigInt(row * 8), 8)).getBigUint64(
        0,
        littleEndian,
      )
  }
  const start = info.getSymbol('kallsyms_offsets')
  const offsetAt = (row: number): number =>
    dataView(readVirtualBytes(reader, start + BigInt(row * 4), 4)).getInt32(0, littleEndian)
  const encoding = chooseEncoding(reader, info, offsetAt, stextRow)
  return (row) => encodedAddress(encoding, row)
}

/** Walk all names; returns the row of each wanted one that exists. */
function scanNames(
  reader: VirtualReader,
  { address, size }: NamesSpan,
  count: number,
  search: NameSearch,
): Map<string, number> {
  const rows = new Map<string, number>()
  const { endings, beginnings } = search
  const buffer = new Uint8Array(Math.min(size, WINDOW_BYTES + PACKED_NAME_MAX))
  let row = 0
  let windowAt = 0
  let at = 0
  while (row < count && rows.size < search.wantedCount) {
    windowAt += at
    const packed = buffer.subarray(0, Math.min(buffer.length, size - windowAt))
    reader.readVirtual(address + BigInt(windowAt), packed)
    // Names that begin in the window's first part lie in it whole, but for the last window.
    const stop = windowAt + packed.length < size ? packed.length - PACKED_NAME_MAX : packed.length
    for (at = 0; at < stop && row < count; row++) {
      let length = packed[at++] as number
      // Since v6.1, commit 73bbb94466fd ("kallsyms: support "big" kernel symbols"), bit 7 says that a byte follows.
      if (length & 0x80) length = (length & 0x7f) | ((packed[at++] as number) << 7)
      const end = at + length
      if (length === 0 || end > packed.length) throw leavesTable(address, windowAt + at, row)
      if (endings[packed[end - 1] as number] === 1 && beginnings[packed[at] as number] === 1) {
        const name = search.match(packed, at, end)
        if (name !== undefined && !rows.has(name)) rows.set(name, row)
      }
      at = end
    }
    if (at === 0 || (stop === packed.length && row < count && rows.size < search.wantedCount))
      throw leavesTable(address, windowAt + at, row)
  }
  return rows
}

function leavesTable(address: bigint, at: number, row: number): CorruptError {
  return new CorruptError(address + BigInt(at), `kallsyms name ${row} leaves the table`)
}

/** Compares compressed names with wanted ones. */
class NameSearch {
  readonly wantedCount: number
  readonly #tokens: Tokens
  /** By token: does a wanted name end in it, or begin in it behind the type letter? */
  readonly endings = new Uint8Array(256)
  readonly beginnings = new Uint8Array(256)
  /** By length, the type letter included. */
  readonly #byLength = new Map<number, { readonly name: string; readonly bytes: Uint8Array }[]>()

  constructor(tokens: Tokens, wanted: readonly string[]) {
    this.#tokens = tokens
    const names = new Set(wanted)
    this.wantedCount = names.size
    for (const name of names) {
      const bytes = new TextEncoder().encode(name)
      const others = this.#byLength.get(bytes.length + 1) ?? []
      this.#byLength.set(bytes.length + 1, [...others, { name, bytes }])
    }
    for (let token = 0; token < 256; token++) {
      const text = this.#expand(token)
      if (text === '') continue
      const rest = text.slice(1)
      // A token that is a whole name has the type letter before it.
      if (wanted.some((name) => name.endsWith(text) || rest === name)) this.endings[token] = 1
      if (wanted.some((name) => name.startsWith(rest))) this.beginnings[token] = 1
    }
  }

  /** The wanted name that tokens `packed[at, end)` spell, or undefined. */
  match(packed: Uint8Array, at: number, end: number): string | undefined {
    const { start, end: stop } = this.#tokens
    let length = 0
    for (let i = at; i < end; i++) {
      const token = packed[i] as number
      length += (stop[token] as number) - (start[token] as number)
    }
    const candidates = this.#byLength.get(length)
    if (!candidates) return undefined
    for (const { name, bytes } of candidates) if (this.#spells(packed, at, end, bytes)) return name
    return undefined
  }

  /** Do tokens `packed[at, end)` spell a type letter and `name`? Mostly the first letters say no. */
  #spells(packed: Uint8Array, at: number, end: number, name: Uint8Array): boolean {
    const { bytes, start, end: stop } = this.#tokens
    let position = -1
    for (let i = at; i < end; i++) {
      const token = packed[i] as number
      const tokenEnd = stop[token] as number
      for (let j = start[token] as number; j < tokenEnd; j++, position++)
        if (position >= 0 && bytes[j] !== name[position]) return false
    }
    return true
  }

  #expand(token: number): string {
    const { bytes, start, end } = this.#tokens
    return decodeAscii(bytes, start[token] as number, end[token] as number)
  }
}
