// An ELF-64 file's headers. Knows nothing of what the segments mean.
import { FormatError, UnsupportedError } from '../base/errors.ts'
import type { StructValue } from '../base/struct.ts'
import { readExact, type Source } from '../io/source.ts'
import {
  EI_CLASS,
  EI_DATA,
  ELFCLASS32,
  ELFCLASS64,
  ELFDATA2LSB,
  ELFDATA2MSB,
  elf64_ehdr,
  elf64_phdr,
  elf64_shdr,
  PN_XNUM,
} from './elf_layout.ts'

/** A machine has thousands; a filtered dump of 1 TiB a million, as makedumpfile splits only at 256 missing pages. */
const PROGRAM_HEADER_LIMIT = 2_000_000

/** The ELF header, decoded. */
export type ElfHeader = StructValue<typeof elf64_ehdr>
/** One program header, decoded. */
export type ElfProgramHeader = StructValue<typeof elf64_phdr>

/** The headers of an ELF file. */
export interface ElfFile {
  readonly header: ElfHeader
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
 * @throws {FormatError} if a header leaves the file
 * @throws {UnsupportedError} for ELF-32
 */
export function parseElfFile(source: Source): ElfFile {
  const head = readExact(source, 0, elf64_ehdr.size, 'ELF header')
  if (!isElf(head)) throw new FormatError(source.name, 0, 'not an ELF file')
  const littleEndian = parseIdent(source, head)
  const header = parseStruct(source, head, littleEndian)
  const count = programHeaderCount(source, header, littleEndian)
  if (count > 0 && header.e_phentsize !== elf64_phdr.size) {
    throw new FormatError(
      source.name,
      54,
      `e_phentsize is ${header.e_phentsize}, expected ${elf64_phdr.size}`,
    )
  }
  if (count > PROGRAM_HEADER_LIMIT) {
    throw new FormatError(
      source.name,
      header.e_shoff,
      `${count} ELF program headers are more than any machine's`,
    )
  }
  const table = readExact(
    source,
    header.e_phoff,
    count * elf64_phdr.size,
    `${count} ELF program headers`,
  )
  const view = new DataView(table.buffer)
  const programHeaders: ElfProgramHeader[] = []
  for (let i = 0; i < count; i++) {
    try {
      programHeaders.push(elf64_phdr.read(view, i * elf64_phdr.size, { littleEndian }))
    } catch (cause) {
      const at = header.e_phoff + i * elf64_phdr.size
      throw new FormatError(
        source.name,
        at,
        `program header ${i} has an offset or size above 2^53`,
        { cause },
      )
    }
  }
  return { header, littleEndian, programHeaders }
}

function parseIdent(source: Source, head: Uint8Array): boolean {
  if (head[EI_CLASS] === ELFCLASS32) throw new UnsupportedError(`${source.name}: 32-bit ELF dumps`)
  if (head[EI_CLASS] !== ELFCLASS64) {
    throw new FormatError(
      source.name,
      EI_CLASS,
      `ELF class is ${head[EI_CLASS]}, expected 2 (64-bit)`,
    )
  }
  const data = head[EI_DATA]
  if (data !== ELFDATA2LSB && data !== ELFDATA2MSB) {
    throw new FormatError(source.name, EI_DATA, `ELF data encoding is ${data}, expected 1 or 2`)
  }
  return data === ELFDATA2LSB
}

function parseStruct(source: Source, head: Uint8Array, littleEndian: boolean): ElfHeader {
  try {
    return elf64_ehdr.read(new DataView(head.buffer, head.byteOffset), 0, { littleEndian })
  } catch (cause) {
    throw new FormatError(source.name, 32, 'e_phoff or e_shoff exceeds 2^53', { cause })
  }
}

function programHeaderCount(source: Source, header: ElfHeader, littleEndian: boolean): number {
  if (header.e_phnum !== PN_XNUM || header.e_shoff === 0) return header.e_phnum
  const bytes = readExact(source, header.e_shoff, elf64_shdr.size, 'ELF section header 0 (PN_XNUM)')
  return new DataView(bytes.buffer).getUint32(elf64_shdr.offset.sh_info, littleEndian)
}
