// Writes kdump-compressed version 6: header | sub header and notes | two bitmaps | page descriptors | page data.
// Source: makedumpfile IMPLEMENTATION, diskdump_mod.h. The tables come first in the file, so a file that was cut
// still says which pages it should have; the header says "incomplete" until the last byte is written.
import { popcount } from '../../../core/base/bits.ts'
import type { CodecName } from '../../../core/codec/codec.ts'
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
} from '../../../core/dump/diskdump_layout.ts'
import type { PfnRun } from '../../../core/dump/dump_format.ts'
import type { DumpOutput } from '../../platform/dump_output.ts'
import { setRange } from '../page_bitmap.ts'

/** Flag of page descriptors and of the header's status. */
export const CODEC_FLAG: Readonly<Record<CodecName, number>> = {
  zlib: DUMP_DH_COMPRESSED_ZLIB,
  lzo: DUMP_DH_COMPRESSED_LZO,
  snappy: DUMP_DH_COMPRESSED_SNAPPY,
  zstd: DUMP_DH_COMPRESSED_ZSTD,
}

/** What the headers say. */
export interface KdumpFacts {
  readonly pageSize: number
  readonly pfnEnd: number
  readonly littleEndian: boolean
  /** `struct new_utsname` as it is in memory: six texts of 65 bytes. */
  readonly utsname: Uint8Array
  /** Seconds since 1970. */
  readonly timestamp: number
  readonly codec: CodecName | undefined
  readonly dumpLevel: number
  readonly physBase: number
  readonly cpuCount: number
  /** Bytes of the ELF notes, and where in them VMCOREINFO's text lies. */
  readonly notes: Uint8Array
  readonly vmcoreinfoOffset: number
  readonly vmcoreinfoSize: number
}

const DATA_BUFFER = 1024 * 1024
const BITMAP_CHUNK = 256 * 1024
const DESC_LIMIT = 16 * 1024
const UTSNAME_SIZE = 6 * 65

/** Descriptors that follow one another in the table, waiting to be written. */
interface DescRun {
  readonly firstIndex: number
  count: number
}

/** One kdump-compressed file in the making. */
export class KdumpWriter {
  readonly #output: DumpOutput
  readonly #facts: KdumpFacts
  /** Pages that should be in the dump. */
  readonly pageCount: number
  readonly #descOffset: number
  readonly #data: Uint8Array
  /** File offset of the first byte of `#data`. */
  #dataOffset: number
  #dataUsed = 0
  readonly #descs = new Uint8Array(DESC_LIMIT * page_desc.size)
  readonly #descView = new DataView(this.#descs.buffer)
  #descRuns: DescRun[] = []
  #descUsed = 0
  #descNext = -1
  /** Bytes written, what lies between parts not counted (makedumpfile's "Write bytes"). */
  writtenBytes = 0
  /** Pages whose descriptor could not be kept because their data did not fit. */
  lostPages = 0

  /** @param dumped bitmap of the pages to come */
  constructor(output: DumpOutput, facts: KdumpFacts, dumped: Uint8Array) {
    this.#output = output
    this.#facts = facts
    this.pageCount = popcount(dumped)
    this.#descOffset = (1 + this.#subHeaderBlocks + this.#bitmapBlocks) * facts.pageSize
    this.#dataOffset = this.#descOffset + this.pageCount * page_desc.size
    this.#data = new Uint8Array(DATA_BUFFER + 2 * facts.pageSize)
  }

  /** False once the output takes no more. */
  get ok(): boolean {
    return this.#output.problem === undefined
  }

  /** Size of the file so far. */
  get fileSize(): number {
    return this.#dataOffset + this.#dataUsed
  }

