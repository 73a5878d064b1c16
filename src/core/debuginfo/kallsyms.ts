// The kernel's own symbol table, read out of its memory. Source: scripts/kallsyms.c, kernel/kallsyms.c.
// Names are compressed by a table of 256 tokens; addresses come in four encodings, told apart by where _stext lands.
import { hi32, lo32 } from '../base/addr.ts'
import { CorruptError, NotFoundError } from '../base/errors.ts'
import { readVirtualBytes, type VirtualReader } from '../io/virtual_reader.ts'
import { NAME_SIZE_MAX } from './name_hash.ts'
import { SymbolIndex } from './symbol_index.ts'
import type { VmcoreInfo } from './vmcoreinfo.ts'

/** A distribution kernel has some 200,000; what claims more is damaged. */
const SYMBOL_LIMIT = 4_000_000
const NAMES_SIZE_MAX = 128 * 1024 * 1024
const TOKEN_TABLE_SIZE_MAX = 64 * 1024

/**
 * Read the kernel's symbols where VMCOREINFO says they are (Linux 6.0 and later, or back-ported).
 *
 * @throws {NotFoundError} if VMCOREINFO does not locate kallsyms
 * @throws {CorruptError} if no encoding makes sense
 * @throws {FaultError} if a page of the tables is not in the dump
 */
export function readKallsyms(reader: VirtualReader, info: VmcoreInfo): SymbolIndex {
  const count = readCount(reader, info)
  const tokens = readTokens(reader, info)
  const names = decodeNames(
    readNames(reader, info, count),
    count,
    tokens,
    info.getSymbol('kallsyms_names'),
  )
  const addresses = readAddresses(reader, info, names, count)
  return new SymbolIndex('', { count, ...names, addresses })
}

function readCount(reader: VirtualReader, info: VmcoreInfo): number {
  const address = info.getSymbol('kallsyms_num_syms')
  const view = dataView(readVirtualBytes(reader, address, 4))
  const count = view.getUint32(0, reader.littleEndian)
  if (count === 0 || count > SYMBOL_LIMIT)
    throw new CorruptError(address, `kallsyms_num_syms is ${count}`)
  return count
}

/** Expansions of the 256 tokens: token t is `bytes[start[t], end[t])`. */
interface Tokens {
  readonly bytes: Uint8Array
  readonly start: Uint32Array
  readonly end: Uint32Array
}

