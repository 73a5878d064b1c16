// kdump-compressed: header | sub header + notes | two bitmaps | page descriptors | page data.
// Source: makedumpfile IMPLEMENTATION and diskdump_mod.h.
import { toSafeNumber } from '../base/addr.ts'
import { FaultError, FormatError, UnsupportedError } from '../base/errors.ts'
import { BitRank, bitRuns, testBit } from '../base/bits.ts'
import { decodeAscii } from '../base/text.ts'
import type { StructValue } from '../base/struct.ts'
import { readUsize64 } from '../base/struct.ts'
import type { CodecName } from '../codec/codec.ts'
import { getCodec } from '../codec/codecs.ts'
import type { ElfNote } from '../elf/elf_note.ts'
import { readNotes } from '../elf/read_notes.ts'
import { readExact, type Source } from '../io/source.ts'
import {
  disk_dump_header,
  DUMP_DH_COMPRESSED_INCOMPLETE,
  DUMP_DH_COMPRESSED_LZO,
  DUMP_DH_COMPRESSED_SNAPPY,
  DUMP_DH_COMPRESSED_ZLIB,
  DUMP_DH_COMPRESSED_ZSTD,
  HEADER_VERSION,
  KDUMP_SIGNATURE,
  kdump_sub_header,
  page_desc,
} from './diskdump_layout.ts'
import type { Dump, DumpFormat, DumpUtsname, PageState, PfnRun } from './dump_format.ts'

type Header = StructValue<typeof disk_dump_header>
type SubHeader = StructValue<typeof kdump_sub_header>

/** 2^36 pages of 4 KiB are 256 TiB: a bitmap of 8 GiB. What claims more is lying. */
const PFN_LIMIT = 2 ** 36
/** Some 2,000 symbols of a newest kernel are 60 KB. */
const VMCOREINFO_SIZE_MAX = 16 * 1024 * 1024
/** Versions grow by appending to the sub header, so that a newer one reads as what is known of it. */
const VERSION_MAX = 0xff
const SUB_HEADER_BLOCKS_MAX = 0x10_0000
/** `block_size` in the header of a 32-bit machine, whose struct timeval is shorter. */
const BLOCK_SIZE_OFFSET_32 = 416
/** Page descriptors looked at to see whether a file lost its end. */
const TAIL_DESCS = 16_384

export const diskdump: DumpFormat = {
  name: 'kdump-compressed',
  probe: (head) => decodeAscii(head, 0, Math.min(8, head.length)) === KDUMP_SIGNATURE,
  open: openDiskdump,
}

/**
 * Open a kdump-compressed file.
 *
 * @throws {FormatError} if a header or bitmap leaves the file or contradicts itself
 */
export function openDiskdump(source: Source): Dump {
  const { header, littleEndian } = readHeader(source)
  const blockSize = header.block_size
  const sub = readSubHeader(source, header, littleEndian)
  if (sub.split !== 0) {
    // Descriptors are those of one part, bitmaps those of all: every rank would be wrong.
    throw new UnsupportedError(
      `${source.name}: one part of a split dump (makedumpfile --reassemble joins them)`,
    )
  }
  const pfnEnd = header.header_version >= 6 ? sub.max_mapnr_64 : header.max_mapnr
  const bitmapOffset = (1 + header.sub_hdr_size) * blockSize
  const bitmapBytes = (header.bitmap_blocks * blockSize) / 2
  if (pfnEnd > PFN_LIMIT || Math.ceil(pfnEnd / 8) > bitmapBytes) {
    const at =
      header.header_version >= 6
        ? blockSize + kdump_sub_header.offset.max_mapnr_64
        : disk_dump_header.offset.max_mapnr
    const what = `max_mapnr 0x${pfnEnd.toString(16)} does not fit ${bitmapBytes} bitmap bytes`
    throw new FormatError(source.name, at, what)
  }
  const wanted = Math.ceil(pfnEnd / 8)
  const exists = readExact(source, bitmapOffset, wanted, 'bitmap 1')
  const dumped = readExact(source, bitmapOffset + bitmapBytes, wanted, 'bitmap 2')
  clearFrom(exists, pfnEnd)
  clearFrom(dumped, pfnEnd)
  const descOffset = bitmapOffset + 2 * bitmapBytes
  return new Diskdump({ source, header, sub, littleEndian, pfnEnd, exists, dumped, descOffset })
}

/** Bits of the last byte beyond the last page frame are nobody's. */
function clearFrom(bitmap: Uint8Array, pfnEnd: number): void {
  if (pfnEnd % 8 === 0) return
  const last = bitmap.length - 1
  bitmap[last] = (bitmap[last] as number) & ((1 << (pfnEnd % 8)) - 1)
}

