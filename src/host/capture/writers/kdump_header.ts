// What precedes page data in a kdump-compressed file of version 6: where each table lies, and the two headers.
// Source: makedumpfile IMPLEMENTATION, diskdump_mod.h.
import type { CodecName } from '../../../core/codec/codec.ts'
import {
  disk_dump_header,
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
  /** What was erased, as text; empty if nothing was. */
  readonly eraseInfo: Uint8Array
}

/** Offsets of the parts of a file, bytes. */
export interface KdumpLayout {
  readonly subHeaderBlocks: number
  /** Blocks of both bitmaps. */
  readonly bitmapBlocks: number
  /** Bitmap of frames that exist. */
  readonly bitmap1: number
  /** Bitmap of frames that are dumped. */
  readonly bitmap2: number
  readonly descs: number
}

/** Where everything but page data lies; known before a single page is. */
export function kdumpLayout({ pageSize, pfnEnd, notes }: KdumpFacts): KdumpLayout {
  const subHeaderBlocks = Math.ceil((kdump_sub_header.size + notes.length) / pageSize)
  const blocksEach = Math.ceil(Math.ceil(pfnEnd / 8) / pageSize)
  const bitmap1 = (1 + subHeaderBlocks) * pageSize
  return {
    subHeaderBlocks,
    bitmapBlocks: 2 * blocksEach,
    bitmap1,
    bitmap2: bitmap1 + blocksEach * pageSize,
    descs: bitmap1 + 2 * blocksEach * pageSize,
  }
}

const UTSNAME_SIZE = 6 * 65

/** Block 0. */
export function encodeHeader(facts: KdumpFacts, layout: KdumpLayout, status: number): Uint8Array {
  const { pageSize, pfnEnd, utsname, timestamp, codec, cpuCount, littleEndian } = facts
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
    status: (codec === undefined ? 0 : CODEC_FLAG[codec]) | status,
    block_size: pageSize,
    sub_hdr_size: layout.subHeaderBlocks,
    bitmap_blocks: layout.bitmapBlocks,
    max_mapnr: Math.min(pfnEnd, 0xffff_ffff),
    total_ram_blocks: 0,
    device_blocks: 0,
    written_blocks: 0,
    current_cpu: 0,
    nr_cpus: cpuCount,
  }
  disk_dump_header.write(new DataView(block.buffer), 0, header, { littleEndian })
  block.set(utsname.subarray(0, UTSNAME_SIZE), disk_dump_header.offset.sysname)
  return block
}

/**
 * The blocks behind it: sub header and notes.
 *
 * @param part frames of one file of several; undefined if there is one
 * @param eraseInfoOffset where the text of what was erased lies
 */
export function encodeSubHeader(
  facts: KdumpFacts,
  layout: KdumpLayout,
  part: PfnRun | undefined,
  eraseInfoOffset: number,
): Uint8Array {
  const { pageSize, notes, pfnEnd, littleEndian, physBase, dumpLevel, eraseInfo } = facts
  const { vmcoreinfoOffset, vmcoreinfoSize } = facts
  const block = new Uint8Array(layout.subHeaderBlocks * pageSize)
  const noteOffset = pageSize + kdump_sub_header.size
  const header = {
    phys_base: BigInt.asUintN(64, BigInt(physBase)),
    dump_level: dumpLevel,
    split: part ? 1 : 0,
    // Obsolete, and 32 bits to their first readers.
    start_pfn: BigInt(Math.min(part?.start ?? 0, 0xffff_ffff)),
    end_pfn: BigInt(Math.min(part?.end ?? 0, 0xffff_ffff)),
    offset_vmcoreinfo: vmcoreinfoSize > 0 ? noteOffset + vmcoreinfoOffset : 0,
    size_vmcoreinfo: vmcoreinfoSize,
    offset_note: notes.length > 0 ? noteOffset : 0,
    size_note: notes.length,
    offset_eraseinfo: eraseInfo.length > 0 ? eraseInfoOffset : 0,
    size_eraseinfo: eraseInfo.length,
    start_pfn_64: part?.start ?? 0,
    end_pfn_64: part?.end ?? 0,
    max_mapnr_64: pfnEnd,
  }
  kdump_sub_header.write(new DataView(block.buffer), 0, header, { littleEndian })
  block.set(notes, kdump_sub_header.size)
  return block
}

/** Bytes of everything but page data, holes and padding left out, as makedumpfile counts them. */
export function countHeaderBytes(facts: KdumpFacts, pageCount: number): number {
  return (
    disk_dump_header.size +
    kdump_sub_header.size +
    facts.notes.length +
    2 * Math.ceil(facts.pfnEnd / 8) +
    pageCount * page_desc.size
  )
}
