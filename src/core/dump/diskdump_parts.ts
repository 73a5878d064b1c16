// The files of one kdump-compressed dump: one, or those of makedumpfile --split, each with all headers and bitmaps but
// only the pages of its own frames.
import { FormatError, UsageError } from '../base/errors.ts'
import { testBit } from '../base/bits.ts'
import { readExact, type Source } from '../io/source.ts'
import { type DiskdumpHeader, readDiskdumpHeader } from './diskdump_header.ts'

/** Some 2,000 symbols of a newest kernel are 60 KB. */
const VMCOREINFO_SIZE_MAX = 16 * 1024 * 1024

/** One file of a dump. */
export interface DiskdumpFile {
  readonly source: Source
  readonly header: DiskdumpHeader
  /** The frames whose pages it holds, `[start, end)`. */
  readonly start: number
  readonly end: number
  /** Bit of each frame that exists. */
  readonly exists: Uint8Array
  /** Bit of each frame that has a descriptor, here or in another part. */
  readonly dumped: Uint8Array
  readonly vmcoreinfo: Uint8Array | undefined
}

/** Read what stands before the page descriptors. @throws {FormatError} if it leaves the file */
export function readDiskdumpFile(source: Source): DiskdumpFile {
  const header = readDiskdumpHeader(source)
  const { pfnEnd, bitmapOffset, bitmapSize, split } = header
  const wanted = Math.ceil(pfnEnd / 8)
  const exists = readExact(source, bitmapOffset, wanted, 'bitmap 1')
  const dumped = readExact(source, bitmapOffset + bitmapSize, wanted, 'bitmap 2')
  clearFrom(exists, pfnEnd)
  clearFrom(dumped, pfnEnd)
  const { start, end } = split ?? { start: 0, end: pfnEnd }
  return { source, header, start, end, exists, dumped, vmcoreinfo: readVmcoreinfo(source, header) }
}

/**
 * Put parts in the order of their frames.
 *
 * @throws {UsageError} naming the file that is whole, of another dump, or holds what another holds
 */
export function orderParts(files: readonly DiskdumpFile[]): DiskdumpFile[] {
  const [first] = files
  for (const file of files) {
    const { name } = file.source
    if (!file.header.split)
      throw new UsageError(`${name}: is a whole dump, no part of a split one: open it alone`)
    const difference = first && findDifference(first, file)
    if (difference !== undefined) {
      const what = `${name}: is no part of the dump that ${first?.source.name} is of`
      throw new UsageError(`${what}: its ${difference} differs`)
    }
  }
  const ordered = files
    .filter(({ start, end }) => start < end)
    .sort((a, b) => a.start - b.start || a.end - b.end)
  for (const [index, file] of ordered.entries()) {
    const before = ordered[index - 1]
    if (before && file.start < before.end) {
      const what = `${file.source.name}: holds page frame 0x${file.start.toString(16)}`
      throw new UsageError(`${what} as ${before.source.name} does: give each part once`)
    }
  }
  // makedumpfile leaves parts empty when there is little to split.
  return ordered.length > 0 ? ordered : files.slice(0, 1)
}

/** Find the dumped frames that no file holds: runs, ascending; those without a dumped frame are left out. */
export function findMissing(
  ordered: readonly DiskdumpFile[],
): { readonly start: number; readonly end: number }[] {
  const [first] = ordered
  if (!first) return []
  const { pfnEnd } = first.header
  let covered = 0
  const missing: { start: number; end: number }[] = []
  for (const { start, end } of [...ordered, { start: pfnEnd, end: pfnEnd }]) {
    if (hasBit(first.dumped, covered, start)) missing.push({ start: covered, end: start })
    covered = Math.max(covered, end)
  }
  return missing
}

/** The parts of one dump repeat its headers, VMCOREINFO and bitmaps. */
function findDifference(a: DiskdumpFile, b: DiskdumpFile): string | undefined {
  if (a.header.pageSize !== b.header.pageSize) return 'block size'
  if (a.header.pfnEnd !== b.header.pfnEnd) return 'number of page frames'
  if (a.header.utsname.release !== b.header.utsname.release) return 'kernel release'
  if (!isSame(a.vmcoreinfo ?? new Uint8Array(), b.vmcoreinfo ?? new Uint8Array()))
    return 'VMCOREINFO'
  return isSame(a.exists, b.exists) && isSame(a.dumped, b.dumped) ? undefined : 'bitmap'
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, at) => byte === b[at])
}

/** Whole bytes are looked at where there are: the part that is missing may be of terabytes. */
function hasBit(bitmap: Uint8Array, start: number, end: number): boolean {
  const firstByte = Math.ceil(start / 8)
  const endByte = Math.floor(end / 8)
  for (let pfn = start; pfn < Math.min(end, firstByte * 8); pfn++)
    if (testBit(bitmap, pfn)) return true
  for (let at = firstByte; at < endByte; at++) if (bitmap[at] !== 0) return true
  for (let pfn = Math.max(start, endByte * 8); pfn < end; pfn++)
    if (testBit(bitmap, pfn)) return true
  return false
}

/** Bits of the last byte beyond the last page frame are nobody's. */
function clearFrom(bitmap: Uint8Array, pfnEnd: number): void {
  if (pfnEnd % 8 === 0) return
  const last = bitmap.length - 1
  bitmap[last] = (bitmap[last] as number) & ((1 << (pfnEnd % 8)) - 1)
}

function readVmcoreinfo(source: Source, { vmcoreinfo }: DiskdumpHeader): Uint8Array | undefined {
  const { offset, size } = vmcoreinfo
  if (size === 0) return undefined
  if (size > VMCOREINFO_SIZE_MAX)
    throw new FormatError(source.name, offset, `VMCOREINFO of ${size} bytes`)
  return readExact(source, offset, size, 'VMCOREINFO')
}
