// The two classes of ELF, 64 and 32 bits: sizes and readers of their headers. What is read has one shape.
import type { Endian, StructValue } from '../base/struct.ts'
import {
  ELFCLASS32,
  ELFCLASS64,
  elf32_ehdr,
  elf32_phdr,
  elf32_shdr,
  elf64_ehdr,
  elf64_phdr,
  elf64_shdr,
} from './elf_layout.ts'

/** The ELF header, decoded. */
export type ElfHeader = StructValue<typeof elf64_ehdr>
/** One program header, decoded. */
export type ElfProgramHeader = StructValue<typeof elf64_phdr>

/** How the headers of one class lie in a file. */
export interface ElfClass {
  readonly bits: 32 | 64
  /** Bytes of the headers. */
  readonly ehdrSize: number
  readonly phdrSize: number
  readonly shdrSize: number
  /** Offsets of members that messages name or PN_XNUM needs. */
  readonly phoffAt: number
  readonly phentsizeAt: number
  readonly infoAt: number
  /** @throws {RangeError} if e_phoff or e_shoff exceeds 2^53 */
  readHeader(view: DataView, endian: Endian): ElfHeader
  readProgramHeader(view: DataView, offset: number, endian: Endian): ElfProgramHeader
}

const elf64: ElfClass = {
  bits: 64,
  ehdrSize: elf64_ehdr.size,
  phdrSize: elf64_phdr.size,
  shdrSize: elf64_shdr.size,
  phoffAt: elf64_ehdr.offset.e_phoff,
  phentsizeAt: elf64_ehdr.offset.e_phentsize,
  infoAt: elf64_shdr.offset.sh_info,
  readHeader: (view, endian) => elf64_ehdr.read(view, 0, endian),
  readProgramHeader: (view, offset, endian) => elf64_phdr.read(view, offset, endian),
}

const elf32: ElfClass = {
  bits: 32,
  ehdrSize: elf32_ehdr.size,
  phdrSize: elf32_phdr.size,
  shdrSize: elf32_shdr.size,
  phoffAt: elf32_ehdr.offset.e_phoff,
  phentsizeAt: elf32_ehdr.offset.e_phentsize,
  infoAt: elf32_shdr.offset.sh_info,
  readHeader(view, endian) {
    const header = elf32_ehdr.read(view, 0, endian)
    return { ...header, e_entry: BigInt(header.e_entry) }
  },
  readProgramHeader(view, offset, endian) {
    const header = elf32_phdr.read(view, offset, endian)
    return {
      ...header,
      p_vaddr: BigInt(header.p_vaddr),
      p_paddr: BigInt(header.p_paddr),
      p_align: BigInt(header.p_align),
    }
  },
}

/** The class that e_ident names; undefined for a byte that names none. */
export function findElfClass(ei_class: number | undefined): ElfClass | undefined {
  if (ei_class === ELFCLASS64) return elf64
  return ei_class === ELFCLASS32 ? elf32 : undefined
}
