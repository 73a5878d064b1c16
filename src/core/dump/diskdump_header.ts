// The two headers of a kdump-compressed file as one, whatever its version, byte order and width of `long`.
// Source: makedumpfile IMPLEMENTATION and diskdump_mod.h.
import { toSafeNumber } from '../base/addr.ts'
import { FormatError } from '../base/errors.ts'
import type { StructValue } from '../base/struct.ts'
import { readExact, type Source } from '../io/source.ts'
import {
  disk_dump_header,
  disk_dump_header_32,
  HEADER_VERSION,
  kdump_sub_header,
  kdump_sub_header_arm,
  kdump_sub_header_i386,
  SUB_HEADER_GROWTH,
} from './diskdump_layout.ts'
import type { DumpUtsname } from './dump_format.ts'

/** 2^36 pages of 4 KiB are 256 TiB: a bitmap of 8 GiB. What claims more is lying. */
const PFN_LIMIT = 2 ** 36
/** Versions grow by appending to the sub header, so that a newer one reads as what is known of it. */
const VERSION_MAX = 0xff
const SUB_HEADER_BLOCKS_MAX = 0x10_0000

/** Bytes of the file. */
export interface FileRange {
  readonly offset: number
  readonly size: number
}

/** What the headers say. */
export interface DiskdumpHeader {
  readonly version: number
  readonly bits: 32 | 64
  readonly littleEndian: boolean
  readonly pageSize: number
  /** One past the highest page frame. */
  readonly pfnEnd: number
  /** DUMP_DH_… bits. */
  readonly status: number
  readonly utsname: DumpUtsname
  /** Seconds since 1970, 0 if unknown. */
  readonly timestamp: number
  /** Undefined beyond 2^53. */
  readonly physBase: number | undefined
  /** Undefined before version 1. */
  readonly dumpLevel: number | undefined
  /** The frames this part of a split dump holds; undefined if the file is the whole dump. */
  readonly split: { readonly start: number; readonly end: number } | undefined
  /** Size 0 before version 3. */
  readonly vmcoreinfo: FileRange
  /** Size 0 before version 4. */
  readonly notes: FileRange
  /** Size 0 before version 5. */
  readonly eraseinfo: FileRange
  /** Bitmap 2 follows bitmap 1. */
  readonly bitmapOffset: number
  /** Bytes of one bitmap. */
  readonly bitmapSize: number
  readonly descOffset: number
}

/**
 * Read and check the headers.
 *
 * @throws {FormatError} if they leave the file or contradict themselves
 */
export function readDiskdumpHeader(source: Source): DiskdumpHeader {
  const main = readMainHeader(source)
  const { header, littleEndian, bits } = main
  const { layout, value: sub } = readSubHeader(source, main)
  const pageSize = header.block_size
  // A 32-bit machine's page frames need no wider member.
  const isWide = header.header_version >= 6 && bits === 64
  const pfnEnd = isWide ? sub.max_mapnr_64 : header.max_mapnr
  const bitmapOffset = (1 + header.sub_hdr_size) * pageSize
  const bitmapSize = (header.bitmap_blocks * pageSize) / 2
  if (pfnEnd > PFN_LIMIT || Math.ceil(pfnEnd / 8) > bitmapSize) {
    const at = isWide ? pageSize + layout.offset.max_mapnr_64 : main.layout.offset.max_mapnr
    const what = `max_mapnr 0x${pfnEnd.toString(16)} does not fit ${bitmapSize} bitmap bytes`
    throw new FormatError(source.name, at, what)
  }
  const start = isWide ? sub.start_pfn_64 : Number(sub.start_pfn)
  const end = isWide ? sub.end_pfn_64 : Number(sub.end_pfn)
  if (sub.split !== 0 && !(start <= end && end <= pfnEnd)) {
    const at = pageSize + (isWide ? layout.offset.start_pfn_64 : layout.offset.start_pfn)
    const what = `part of frames 0x${start.toString(16)}-0x${end.toString(16)} of 0x${pfnEnd.toString(16)}`
    throw new FormatError(source.name, at, what)
  }
  return {
    version: header.header_version,
    bits,
    littleEndian,
    pageSize,
    pfnEnd,
    status: header.status,
    utsname: header,
    timestamp: toSafeNumber(BigInt(header.timestamp_sec)) ?? 0,
    physBase: physBase(sub.phys_base),
    dumpLevel: header.header_version >= 1 ? sub.dump_level : undefined,
    split: sub.split === 0 ? undefined : { start, end },
    vmcoreinfo: { offset: sub.offset_vmcoreinfo, size: sub.size_vmcoreinfo },
    notes: { offset: sub.offset_note, size: sub.size_note },
    eraseinfo: { offset: sub.offset_eraseinfo, size: sub.size_eraseinfo },
    bitmapOffset,
    bitmapSize,
    descOffset: bitmapOffset + 2 * bitmapSize,
  }
}

