// Looks at every page descriptor of a kdump-compressed file once: which codecs, what is shared, what is lost.
// Source: makedumpfile IMPLEMENTATION, diskdump_mod.h.
import type { BitRank } from '../base/bits.ts'
import type { CodecName } from '../codec/codec.ts'
import { DUMP_DH_COMPRESSED_INCOMPLETE, page_desc } from './diskdump_layout.ts'
import type { DiskdumpFile } from './diskdump_parts.ts'
import type { CodecUse, DumpDescription, PageStorage } from './dump_description.ts'
import { readEraseinfo } from './eraseinfo.ts'
import { OffsetSet } from './offset_set.ts'

/** Descriptors read at once. */
const BLOCK_DESCS = 16_384
/** Up to here what is shared is counted: a set of 128 MiB. */
const SHARING_DESCS_MAX = 2 ** 22
/** Shared pages looked at to find the one of zeros, which makedumpfile, QEMU and kbox write first of all. */
const ZERO_TRIES = 64
const CODEC_BITS = 0x3f

/** The codec that page_desc.flags stand for; undefined for raw. */
type CodecOfFlags = (flags: number) => CodecName | undefined

/**
 * Describe a dump by its headers and page descriptors; some 60 ns for each of these.
 *
 * @param files at least one, in the order of their frames
 * @param dumped bit of each frame that has a descriptor
 */
export function describeDiskdump(
  files: readonly DiskdumpFile[],
  dumped: BitRank,
  codecOf: CodecOfFlags,
): DumpDescription {
  const [{ source, header }] = files as [DiskdumpFile]
  const survey = new Survey(codecOf)
  for (const file of files) {
    const count = file.start < file.end ? dumped.rank(file.end) - dumped.rank(file.start) : 0
    survey.addFile(file, count)
  }
  return {
    headerVersion: header.version,
    bits: header.bits,
    isMarkedIncomplete: files.some(
      (file) => (file.header.status & DUMP_DH_COMPRESSED_INCOMPLETE) !== 0,
    ),
    // What has a descriptor, but no good one in the files given, is lost.
    storage: survey.result(dumped.total),
    parts: files.flatMap((file) => file.header.split ?? []),
    eraseinfo: readEraseinfo(source, header.eraseinfo),
  }
}

/** Totals of one value of page_desc.flags. */
interface FlagsUse {
  pages: number
  bytes: number
}

class Survey {
  readonly #codecOf: CodecOfFlags
  readonly #uses: readonly FlagsUse[] = Array.from({ length: CODEC_BITS + 1 }, () => ({
    pages: 0,
    bytes: 0,
  }))
  #good = 0
  #zeroPages = 0
  #sharedPages = 0
  #isSharingCounted = true
  #isInFrameOrder = true
  // Of the file at hand.
  #file: DiskdumpFile | undefined
  #offsets: OffsetSet | undefined
  #zeroOffset = 0
  #zeroTries = 0
  #firstOffset = Infinity
  #lastOffset = 0
  /** Has data been met that lies before all that was met until then? */
  #isFirstSeen = false

  constructor(codecOf: CodecOfFlags) {
    this.#codecOf = codecOf
  }

  addFile(file: DiskdumpFile, count: number): void {
    this.#file = file
    this.#offsets = count <= SHARING_DESCS_MAX ? new OffsetSet(count) : undefined
    if (!this.#offsets) this.#isSharingCounted = false
    this.#zeroOffset = 0
    this.#zeroTries = 0
    this.#firstOffset = Infinity
    this.#lastOffset = 0
    this.#isFirstSeen = false
    const { source, header } = file
    const buffer = new Uint8Array(Math.min(count, BLOCK_DESCS) * page_desc.size)
    for (let first = 0; first < count; first += BLOCK_DESCS) {
      const wanted = Math.min(count - first, BLOCK_DESCS) * page_desc.size
      const at = header.descOffset + first * page_desc.size
      const got = source.read(at, buffer.subarray(0, wanted))
      this.#addBlock(buffer, Math.floor(got / page_desc.size), file)
      // The rest of the table is not there either.
      if (got < wanted) break
    }
  }

  /** @param count frames that should be there */
  result(count: number): PageStorage {
    const isCounted = this.#isSharingCounted
    return {
      codecs: this.#codecs(),
      zeroPages: isCounted ? this.#zeroPages : undefined,
      sharedPages: isCounted ? this.#sharedPages : undefined,
      lostPages: count - this.#good,
      isInFrameOrder: this.#isInFrameOrder,
    }
  }

  #addBlock(bytes: Uint8Array, count: number, { source, header }: DiskdumpFile): void {
    const { littleEndian } = header
    const view = new DataView(bytes.buffer)
    const low = littleEndian ? 0 : 4
    for (let i = 0, at = 0; i < count; i++, at += page_desc.size) {
      const offset =
        view.getUint32(at + (4 - low), littleEndian) * 0x1_0000_0000 +
        view.getUint32(at + low, littleEndian)
      const size = view.getUint32(at + page_desc.offset.size, littleEndian)
      if (offset === 0 || offset + size > source.size) continue
      const flags = view.getUint32(at + page_desc.offset.flags, littleEndian)
      this.#addPage(offset, size, flags & CODEC_BITS)
    }
  }

  #addPage(offset: number, size: number, flags: number): void {
    const use = this.#uses[flags] as FlagsUse
    this.#good++
    use.pages++
    if (this.#offsets && !this.#offsets.add(offset)) {
      if (offset === this.#zeroOffset) this.#zeroPages++
      else this.#addShared(offset, size, flags)
      return
    }
    use.bytes += size
    this.#noteOrder(offset)
  }

  /** The page of zeros is stored first of all, whichever frame is the first to share it. */
  #noteOrder(offset: number): void {
    const isFirstOfAll = offset < this.#firstOffset
    if (isFirstOfAll) this.#firstOffset = offset
    if (offset >= this.#lastOffset) this.#lastOffset = offset
    else if (!isFirstOfAll || this.#isFirstSeen) this.#isInFrameOrder = false
    else this.#isFirstSeen = true
  }

  #addShared(offset: number, size: number, flags: number): void {
    if (flags === 0 && this.#isZeroPage(offset, size)) {
      this.#zeroOffset = offset
      // The one that shares, and the one it shares with.
      this.#zeroPages += 2
    } else this.#sharedPages++
  }

  #isZeroPage(offset: number, size: number): boolean {
    if (this.#zeroOffset !== 0 || this.#zeroTries >= ZERO_TRIES) return false
    if (size !== this.#file?.header.pageSize) return false
    this.#zeroTries++
    const page = new Uint8Array(size)
    return this.#file.source.read(offset, page) === size && page.every((byte) => byte === 0)
  }

  #codecs(): CodecUse[] {
    const byName = new Map<CodecUse['codec'], FlagsUse>()
    this.#uses.forEach(({ pages, bytes }, flags) => {
      if (pages === 0) return
      const name = this.#codecOf(flags) ?? 'raw'
      const known = byName.get(name) ?? { pages: 0, bytes: 0 }
      byName.set(name, { pages: known.pages + pages, bytes: known.bytes + bytes })
    })
    return Array.from(byName, ([codec, use]) => ({ codec, ...use })).sort(
      (a, b) => b.pages - a.pages,
    )
  }
}
