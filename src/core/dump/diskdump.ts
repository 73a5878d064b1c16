// kdump-compressed: header | sub header + notes | two bitmaps | page descriptors | page data; and split into parts.
// Source: makedumpfile IMPLEMENTATION and diskdump_mod.h.
import { FaultError, UnsupportedError } from '../base/errors.ts'
import { BitRank, bitRuns, testBit } from '../base/bits.ts'
import { decodeAscii } from '../base/text.ts'
import { readUsize64 } from '../base/struct.ts'
import type { CodecName } from '../codec/codec.ts'
import { getCodec } from '../codec/codecs.ts'
import type { ElfNote } from '../elf/elf_note.ts'
import { readNotes } from '../elf/read_notes.ts'
import type { Source } from '../io/source.ts'
import {
  DISKDUMP_SIGNATURE,
  DUMP_DH_COMPRESSED_INCOMPLETE,
  DUMP_DH_COMPRESSED_LZO,
  DUMP_DH_COMPRESSED_SNAPPY,
  DUMP_DH_COMPRESSED_ZLIB,
  DUMP_DH_COMPRESSED_ZSTD,
  KDUMP_SIGNATURE,
  page_desc,
} from './diskdump_layout.ts'
import { type DiskdumpFile, findMissing, orderParts, readDiskdumpFile } from './diskdump_parts.ts'
import { describeDiskdump } from './diskdump_survey.ts'
import { readEraseinfo } from './eraseinfo.ts'
import type { DumpDescription } from './dump_description.ts'
import type { Dump, DumpFormat, DumpUtsname, PageState, PfnRun } from './dump_format.ts'

/** Page descriptors looked at to see whether a file lost its end. */
const DESCS_ASKED = 65_536
/** Where there are more, so many parts of the table are looked at. */
const DESC_WINDOWS = 256

export const diskdump: DumpFormat = {
  name: 'kdump-compressed',
  probe: (head) => [KDUMP_SIGNATURE, DISKDUMP_SIGNATURE].includes(signatureOf(head)),
  open: openDiskdump,
  openParts: openDiskdumpParts,
}

const signatureOf = (head: Uint8Array): string => decodeAscii(head, 0, Math.min(8, head.length))

/**
 * Open a kdump-compressed file. One part of a split dump opens as an incomplete one.
 *
 * @throws {FormatError} if a header or bitmap leaves the file or contradicts itself
 * @throws {UnsupportedError} if it is a diskdump of before kdump
 */
export function openDiskdump(source: Source): Dump {
  return new Diskdump([readFile(source)])
}

/**
 * Open the files of makedumpfile --split as one dump. Those that are missing make it incomplete.
 *
 * @param sources in any order
 * @throws {FormatError} if a header or bitmap leaves its file or contradicts itself
 * @throws {UsageError} if one is whole, of another dump, or holds the same as another
 */
export function openDiskdumpParts(sources: readonly Source[]): Dump {
  return new Diskdump(orderParts(sources.map((source) => readFile(source))))
}

function readFile(source: Source): DiskdumpFile {
  const head = new Uint8Array(8)
  if (signatureOf(head.subarray(0, source.read(0, head))) === DISKDUMP_SIGNATURE) {
    throw new UnsupportedError(
      `${source.name}: written by diskdump, which kernels before kdump had (signature DISKDUMP)`,
    )
  }
  return readDiskdumpFile(source)
}

/** Where the descriptors and pages of some frames are. */
interface Part {
  readonly source: Source
  readonly start: number
  readonly end: number
  readonly descOffset: number
  /** Dumped frames before `start`: the index in the whole dump of the part's first descriptor. */
  readonly firstRank: number
}

class Diskdump implements Dump {
  readonly format = 'kdump-compressed'
  readonly file: string
  readonly pageSize: number
  readonly pfnEnd: number
  readonly littleEndian: boolean
  readonly incomplete: boolean
  readonly incompleteReason: string | undefined
  readonly dumpLevel: number | undefined
  readonly utsname: DumpUtsname
  readonly timestamp: number
  readonly physBase: number | undefined
  readonly notes: readonly ElfNote[]
  readonly vmcoreinfo: Uint8Array | undefined
  readonly #files: readonly DiskdumpFile[]
  readonly #parts: readonly Part[]
  #part: Part | undefined
  readonly #exists: Uint8Array
  readonly #dumped: BitRank
  readonly #desc = new Uint8Array(page_desc.size)
  readonly #descView = new DataView(this.#desc.buffer)
  readonly #stored: Uint8Array
  readonly #page: Uint8Array