  /** Write all that precedes page data; descriptors read as "page lost" until they are known. */
  begin(existing: readonly PfnRun[], dumped: Uint8Array): void {
    this.#writeHeader(DUMP_DH_COMPRESSED_INCOMPLETE)
    this.#writeSubHeader()
    const { pageSize, pfnEnd } = this.#facts
    const bitmapOffset = (1 + this.#subHeaderBlocks) * pageSize
    const bitmapBytes = (this.#bitmapBlocks / 2) * pageSize
    const used = Math.ceil(pfnEnd / 8)
    const chunk = new Uint8Array(Math.min(BITMAP_CHUNK, bitmapBytes))
    for (let at = 0; at < bitmapBytes; at += chunk.length) {
      const part = chunk.subarray(0, Math.min(chunk.length, bitmapBytes - at))
      fillFromRuns(part, at * 8, existing)
      this.#write(bitmapOffset + at, part)
      part.fill(0)
      part.set(dumped.subarray(at, Math.min(at + part.length, used)))
      this.#write(bitmapOffset + bitmapBytes + at, part)
    }
    // Written out, so that a full disk shows now and not when the first page is there without its descriptor.
    chunk.fill(0)
    for (let at = this.#descOffset; at < this.#dataOffset; at += chunk.length) {
      this.#write(at, chunk.subarray(0, Math.min(chunk.length, this.#dataOffset - at)))
    }
    this.writtenBytes =
      disk_dump_header.size +
      kdump_sub_header.size +
      this.#facts.notes.length +
      2 * used +
      this.pageCount * page_desc.size
  }

  /** Room for the next page's data, up to two pages; tell how much was used by `addPage()` or `addData()`. */
  room(size: number): Uint8Array {
    return this.#data.subarray(this.#dataUsed, this.#dataUsed + size)
  }

  /**
   * Take the `size` bytes put into `room` as data of descriptor `index`.
   *
   * @param flags 0 or a CODEC_FLAG
   * @returns where the data lies, for `shareData()`
   */
  addPage(index: number, size: number, flags: number): number {
    const offset = this.addData(size)
    this.shareData(index, offset, size, flags)
    if (this.#dataUsed >= DATA_BUFFER) this.flush()
    return offset
  }

  /** Take the `size` bytes put into `room` without a descriptor; returns where they lie. */
  addData(size: number): number {
    const offset = this.#dataOffset + this.#dataUsed
    this.#dataUsed += size
    this.writtenBytes += size
    return offset
  }

  /** Let descriptor `index` mean data that was added before. */
  shareData(index: number, offset: number, size: number, flags: number): void {
    if (this.#descUsed >= DESC_LIMIT) this.flush()
    const last = this.#descRuns.at(-1)
    if (last && index === this.#descNext) last.count++
    else this.#descRuns.push({ firstIndex: index, count: 1 })
    this.#descNext = index + 1
    const { littleEndian } = this.#facts
    page_desc.write(
      this.#descView,
      this.#descUsed * page_desc.size,
      { offset, size, flags, page_flags: 0n },
      { littleEndian },
    )
    this.#descUsed++
  }

  /** Write what waits: data first, then the descriptors that mean it. */
  flush(): void {
    const wrote =
      this.#dataUsed > 0
        ? this.#output.write(this.#dataOffset, this.#data.subarray(0, this.#dataUsed))
        : 0
    const dataEnd = this.#dataOffset + wrote
    if (wrote < this.#dataUsed) this.#forgetLost(dataEnd)
    let used = 0
    for (const run of this.#descRuns) {
      const bytes = this.#descs.subarray(used * page_desc.size, (used + run.count) * page_desc.size)
      this.#write(this.#descOffset + run.firstIndex * page_desc.size, bytes)
      used += run.count
    }
    this.#dataOffset = dataEnd
    this.#dataUsed = 0
    this.#descRuns = []
    this.#descUsed = 0
    this.#descNext = -1
  }

  /** Write what waits and say in the header whether the dump is whole. Making it durable is the caller's choice. */
  finish(isComplete: boolean): void {
    this.flush()
    if (!this.ok) this.#output.truncate(this.#dataOffset)
    this.#writeHeader(isComplete && this.ok ? 0 : DUMP_DH_COMPRESSED_INCOMPLETE)
  }

  get #subHeaderBlocks(): number {
    return Math.ceil((kdump_sub_header.size + this.#facts.notes.length) / this.#facts.pageSize)
  }

  /** Blocks of both bitmaps. */
  get #bitmapBlocks(): number {
    return Math.ceil(Math.ceil(this.#facts.pfnEnd / 8) / this.#facts.pageSize) * 2
  }

  /** A descriptor whose data was not written must read as "page lost". */
  #forgetLost(dataEnd: number): void {
    const { littleEndian } = this.#facts
    for (let i = 0; i < this.#descUsed; i++) {
      const desc = page_desc.read(this.#descView, i * page_desc.size, { littleEndian })
      if (desc.offset + desc.size <= dataEnd) continue
      this.#descs.fill(0, i * page_desc.size, (i + 1) * page_desc.size)
      this.lostPages++
    }
  }

  #writeHeader(incompleteFlag: number): void {
    const { pageSize, pfnEnd, utsname, timestamp, codec, cpuCount, littleEndian } = this.#facts
    const block = new Uint8Array(pageSize)
    const header = {
      signature: KDUMP_SIGNATURE,
      header_version: HEADER_VERSION,
      sysname: '',
      nodename: '',
      release: '',
      version: '',
      machine: '',
      domainname: '',
      timestamp_sec: BigInt(timestamp),
      timestamp_usec: 0n,
      status: (codec === undefined ? 0 : CODEC_FLAG[codec]) | incompleteFlag,
      block_size: pageSize,
      sub_hdr_size: this.#subHeaderBlocks,
      bitmap_blocks: this.#bitmapBlocks,
      max_mapnr: Math.min(pfnEnd, 0xffff_ffff),
      total_ram_blocks: 0,
      device_blocks: 0,
      written_blocks: 0,
      current_cpu: 0,
      nr_cpus: cpuCount,
    }
    disk_dump_header.write(new DataView(block.buffer), 0, header, { littleEndian })
    block.set(utsname.subarray(0, UTSNAME_SIZE), disk_dump_header.offset.sysname)
    this.#write(0, block)
  }

  #writeSubHeader(): void {
    const { pageSize, notes, pfnEnd, littleEndian, physBase, dumpLevel } = this.#facts
    const { vmcoreinfoOffset, vmcoreinfoSize } = this.#facts
    const block = new Uint8Array(this.#subHeaderBlocks * pageSize)
    const noteOffset = pageSize + kdump_sub_header.size
    const header = {
      phys_base: BigInt.asUintN(64, BigInt(physBase)),
      dump_level: dumpLevel,
      split: 0,
      start_pfn: 0n,
      end_pfn: 0n,
      offset_vmcoreinfo: vmcoreinfoSize > 0 ? noteOffset + vmcoreinfoOffset : 0,
      size_vmcoreinfo: vmcoreinfoSize,
      offset_note: notes.length > 0 ? noteOffset : 0,
      size_note: notes.length,
      offset_eraseinfo: 0,
      size_eraseinfo: 0,
      start_pfn_64: 0,
      end_pfn_64: 0,
      max_mapnr_64: pfnEnd,
    }
    kdump_sub_header.write(new DataView(block.buffer), 0, header, { littleEndian })
    block.set(notes, kdump_sub_header.size)
    this.#write(pageSize, block)
  }

  #write(offset: number, bytes: Uint8Array): void {
    this.#output.write(offset, bytes)
  }
}

/** Fill a piece of a bitmap, whose first bit is frame `firstPfn`, from runs of frames. */
function fillFromRuns(part: Uint8Array, firstPfn: number, runs: readonly PfnRun[]): void {
  part.fill(0)
  const endPfn = firstPfn + part.length * 8
  for (const run of runs) {
    if (run.start >= endPfn) break
    if (run.end > firstPfn)
      setRange(part, Math.max(run.start, firstPfn) - firstPfn, Math.min(run.end, endPfn) - firstPfn)
  }
}
