// Where the tables of kallsyms lie, and how to read a row of them: what reading all symbols and looking for a few share.
// Source: scripts/kallsyms.c, kernel/kallsyms.c. Names are compressed by a table of 256 tokens; addresses come in four
// encodings, told apart by where _stext lands.
import { CorruptError } from '../base/errors.ts'
import { readVirtualBytes, type VirtualReader } from '../io/virtual_reader.ts'
import { NAME_SIZE_MAX } from './name_hash.ts'
import type { VmcoreInfo } from './vmcoreinfo.ts'

/** A distribution kernel has some 200,000; what claims more is damaged. */
const SYMBOL_LIMIT = 4_000_000
/** Bytes of all names together, as stored or expanded. */
export const NAMES_SIZE_MAX = 128 * 1024 * 1024
const TOKEN_TABLE_SIZE_MAX = 64 * 1024

/** Read how many symbols there are. @throws {CorruptError} if no kernel has so many, or none */
export function readCount(reader: VirtualReader, info: VmcoreInfo): number {
  const address = info.getSymbol('kallsyms_num_syms')
  const view = dataView(readVirtualBytes(reader, address, 4))
  const count = view.getUint32(0, reader.littleEndian)
  if (count === 0 || count > SYMBOL_LIMIT)
    throw new CorruptError(address, `kallsyms_num_syms is ${count}`)
  return count
}

/** Expansions of the 256 tokens: token t is `bytes[start[t], end[t])`. */
export interface Tokens {
  readonly bytes: Uint8Array
  readonly start: Uint32Array
  readonly end: Uint32Array
}

/** Read the tokens. @throws {CorruptError} if one is longer than any name */
export function readTokens(reader: VirtualReader, info: VmcoreInfo): Tokens {
  const indexBytes = dataView(readVirtualBytes(reader, info.getSymbol('kallsyms_token_index'), 512))
  const start = Uint32Array.from({ length: 256 }, (_, i) =>
    indexBytes.getUint16(2 * i, reader.littleEndian),
  )
  const tableAddress = info.getSymbol('kallsyms_token_table')
  const tableSize = Math.max(...start) + 256
  if (tableSize > TOKEN_TABLE_SIZE_MAX + 256)
    throw new CorruptError(tableAddress, 'kallsyms token index')
  const bytes = readVirtualBytes(reader, tableAddress, tableSize)
  const end = start.map((from) => Math.max(from, bytes.indexOf(0, from)))
  if (end.some((to, i) => to - (start[i] as number) > NAME_SIZE_MAX)) {
    throw new CorruptError(tableAddress, 'kallsyms token is longer than any name')
  }
  return { bytes, start, end }
}

/** Where the compressed names lie. */
export interface NamesSpan {
  readonly address: bigint
  /** Bytes to the next table: padding, and on some kernels markers, included. */
  readonly size: number
}

/** Find the names of `count` symbols. @throws {CorruptError} if they cannot be there */
export function findNames(info: VmcoreInfo, count: number): NamesSpan {
  const address = info.getSymbol('kallsyms_names')
  // The tables are emitted together: names end before the next table (markers, then tokens).
  const others = [
    'kallsyms_token_table',
    'kallsyms_token_index',
    'kallsyms_offsets',
    'kallsyms_relative_base',
  ]
    .map((name) => info.symbol(name))
    .filter((other) => other !== undefined && other > address)
    .map((other) => Number((other as bigint) - address))
  const size = Math.min(...others, count * 128)
  if (!(size > 0 && size <= NAMES_SIZE_MAX))
    throw new CorruptError(address, `kallsyms_names spans ${size} bytes`)
  // No name takes less than its length and one token.
  if (count * 2 > size)
    throw new CorruptError(address, `kallsyms has ${count} names in ${size} bytes`)
  return { address, size }
}

/** How a row's address is computed: `base + offset(row)`; base 0 for absolute ones. */
export interface Encoding {
  readonly base: bigint
  offset(row: number): number
  /** Rows whose offset is an address of its own (per-CPU symbols). */
  isAbsolute(row: number): boolean
}

/**
 * Choose the encoding that gives _stext the address VMCOREINFO has for it:
 * base-relative; absolute-percpu (x86 4.6 to 6.14: negative offsets are base - 1 - offset; removed by commit
 * 01157ddc58dc); place-relative (since v7.0, commit a081b5789255).
 *
 * @param offsetAt the row's s32 in `kallsyms_offsets`
 * @param stextRow row of _stext, -1 if there is none
 * @throws {CorruptError} if none does
 */
export function chooseEncoding(
  reader: VirtualReader,
  info: VmcoreInfo,
  offsetAt: (row: number) => number,
  stextRow: number,
): Encoding {
  const expected = info.symbol('_stext')
  const row = expected === undefined ? -1 : stextRow
  const candidates = encodings(reader, info, offsetAt)
  const encoding =
    row < 0 && candidates.length === 1
      ? candidates[0]
      : candidates.find((candidate) => row >= 0 && encodedAddress(candidate, row) === expected)
  if (!encoding)
    throw new CorruptError(
      info.getSymbol('kallsyms_names'),
      'no kallsyms address encoding fits _stext',
    )
  return encoding
}

function encodings(
  reader: VirtualReader,
  info: VmcoreInfo,
  offsetAt: (row: number) => number,
): Encoding[] {
  const start = info.getSymbol('kallsyms_offsets')
  const never = (): boolean => false
  const place: Encoding = {
    base: start,
    offset: (row) => row * 4 + offsetAt(row),
    isAbsolute: never,
  }
  const baseAddress = info.symbol('kallsyms_relative_base')
  if (baseAddress === undefined) return [place]
  const base = dataView(readVirtualBytes(reader, baseAddress, 8)).getBigUint64(
    0,
    reader.littleEndian,
  )
  return [
    {
      base,
      offset: (row) => (offsetAt(row) >= 0 ? offsetAt(row) : -1 - offsetAt(row)),
      isAbsolute: (row) => offsetAt(row) >= 0,
    },
    { base, offset: (row) => offsetAt(row) >>> 0, isAbsolute: never },
    place,
  ]
}

/** The address of a row. */
export function encodedAddress(encoding: Encoding, row: number): bigint {
  return BigInt.asUintN(
    64,
    (encoding.isAbsolute(row) ? 0n : encoding.base) + BigInt(encoding.offset(row)),
  )
}

/** A view of all of `bytes`. */
export const dataView = (bytes: Uint8Array): DataView =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
