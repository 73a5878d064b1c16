// Reads what a loader needs of a PE file (an EFI program): its sections and whether it carries a signature.
// Source: Microsoft's PE format, "COFF File Header", "Optional Header", "Section Table", "The Attribute Certificate Table".
import { FormatError } from '../../../../core/base/errors.ts'
import { Reader } from '../../../../core/base/reader.ts'
import { decodeCString } from '../../../../core/base/text.ts'
import { readExact, type Source } from '../../../../core/io/source.ts'

/** A named part of a PE file. */
export interface PeSection {
  /** Such as `.linux`, at most eight characters. */
  readonly name: string
  /** File offset in bytes. */
  readonly offset: number
  readonly sizeBytes: number
}

/** A PE file, as far as we look into it. */
export interface PeFile {
  readonly sections: readonly PeSection[]
  /** The attribute certificates: signatures as Secure Boot wants them. Size 0 where there are none. */
  readonly certificates: { readonly offset: number; readonly sizeBytes: number }
}

const PE_OFFSET = 0x3c
const COFF_SIZE = 20
const SECTION_SIZE = 40
/** The format's own limit. */
const SECTIONS_MAX = 96
const PE32 = 0x10b
const PE32_PLUS = 0x20b
/** Index of the certificate table among the data directories. */
const CERTIFICATES = 4

/**
 * Parse a PE file's headers; undefined when it is none.
 *
 * @throws {FormatError} if it begins as one and is cut off
 */
export function parsePe(source: Source): PeFile | undefined {
  if (source.size < 0x40) return undefined
  const dos = new Reader(source.name, readExact(source, 0, 0x40, 'DOS header'))
  if (dos.u16('DOS magic') !== 0x5a4d) return undefined
  dos.offset = PE_OFFSET
  const at = dos.u32('offset of the PE header')
  if (at + 4 + COFF_SIZE > source.size) return undefined
  const head = readExact(source, at, 4 + COFF_SIZE, 'PE header')
  if (decodeCString(head.subarray(0, 4)) !== 'PE') return undefined
  const coff = new Reader(source.name, head, { base: at, offset: 4 })
  coff.skip(2, 'machine')
  const count = coff.u16('number of sections')
  coff.skip(12, 'time stamp and symbols')
  const optionalSize = coff.u16('size of the optional header')
  if (count > SECTIONS_MAX)
    throw new FormatError(source.name, at, `PE header with ${count} sections`)
  const optionalAt = at + 4 + COFF_SIZE
  const optional = readExact(source, optionalAt, optionalSize, 'PE optional header')
  const table = readExact(source, optionalAt + optionalSize, count * SECTION_SIZE, 'PE sections')
  return {
    sections: parseSections(source, table, optionalAt + optionalSize),
    certificates: parseCertificates(source, optional, optionalAt),
  }
}

function parseSections(source: Source, table: Uint8Array, base: number): PeSection[] {
  const read = new Reader(source.name, table, { base })
  const sections: PeSection[] = []
  while (read.remaining > 0) {
    const name = decodeCString(read.take(8, 'section name'))
    const virtualSize = read.u32('section VirtualSize')
    read.skip(4, 'section VirtualAddress')
    const rawSize = read.u32('section SizeOfRawData')
    const offset = read.u32('section PointerToRawData')
    read.skip(16, 'section relocations and flags')
    // Raw data is padded to the file's alignment; what is past VirtualSize is padding.
    const sizeBytes = Math.min(virtualSize, rawSize)
    if (offset + sizeBytes > source.size)
      throw new FormatError(source.name, offset, `PE section ${name} ends past end of file`)
    sections.push({ name, offset, sizeBytes })
  }
  return sections
}

function parseCertificates(
  source: Source,
  optional: Uint8Array,
  base: number,
): PeFile['certificates'] {
  const none = { offset: 0, sizeBytes: 0 }
  if (optional.length < 2) return none
  const read = new Reader(source.name, optional, { base })
  const magic = read.u16('optional header magic')
  if (magic !== PE32 && magic !== PE32_PLUS) return none
  const directories = magic === PE32_PLUS ? 112 : 96
  const at = directories + CERTIFICATES * 8
  if (optional.length < at + 8) return none
  read.offset = directories - 4
  if (read.u32('NumberOfRvaAndSizes') <= CERTIFICATES) return none
  read.offset = at
  // Of all directories this one alone is a file offset.
  const offset = read.u32('certificate table offset')
  const sizeBytes = read.u32('certificate table size')
  if (offset + sizeBytes > source.size)
    throw new FormatError(source.name, offset, 'PE certificate table ends past end of file')
  return { offset, sizeBytes }
}