/** Signed on 64-bit machines; where `long` has 32 bits RAM may begin at 2 GiB. */
function physBase(value: bigint | number): number | undefined {
  return typeof value === 'number' ? value : toSafeNumber(BigInt.asIntN(64, value))
}

type MainLayout = typeof disk_dump_header | typeof disk_dump_header_32

interface MainHeader {
  readonly layout: MainLayout
  readonly bits: 32 | 64
  readonly littleEndian: boolean
  readonly header: StructValue<typeof disk_dump_header> | StructValue<typeof disk_dump_header_32>
}

const SHAPES = [
  { layout: disk_dump_header, bits: 64, littleEndian: true },
  { layout: disk_dump_header, bits: 64, littleEndian: false },
  { layout: disk_dump_header_32, bits: 32, littleEndian: true },
  { layout: disk_dump_header_32, bits: 32, littleEndian: false },
] as const

/** Nothing in the file says how wide and in which order its numbers are, but that they make sense. */
function readMainHeader(source: Source): MainHeader {
  const bytes = readExact(source, 0, disk_dump_header.size, 'kdump-compressed header')
  const view = new DataView(bytes.buffer)
  const possible = SHAPES.filter(({ layout, littleEndian }) =>
    isPageSize(view.getInt32(layout.offset.block_size, littleEndian)),
  )
  // 65536 page frames, a 32-bit machine of 256 MiB, look like a block size too; no sub header follows then.
  const shape =
    possible.find(({ layout, littleEndian }) =>
      isSubHeaderSize(view.getInt32(layout.offset.sub_hdr_size, littleEndian)),
    ) ?? possible[0]
  if (!shape) {
    const at = disk_dump_header.offset.block_size
    const what = `block_size is ${view.getInt32(at, true)}, expected a page size`
    throw new FormatError(source.name, at, what)
  }
  const { layout, bits, littleEndian } = shape
  const header = layout.read(view, 0, { littleEndian })
  if (header.header_version < 0 || header.header_version > VERSION_MAX) {
    const what = `header_version is ${header.header_version}, expected 0 to ${HEADER_VERSION}`
    throw new FormatError(source.name, layout.offset.header_version, what)
  }
  if (!isSubHeaderSize(header.sub_hdr_size)) {
    const what = `sub_hdr_size is ${header.sub_hdr_size}`
    throw new FormatError(source.name, layout.offset.sub_hdr_size, what)
  }
  return { layout, bits, littleEndian, header }
}

const isPageSize = (size: number): boolean =>
  size >= 4096 && size <= 65536 && (size & (size - 1)) === 0

const isSubHeaderSize = (blocks: number): boolean => blocks >= 1 && blocks <= SUB_HEADER_BLOCKS_MAX

/** Both 32-bit layouts are of one type. */
type SubLayout = typeof kdump_sub_header | typeof kdump_sub_header_arm

interface SubHeader {
  readonly layout: SubLayout
  readonly value: StructValue<typeof kdump_sub_header> | StructValue<typeof kdump_sub_header_arm>
}

function readSubHeader(source: Source, main: MainHeader): SubHeader {
  const at = main.header.block_size
  const bytes = readExact(source, at, kdump_sub_header.size, 'kdump sub header')
  const layouts =
    main.bits === 64 ? [kdump_sub_header] : [kdump_sub_header_i386, kdump_sub_header_arm]
  const readings: SubHeader[] = []
  let problem: unknown
  for (const layout of layouts) {
    try {
      readings.push({ layout, value: parseSubHeader(bytes, layout, main) })
    } catch (cause) {
      problem ??= cause
    }
  }
  const found = readings.find(({ value }) => isLikely(source, main, value)) ?? readings[0]
  if (found) return found
  const what = 'sub header: an offset or size exceeds 2^53'
  throw new FormatError(source.name, at, what, { cause: problem })
}

function parseSubHeader(
  bytes: Uint8Array,
  layout: SubLayout,
  { header, littleEndian }: MainHeader,
): SubHeader['value'] {
  const own = bytes.slice()
  const next = SUB_HEADER_GROWTH[header.header_version + 1]
  // Members newer than the header's version are whatever follows in the file: read them as 0.
  own.fill(0, next === undefined ? layout.size : layout.offset[next])
  return layout.read(new DataView(own.buffer), 0, { littleEndian })
}

/** Read with the wrong alignment, halves of two members make one: no offset or no size of anything. */
function isLikely(source: Source, { header }: MainHeader, sub: SubHeader['value']): boolean {
  if (header.header_version >= 6) return sub.max_mapnr_64 === header.max_mapnr
  const isInside = (offset: number, size: number): boolean =>
    offset + size <= source.size && (size === 0 || offset > header.block_size)
  return (
    isInside(sub.offset_vmcoreinfo, sub.size_vmcoreinfo) && isInside(sub.offset_note, sub.size_note)
  )
}