  /** @param files at least one; several are parts of one dump, in order */
  constructor(files: readonly DiskdumpFile[]) {
    const [{ source, header, exists, dumped, vmcoreinfo }] = files as [DiskdumpFile]
    this.file = source.name
    this.pageSize = header.pageSize
    this.pfnEnd = header.pfnEnd
    this.littleEndian = header.littleEndian
    this.dumpLevel = header.dumpLevel
    this.utsname = header.utsname
    this.timestamp = header.timestamp
    this.physBase = header.physBase
    this.#files = files
    this.#exists = exists
    this.#dumped = new BitRank(dumped)
    this.#parts = files.map((file) => ({
      source: file.source,
      start: file.start,
      end: file.end,
      descOffset: file.header.descOffset,
      firstRank: this.#dumped.rank(file.start),
    }))
    this.#stored = new Uint8Array(this.pageSize * 2)
    this.#page = new Uint8Array(this.pageSize)
    this.incompleteReason = this.#findLoss(files)
    this.incomplete = this.incompleteReason !== undefined
    const { notes } = header
    this.notes = readNotes(source, notes.size > 0 ? [notes] : [], this.littleEndian)
    this.vmcoreinfo = vmcoreinfo ?? this.notes.find((n) => n.name === 'VMCOREINFO')?.desc
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

  get codec(): CodecName | undefined {
    return codecName(this.#files[0]?.header.status ?? 0)
  }

  get eraseinfo(): string {
    const [{ source, header }] = this.#files as readonly [DiskdumpFile]
    return readEraseinfo(source, header.eraseinfo)
  }

  describe(): DumpDescription {
    return describeDiskdump(this.#files, this.#dumped, codecName)
  }

  [Symbol.dispose](): void {
    for (const { source } of this.#parts) source[Symbol.dispose]()
  }

  /** Say what the dump should have and does not. */
  #findLoss(files: readonly DiskdumpFile[]): string | undefined {
    for (const { source, header } of files) {
      if ((header.status & DUMP_DH_COMPRESSED_INCOMPLETE) !== 0)
        return `${source.name}: its writer did not finish`
    }
    const cut = this.#parts.find((part) => this.#isCut(part))
    if (cut) return `${cut.source.name}: the file ends before its last pages`
    const missing = findMissing(files).map(
      ({ start, end }) => `0x${start.toString(16)}-0x${(end - 1).toString(16)}`,
    )
    if (missing.length === 0) return undefined
    return `pages of frames ${missing.join(', ')} are in other parts of the split dump, not given`
  }

  /**
   * Does a file end before what its descriptors point to? Writers that go by page frame number lose what the last ones
   * describe; those that write what matters first may lose any, so that of many descriptors some of every part are asked.
   */
  #isCut({ source, start, end, descOffset, firstRank }: Part): boolean {
    // A part whose frames are none has no descriptors either.
    const total = start < end ? this.#dumped.rank(end) - firstRank : 0
    const count = Math.min(total, DESCS_ASKED)
    const windows = total <= DESCS_ASKED ? 1 : DESC_WINDOWS
    const bytes = new Uint8Array(Math.ceil(count / windows) * page_desc.size)
    for (let window = 1; window <= windows; window++) {
      const last = Math.floor((total * window) / windows)
      const at = descOffset + last * page_desc.size - bytes.length
      if (source.read(at, bytes) !== bytes.length) return true
      if (this.#pointsBeyond(bytes, source.size)) return true
    }
    return false
  }

  #pointsBeyond(descs: Uint8Array, fileSize: number): boolean {
    const view = new DataView(descs.buffer)
    for (let i = 0; i < descs.length; i += page_desc.size) {
      const low = view.getUint32(i + (this.littleEndian ? 0 : 4), this.littleEndian)
      const high = view.getUint32(i + (this.littleEndian ? 4 : 0), this.littleEndian)
      const size = view.getUint32(i + page_desc.offset.size, this.littleEndian)
      if (high * 2 ** 32 + low + size > fileSize) return true
    }
    return false
  }

  #findPart(pfn: number): Part | undefined {
    const last = this.#part
    if (last && pfn >= last.start && pfn < last.end) return last
    return (this.#part = this.#parts.find(({ start, end }) => pfn >= start && pfn < end))
  }

  #readPage(pfn: number, into: Uint8Array): void {
    if (!testBit(this.#dumped.bitmap, pfn)) throw this.#fault(pfn, this.#missingReason(pfn))
    const part = this.#findPart(pfn)
    if (!part) throw this.#fault(pfn, 'truncated')
    const { source } = part
    const at = part.descOffset + (this.#dumped.rank(pfn) - part.firstRank) * page_desc.size
    if (source.read(at, this.#desc) !== page_desc.size) throw this.#fault(pfn, 'truncated')
    const size = this.#descView.getUint32(page_desc.offset.size, this.littleEndian)
    const flags = this.#descView.getUint32(page_desc.offset.flags, this.littleEndian)
    const offset = this.#dataOffset(pfn)
    if (offset === 0) throw this.#fault(pfn, 'truncated')
    if (size === 0 || size > this.#stored.length) throw this.#fault(pfn, 'corrupt')
    const codec = codecName(flags)
    if (codec === undefined) {
      if (size !== this.pageSize) throw this.#fault(pfn, 'corrupt')
      if (source.read(offset, into) !== size) throw this.#fault(pfn, 'truncated')
      return
    }
    const stored = this.#stored.subarray(0, size)
    if (source.read(offset, stored) !== size) throw this.#fault(pfn, 'truncated')
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