function readHeader(source: Source): { header: Header; littleEndian: boolean } {
  const bytes = readExact(source, 0, disk_dump_header.size, 'kdump-compressed header')
  const view = new DataView(bytes.buffer)
  const { offset } = disk_dump_header
  const littleEndian = [true, false].find((little) =>
    isPageSize(view.getInt32(offset.block_size, little)),
  )
  if (littleEndian === undefined) {
    if (isPageSize(view.getInt32(BLOCK_SIZE_OFFSET_32, true))) {
      throw new UnsupportedError(`${source.name}: kdump-compressed of a 32-bit machine`)
    }
    const what = `block_size is ${view.getInt32(offset.block_size, true)}, expected a page size`
    throw new FormatError(source.name, offset.block_size, what)
  }
  const header = disk_dump_header.read(view, 0, { littleEndian })
  if (header.header_version < 1 || header.header_version > VERSION_MAX) {
    const what = `header_version is ${header.header_version}, expected 1 to ${HEADER_VERSION}`
    throw new FormatError(source.name, offset.header_version, what)
  }
  if (header.sub_hdr_size < 1 || header.sub_hdr_size > SUB_HEADER_BLOCKS_MAX) {
    throw new FormatError(
      source.name,
      offset.sub_hdr_size,
      `sub_hdr_size is ${header.sub_hdr_size}`,
    )
  }
  return { header, littleEndian }
}

const isPageSize = (size: number): boolean =>
  size >= 4096 && size <= 65536 && (size & (size - 1)) === 0

/** Bytes of the sub header, by header version. */
const SUB_HEADER_END = [8, 12, 32, 48, 64, 80]

function readSubHeader(source: Source, header: Header, littleEndian: boolean): SubHeader {
  const bytes = readExact(source, header.block_size, kdump_sub_header.size, 'kdump sub header')
  // Members newer than the header's version are whatever follows in the file: read them as 0.
  bytes.fill(0, SUB_HEADER_END[header.header_version] ?? kdump_sub_header.size)
  try {
    return kdump_sub_header.read(new DataView(bytes.buffer), 0, { littleEndian })
  } catch (cause) {
    throw new FormatError(
      source.name,
      header.block_size,
      'sub header: an offset or size exceeds 2^53',
      { cause },
    )
  }
}

interface DiskdumpParts {
  readonly source: Source
  readonly header: Header
  readonly sub: SubHeader
  readonly littleEndian: boolean
  readonly pfnEnd: number
  readonly exists: Uint8Array
  readonly dumped: Uint8Array
  readonly descOffset: number
}

class Diskdump implements Dump {
  readonly format = 'kdump-compressed'
  readonly file: string
  readonly pageSize: number
  readonly pfnEnd: number
  readonly littleEndian: boolean
  readonly incomplete: boolean
  readonly dumpLevel: number
  readonly utsname: DumpUtsname
  readonly timestamp: number
  readonly physBase: number | undefined
  readonly notes: readonly ElfNote[]
  readonly vmcoreinfo: Uint8Array | undefined
  readonly #source: Source
  readonly #exists: Uint8Array
  readonly #dumped: BitRank
  readonly #descOffset: number
  readonly #desc = new Uint8Array(page_desc.size)
  readonly #descView = new DataView(this.#desc.buffer)
  readonly #stored: Uint8Array
  readonly #page: Uint8Array

  constructor({
    source,
    header,
    sub,
    littleEndian,
    pfnEnd,
    exists,
    dumped,
    descOffset,
  }: DiskdumpParts) {
    this.file = source.name
    this.#source = source
    this.pageSize = header.block_size
    this.pfnEnd = pfnEnd
    this.littleEndian = littleEndian
    this.dumpLevel = sub.dump_level
    this.utsname = header
    this.timestamp = toSafeNumber(header.timestamp_sec) ?? 0
    this.physBase = toSafeNumber(BigInt.asIntN(64, sub.phys_base))
    this.#exists = exists
    this.#dumped = new BitRank(dumped)
    this.#descOffset = descOffset
    this.#stored = new Uint8Array(this.pageSize * 2)
    this.#page = new Uint8Array(this.pageSize)
    this.incomplete = (header.status & DUMP_DH_COMPRESSED_INCOMPLETE) !== 0 || this.#isCut()
    const notes = sub.size_note > 0 ? [{ offset: sub.offset_note, size: sub.size_note }] : []
    this.notes = readNotes(source, notes, littleEndian)
    this.vmcoreinfo =
      readVmcoreinfo(source, sub) ?? this.notes.find((n) => n.name === 'VMCOREINFO')?.desc
  }

