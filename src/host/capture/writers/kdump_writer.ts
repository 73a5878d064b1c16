// Writes kdump-compressed version 6: header | sub header and notes | two bitmaps | page descriptors | page data.
// Source: makedumpfile IMPLEMENTATION, diskdump_mod.h. The tables come first in the file, so a file that was cut
// still says which pages it should have; the header says "incomplete" until the last byte is written.
import { DUMP_DH_COMPRESSED_INCOMPLETE, page_desc } from '../../../core/dump/diskdump_layout.ts'
import type { PfnRun } from '../../../core/dump/dump_format.ts'
import type { DumpOutput } from '../../platform/dump_output.ts'
import { BLOCK_BYTES, BLOCK_PFNS, type FrameBlocks, setRuns } from '../frame_blocks.ts'
import { COMPRESSED, LOST, type PackedPages, RAW, SAME, type StoredPages } from '../packed_pages.ts'
import type { DumpWriter, PageCounts, PageJob } from './dump_writer.ts'
import {
  CODEC_FLAG,
  countHeaderBytes,
  encodeHeader,
  encodeSubHeader,
  type KdumpFacts,
  type KdumpLayout,
  kdumpLayout,
} from './kdump_header.ts'

/** Descriptors that wait to be written: what a crash of the recorder would lose. */
const DESC_LIMIT = 4096
const ZERO_CHUNK = 256 * 1024

/** Which frames a file of several holds, and the numbers of their descriptors. */
export interface KdumpPart {
  readonly pfns: PfnRun
  readonly indexes: PfnRun
}

/** What a kdump-compressed file is to hold. */
export interface KdumpContent {
  readonly facts: KdumpFacts
  /** Frames that are RAM. */
  readonly existing: readonly PfnRun[]
  readonly dumped: FrameBlocks
  /** Is bitmap 2 in the file already? */
  readonly hasBitmap?: boolean
  /** Let pages of zeros share one stored page. */
  readonly shareZeros: boolean
  /** undefined where one file holds all. */
  readonly part?: KdumpPart
}

/** Descriptors that follow one another in the table, waiting to be written. */
interface DescRun {
  readonly firstIndex: number
  count: number
}

/** One kdump-compressed file in the making. */
export class KdumpWriter implements DumpWriter {
  readonly indexEnd: number
  writtenBytes: number
  lostPages = 0
  readonly #output: DumpOutput
  readonly #content: KdumpContent
  readonly #layout: KdumpLayout
  readonly #firstIndex: number
  readonly #codecFlag: number
  /** File offset of the end of page data. */
  #dataEnd: number
  #zeroOffset = 0
  readonly #descs = new Uint8Array(DESC_LIMIT * page_desc.size)
  readonly #descView = new DataView(this.#descs.buffer)
  #descRuns: DescRun[] = []
  #descUsed = 0
  #descNext = -1