function readTokens(reader: VirtualReader, info: VmcoreInfo): Tokens {
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

function readNames(reader: VirtualReader, info: VmcoreInfo, count: number): Uint8Array {
  const start = info.getSymbol('kallsyms_names')
  // The tables are emitted together: names end before the next table (markers, then tokens).
  const others = [
    'kallsyms_token_table',
    'kallsyms_token_index',
    'kallsyms_offsets',
    'kallsyms_relative_base',
  ]
    .map((name) => info.symbol(name))
    .filter((address) => address !== undefined && address > start)
    .map((address) => Number((address as bigint) - start))
  const size = Math.min(...others, count * 128)
  if (!(size > 0 && size <= NAMES_SIZE_MAX))
    throw new CorruptError(start, `kallsyms_names spans ${size} bytes`)
  return readVirtualBytes(reader, start, size)
}

interface DecodedNames {
  readonly names: Uint8Array
  readonly nameStart: Uint32Array
  readonly types: Uint8Array
}

/**
 * Since v6.1, commit 73bbb94466fd ("kallsyms: support "big" kernel symbols"), bit 7 of the length byte
 * says that a second one follows. Older kernels never set it: a name was at most 127 tokens.
 */
function decodeNames(
  packed: Uint8Array,
  count: number,
  tokens: Tokens,
  address: bigint,
): DecodedNames {
  // No name takes less than its length and one token.
  if (count * 2 > packed.length) {
    throw new CorruptError(address, `kallsyms has ${count} names in ${packed.length} bytes`)
  }
  const nameStart = new Uint32Array(count + 1)
  const types = new Uint8Array(count)
  let names = new Uint8Array(count * 24)
  let used = 0
  let at = 0
  for (let row = 0; row < count; row++) {
    let length = packed[at++] as number
    if (length & 0x80) length = (length & 0x7f) | ((packed[at++] as number) << 7)
    const end = at + length
    if (!(length > 0 && end <= packed.length)) {
      throw new CorruptError(address + BigInt(at), `kallsyms name ${row} leaves the table`)
    }
    nameStart[row] = used
    // The first character of a name is nm's type letter.
    let first = 1
    for (; at < end; at++) {
      const token = packed[at] as number
      const stop = tokens.end[token] as number
      let i = tokens.start[token] as number
      if (used + stop - i > names.length) names = grow(names)
      if (first === 1 && i < stop) {
        types[row] = tokens.bytes[i++] as number
        first = 0
      }
      for (; i < stop; i++) names[used++] = tokens.bytes[i] as number
    }
    // Without this bound a few long tokens turn megabytes into terabytes.
    if (used - (nameStart[row] as number) > NAME_SIZE_MAX || used > NAMES_SIZE_MAX) {
      throw new CorruptError(address + BigInt(at), `kallsyms name ${row} is longer than any`)
    }
  }
  nameStart[count] = used
  return { names: names.subarray(0, used), nameStart, types }
}

function grow(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const larger = new Uint8Array(bytes.length * 2 + 65536)
  larger.set(bytes)
  return larger
}

/** How a row's address is computed: `base + offset(row)`; base 0 for absolute ones. */
interface Encoding {
  readonly base: bigint
  offset(row: number): number
  /** Rows whose offset is an address of its own (per-CPU symbols). */
  isAbsolute(row: number): boolean
}

/**
 * Choose the encoding that gives _stext the address VMCOREINFO has for it:
 * absolute (`kallsyms_addresses`); base-relative; absolute-percpu (x86 4.6 to 6.14: negative offsets are
 * base - 1 - offset; removed by commit 01157ddc58dc); place-relative (since v7.0, commit a081b5789255).
 */
function readAddresses(
  reader: VirtualReader,
  info: VmcoreInfo,
  names: DecodedNames,
  count: number,
): BigUint64Array {
  const absolute = info.symbol('kallsyms_addresses')
  if (absolute !== undefined) return readAbsolute(reader, absolute, count)
  const expected = info.symbol('_stext')
  const row = expected === undefined ? -1 : findRow(names, count, '_stext')
  const candidates = encodings(reader, info, count)
  const encoding =
    row < 0 && candidates.length === 1
      ? candidates[0]
      : candidates.find((candidate) => row >= 0 && encodedAddress(candidate, row) === expected)
  if (!encoding)
    throw new CorruptError(
      info.getSymbol('kallsyms_names'),
      'no kallsyms address encoding fits _stext',
    )
  return decodeAddresses(encoding, count)
}

function readAbsolute(reader: VirtualReader, address: bigint, count: number): BigUint64Array {
  const table = dataView(readVirtualBytes(reader, address, count * 8))
  return BigUint64Array.from({ length: count }, (_, row) =>
    table.getBigUint64(row * 8, reader.littleEndian),
  )
}

function encodings(reader: VirtualReader, info: VmcoreInfo, count: number): Encoding[] {
  const little = reader.littleEndian
  const start = info.symbol('kallsyms_offsets')
  if (start === undefined) throw new NotFoundError('vmcoreinfo', 'SYMBOL(kallsyms_offsets)')
  const offsets = dataView(readVirtualBytes(reader, start, count * 4))
  const signed = (row: number): number => offsets.getInt32(row * 4, little)
  const never = (): boolean => false
  const place: Encoding = { base: start, offset: (row) => row * 4 + signed(row), isAbsolute: never }
  const baseAddress = info.symbol('kallsyms_relative_base')
  if (baseAddress === undefined) return [place]
  const base = dataView(readVirtualBytes(reader, baseAddress, 8)).getBigUint64(0, little)
  return [
    {
      base,
      offset: (row) => (signed(row) >= 0 ? signed(row) : -1 - signed(row)),
      isAbsolute: (row) => signed(row) >= 0,
    },
    { base, offset: (row) => offsets.getUint32(row * 4, little), isAbsolute: never },
    place,
  ]
}

function encodedAddress(encoding: Encoding, row: number): bigint {
  return BigInt.asUintN(
    64,
    (encoding.isAbsolute(row) ? 0n : encoding.base) + BigInt(encoding.offset(row)),
  )
}

/** All rows, without a bigint each: 100,000 additions in two words take 1 ms instead of 15. */
function decodeAddresses(encoding: Encoding, count: number): BigUint64Array {
  const view = new DataView(new ArrayBuffer(count * 8))
  const baseHigh = hi32(encoding.base)
  const baseLow = lo32(encoding.base)
  for (let row = 0; row < count; row++) {
    const absolute = encoding.isAbsolute(row)
    const low = (absolute ? 0 : baseLow) + encoding.offset(row)
    const carry = Math.floor(low / 2 ** 32)
    view.setUint32(row * 8 + LOW_WORD, low - carry * 2 ** 32, HOST_LITTLE)
    view.setUint32(row * 8 + (4 - LOW_WORD), (absolute ? 0 : baseHigh) + carry, HOST_LITTLE)
  }
  return new BigUint64Array(view.buffer)
}

const HOST_LITTLE = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1
const LOW_WORD = HOST_LITTLE ? 0 : 4

function findRow({ names, nameStart }: DecodedNames, count: number, name: string): number {
  const wanted = new TextEncoder().encode(name)
  for (let row = 0; row < count; row++) {
    const start = nameStart[row] as number
    if ((nameStart[row + 1] as number) - start !== wanted.length) continue
    if (wanted.every((byte, i) => names[start + i] === byte)) return row
  }
  return -1
}

const dataView = (bytes: Uint8Array): DataView =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