  pageState(pfn: number): PageState {
    if (testBit(this.#dumped.bitmap, pfn)) return 'present'
    return testBit(this.#exists, pfn) ? 'excluded' : 'absent'
  }

  pfnRuns(what: 'existing' | 'present'): PfnRun[] {
    return bitRuns(what === 'present' ? this.#dumped.bitmap : this.#exists)
  }

  readPhysical(physical: number, into: Uint8Array): void {
    let done = 0
    while (done < into.length) {
      const at = physical + done
      const pfn = Math.floor(at / this.pageSize)
      const from = at - pfn * this.pageSize
      const length = Math.min(into.length - done, this.pageSize - from)
      if (length === this.pageSize) this.#readPage(pfn, into.subarray(done, done + length))
      else {
        this.#readPage(pfn, this.#page)
        into.set(this.#page.subarray(from, from + length), done)
      }
      done += length
    }
  }

  [Symbol.dispose](): void {
    this.#source[Symbol.dispose]()
  }

  /**
   * Does the file end before what its last descriptors point to? Writers go by page frame number, so that
   * the last pages are the ones a cut file lost.
   */
  #isCut(): boolean {
    const count = Math.min(this.#dumped.total, TAIL_DESCS)
    const bytes = new Uint8Array(count * page_desc.size)
    const at = this.#descOffset + (this.#dumped.total - count) * page_desc.size
    if (this.#source.read(at, bytes) !== bytes.length) return true
    const view = new DataView(bytes.buffer)
    for (let i = 0; i < bytes.length; i += page_desc.size) {
      const low = view.getUint32(i + (this.littleEndian ? 0 : 4), this.littleEndian)
      const high = view.getUint32(i + (this.littleEndian ? 4 : 0), this.littleEndian)
      const size = view.getUint32(i + page_desc.offset.size, this.littleEndian)
      if (high * 2 ** 32 + low + size > this.#source.size) return true
    }
    return false
  }

  #readPage(pfn: number, into: Uint8Array): void {
    if (!testBit(this.#dumped.bitmap, pfn)) throw this.#fault(pfn, this.#missingReason(pfn))
    const at = this.#descOffset + this.#dumped.rank(pfn) * page_desc.size
    if (this.#source.read(at, this.#desc) !== page_desc.size) throw this.#fault(pfn, 'truncated')
    const size = this.#descView.getUint32(page_desc.offset.size, this.littleEndian)
    const flags = this.#descView.getUint32(page_desc.offset.flags, this.littleEndian)
    const offset = this.#dataOffset(pfn)
    if (offset === 0) throw this.#fault(pfn, 'truncated')
    if (size === 0 || size > this.#stored.length) throw this.#fault(pfn, 'corrupt')
    const codec = codecName(flags)
    if (codec === undefined) {
      if (size !== this.pageSize) throw this.#fault(pfn, 'corrupt')
      if (this.#source.read(offset, into) !== size) throw this.#fault(pfn, 'truncated')
      return
    }
    const stored = this.#stored.subarray(0, size)
    if (this.#source.read(offset, stored) !== size) throw this.#fault(pfn, 'truncated')
    this.#decompress(pfn, codec, stored, into)
  }

  #dataOffset(pfn: number): number {
    try {
      return readUsize64(this.#descView, page_desc.offset.offset, this.littleEndian)
    } catch {
      throw this.#fault(pfn, 'corrupt')
    }
  }

  #decompress(pfn: number, codec: CodecName, stored: Uint8Array, into: Uint8Array): void {
    let got: number
    try {
      got = getCodec(codec).decompress(stored, into)
    } catch (cause) {
      throw this.#fault(pfn, 'corrupt', cause)
    }
    if (got !== this.pageSize) throw this.#fault(pfn, 'corrupt')
  }

  #missingReason(pfn: number): 'excluded' | 'not-present' | 'out-of-range' {
    if (pfn >= this.pfnEnd || pfn < 0) return 'out-of-range'
    return testBit(this.#exists, pfn) ? 'excluded' : 'not-present'
  }

  #fault(pfn: number, reason: FaultError['reason'], cause?: unknown): FaultError {
    const options = cause === undefined ? undefined : { cause }
    return new FaultError(BigInt(pfn) * BigInt(this.pageSize), 'physical', reason, options)
  }
}

function codecName(flags: number): CodecName | undefined {
  if (flags & DUMP_DH_COMPRESSED_ZLIB) return 'zlib'
  if (flags & DUMP_DH_COMPRESSED_LZO) return 'lzo'
  if (flags & DUMP_DH_COMPRESSED_SNAPPY) return 'snappy'
  if (flags & DUMP_DH_COMPRESSED_ZSTD) return 'zstd'
  return undefined
}

function readVmcoreinfo(source: Source, sub: SubHeader): Uint8Array | undefined {
  const { offset_vmcoreinfo: offset, size_vmcoreinfo: size } = sub
  if (size === 0) return undefined
  if (size > VMCOREINFO_SIZE_MAX)
    throw new FormatError(source.name, offset, `VMCOREINFO of ${size} bytes`)
  return readExact(source, offset, size, 'VMCOREINFO')
}