  constructor(output: DumpOutput, content: KdumpContent) {
    const { facts, dumped, part } = content
    this.#output = output
    this.#content = content
    this.#layout = kdumpLayout(facts)
    this.#firstIndex = part?.indexes.start ?? 0
    this.indexEnd = part?.indexes.end ?? dumped.total
    this.#codecFlag = facts.codec === undefined ? 0 : CODEC_FLAG[facts.codec]
    // A part has room for the descriptors of all: readers look for data behind that.
    this.#dataEnd = this.#layout.descs + dumped.total * page_desc.size
    this.writtenBytes = countHeaderBytes(facts, this.indexEnd - this.#firstIndex)
  }

  get ok(): boolean {
    return this.#output.problem === undefined
  }

  drain(): Promise<void> | undefined {
    return this.#output.drain?.()
  }

  get fileSize(): number {
    return this.#dataEnd
  }

  /** Write all that precedes page data; descriptors read as "page lost" until they are known. */
  async begin(): Promise<void> {
    const { facts, shareZeros } = this.#content
    this.#writeHeaders(DUMP_DH_COMPRESSED_INCOMPLETE, 0)
    await this.#writeBitmaps()
    // Written out, so that a full disk shows now and not when the first page is there without its descriptor.
    const zeros = new Uint8Array(ZERO_CHUNK)
    for (let at = this.#layout.descs; at < this.#dataEnd; at += zeros.length) {
      this.#output.write(at, zeros.subarray(0, Math.min(zeros.length, this.#dataEnd - at)))
      await this.drain()
    }
    // It is the first data of the file, as makedumpfile has it.
    if (shareZeros) this.#zeroOffset = this.#addData(zeros.subarray(0, facts.pageSize))
  }

  write(
    { indexes, count }: PageJob,
    { kinds, sizes, slots, data, used }: PackedPages,
    stored: StoredPages,
    counts: PageCounts,
  ): void {
    const { pageSize } = this.#content.facts
    let offset = this.#addData(data.subarray(0, used))
    for (let i = 0; i < count; i++) {
      const index = indexes[i] as number
      const kind = kinds[i] as number
      const slot = slots[i] as number
      if (kind === RAW || kind === COMPRESSED) {
        const size = sizes[i] as number
        const flags = kind === COMPRESSED ? this.#codecFlag : 0
        this.#describe(index, offset, size, flags)
        if (slot >= 0) stored.set(slot, offset, size, flags)
        offset += size
        counts.copied++
      } else if (kind === SAME) {
        const place = stored.offsetOf(slot)
        this.#describe(index, place, stored.sizeOf(slot), stored.flagsOf(slot))
        counts.repeated++
      } else if (kind === LOST) counts.unreadable++
      else {
        this.#describe(index, this.#zeroOffset, pageSize, 0)
        counts.zero++
      }
    }
  }

  async finish(isComplete: boolean): Promise<void> {
    this.#flushDescs()
    await this.drain()
    const eraseInfoOffset = this.#addData(this.#content.facts.eraseInfo)
    if (!this.ok) this.#output.truncate(this.#dataEnd)
    this.#writeHeaders(isComplete && this.ok ? 0 : DUMP_DH_COMPRESSED_INCOMPLETE, eraseInfoOffset)
  }

  /** Append page data; returns where it lies. What the output does not take is not there. */
  #addData(bytes: Uint8Array): number {
    const offset = this.#dataEnd
    if (bytes.length > 0 && this.ok) this.#dataEnd += this.#output.write(offset, bytes)
    this.writtenBytes += bytes.length
    return offset
  }

  /** Note where the page with descriptor `index` lies. One whose data was not taken must read as "page lost". */
  #describe(index: number, offset: number, size: number, flags: number): void {
    if (offset + size > this.#dataEnd) {
      this.lostPages++
      return
    }
    if (this.#descUsed >= DESC_LIMIT) this.#flushDescs()
    const last = this.#descRuns.at(-1)
    if (last && index === this.#descNext) last.count++
    else this.#descRuns.push({ firstIndex: index, count: 1 })
    this.#descNext = index + 1
    const at = this.#descUsed++ * page_desc.size
    const { littleEndian } = this.#content.facts
    const low = offset % 2 ** 32
    const high = (offset - low) / 2 ** 32
    this.#descView.setUint32(at, littleEndian ? low : high, littleEndian)
    this.#descView.setUint32(at + 4, littleEndian ? high : low, littleEndian)
    this.#descView.setUint32(at + page_desc.offset.size, size, littleEndian)
    this.#descView.setUint32(at + page_desc.offset.flags, flags, littleEndian)
  }

  #flushDescs(): void {
    let used = 0
    for (const { firstIndex, count } of this.#descRuns) {
      const bytes = this.#descs.subarray(used * page_desc.size, (used + count) * page_desc.size)
      const at = this.#layout.descs + (firstIndex - this.#firstIndex) * page_desc.size
      this.#output.write(at, bytes)
      used += count
    }
    this.#descRuns = []
    this.#descUsed = 0
    this.#descNext = -1
  }

  #writeHeaders(status: number, eraseInfoOffset: number): void {
    const { facts, part } = this.#content
    this.#output.write(0, encodeHeader(facts, this.#layout, status))
    const sub = encodeSubHeader(facts, this.#layout, part?.pfns, eraseInfoOffset)
    this.#output.write(facts.pageSize, sub)
  }

  async #writeBitmaps(): Promise<void> {
    const { existing, dumped, hasBitmap } = this.#content
    const { bitmap1, bitmap2, descs } = this.#layout
    const block = new Uint8Array(BLOCK_BYTES)
    for (let at = 0; at < bitmap2 - bitmap1; at += block.length) {
      const size = Math.min(block.length, bitmap2 - bitmap1 - at)
      setRuns(block, at * 8, existing)
      this.#output.write(bitmap1 + at, block.subarray(0, size))
      await this.drain()
    }
    if (hasBitmap) return
    for (let at = 0; at < descs - bitmap2; at += block.length) {
      const size = Math.min(block.length, descs - bitmap2 - at)
      dumped.load(block, (at / BLOCK_BYTES) * BLOCK_PFNS)
      this.#output.write(bitmap2 + at, block.subarray(0, size))
      await this.drain()
    }
  }
}
