// An ELF file's headers. Knows nothing of what the segments mean.
import { FormatError } from '../base/errors.ts'
import { readExact, type Source } from '../io/source.ts'
import { findElfClass, type ElfClass, type ElfHeader, type ElfProgramHeader } from './elf_class.ts'
import { EI_CLASS, EI_DATA, ELFDATA2LSB, ELFDATA2MSB, PN_XNUM } from './elf_layout.ts'

export type { ElfHeader, ElfProgramHeader } from './elf_class.ts'

/** A machine has thousands; a filtered dump of 1 TiB a million, as makedumpfile splits only at 256 missing pages. */
const PROGRAM_HEADER_LIMIT = 2_000_000
/** e_ident, which says how the rest is to be read. */
const IDENT_SIZE = 16

/** The headers of an ELF file. */
export interface ElfFile {
  readonly header: ElfHeader
  readonly bits: 32 | 64
  readonly littleEndian: boolean
  readonly programHeaders: readonly ElfProgramHeader[]
}

/** Does the file begin with the ELF magic? */
export function isElf(head: Uint8Array): boolean {
  return (
    head.length >= 4 && head[0] === 0x7f && head[1] === 0x45 && head[2] === 0x4c && head[3] === 0x46
  )
}

/**
 * Parse the header and all program headers, extended numbering (PN_XNUM) included.
 *
 * @returns headers of either class in the shape of ELF-64; offsets and sizes above 2^53 are not exact
 * @throws {FormatError} if a header leaves the file
 */
export function parseElfFile(source: Source): ElfFile {
  const ident = readExact(source, 0, IDENT_SIZE, 'ELF header')
  if (!isElf(ident)) throw new FormatError(source.name, 0, 'not an ELF file')
  const elfClass = getElfClass(source, ident)
  const littleEndian = parseByteOrder(source, ident)
  const header = readHeader(source, elfClass, littleEndian)
  const count = programHeaderCount(source, header, elfClass, littleEndian)
  const { phdrSize } = elfClass
  if (count > 0 && header.e_phentsize !== phdrSize) {
    throw new FormatError(
      source.name,
      elfClass.phentsizeAt,
      `e_phentsize is ${header.e_phentsize}, expected ${phdrSize}`,
    )
  }
  if (count > PROGRAM_HEADER_LIMIT) {
    throw new FormatError(
      source.name,
      header.e_shoff,
      `${count} ELF program headers are more than any machine's`,
    )
  }
  const what = `${count} ELF program headers`
  const table = readExact(source, header.e_phoff, count * phdrSize, what)
  const view = new DataView(table.buffer)
  const programHeaders: ElfProgramHeader[] = []
  for (let i = 0; i < count; i++)
    programHeaders.push(elfClass.readProgramHeader(view, i * phdrSize, { littleEndian }))
  return { header, bits: elfClass.bits, littleEndian, programHeaders }
}

function getElfClass(source: Source, ident: Uint8Array): ElfClass {
  const elfClass = findElfClass(ident[EI_CLASS])
  if (!elfClass) {
    const what = `ELF class is ${ident[EI_CLASS]}, expected 1 (32-bit) or 2 (64-bit)`
    throw new FormatError(source.name, EI_CLASS, what)
  }
  return elfClass
}

function parseByteOrder(source: Source, ident: Uint8Array): boolean {
  const data = ident[EI_DATA]
  if (data !== ELFDATA2LSB && data !== ELFDATA2MSB) {
    throw new FormatError(source.name, EI_DATA, `ELF data encoding is ${data}, expected 1 or 2`)
  }
  return data === ELFDATA2LSB
}

function readHeader(source: Source, elfClass: ElfClass, littleEndian: boolean): ElfHeader {
  const bytes = readExact(source, 0, elfClass.ehdrSize, 'ELF header')
  try {
    return elfClass.readHeader(new DataView(bytes.buffer), { littleEndian })
  } catch (cause) {
    const what = 'e_phoff or e_shoff exceeds 2^53'
    throw new FormatError(source.name, elfClass.phoffAt, what, { cause })
  }
}

function programHeaderCount(
  source: Source,
  header: ElfHeader,
  { shdrSize, infoAt }: ElfClass,
  littleEndian: boolean,
): number {
  if (header.e_phnum !== PN_XNUM || header.e_shoff === 0) return header.e_phnum
  const bytes = readExact(source, header.e_shoff, shdrSize, 'ELF section header 0 (PN_XNUM)')
  return new DataView(bytes.buffer).getUint32(infoAt, littleEndian)
}
