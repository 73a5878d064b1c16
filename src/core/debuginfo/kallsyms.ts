// The kernel's own symbol table, all of it, read out of its memory. Source: scripts/kallsyms.c, kernel/kallsyms.c.
// A few symbols by name cost a tenth: see find_kallsyms.ts.
import { hi32, lo32 } from '../base/addr.ts'
import { CorruptError } from '../base/errors.ts'
import { readVirtualBytes, type VirtualReader } from '../io/virtual_reader.ts'
import {
  chooseEncoding,
  dataView,
  type Encoding,
  findNames,
  NAMES_SIZE_MAX,
  readCount,
  readTokens,
  type Tokens,
} from './kallsyms_tables.ts'
import { NAME_SIZE_MAX } from './name_hash.ts'
import { SymbolIndex } from './symbol_index.ts'
import type { VmcoreInfo } from './vmcoreinfo.ts'

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
  const span = findNames(info, count)
  const packed = readVirtualBytes(reader, span.address, span.size)
  const names = decodeNames(packed, count, tokens, span.address)
  const addresses = readAddresses(reader, info, names, count)
  return new SymbolIndex('', { count, ...names, addresses })
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

function readAddresses(
  reader: VirtualReader,
  info: VmcoreInfo,
  names: DecodedNames,
  count: number,
): BigUint64Array {
  const absolute = info.symbol('kallsyms_addresses')
  if (absolute !== undefined) return readAbsolute(reader, absolute, count)
  const start = info.getSymbol('kallsyms_offsets')
  const offsets = dataView(readVirtualBytes(reader, start, count * 4))
  const { littleEndian } = reader
  const offsetAt = (row: number): number => offsets.getInt32(row * 4, littleEndian)
  const encoding = chooseEncoding(reader, info, offsetAt, findRow(names, count, '_stext'))
  return decodeAddresses(encoding, count)
}

function readAbsolute(reader: VirtualReader, address: bigint, count: number): BigUint64Array {
  const table = dataView(readVirtualBytes(reader, address, count * 8))
  return BigUint64Array.from({ length: count }, (_, row) =>
    table.getBigUint64(row * 8, reader.littleEndian),
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
