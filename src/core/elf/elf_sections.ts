// An ELF file's sections by name. Source: <elf.h>, System V ABI chapter 4.
import { FormatError } from '../base/errors.ts'
import { decodeAscii } from '../base/text.ts'
import { readExact, type Source } from '../io/source.ts'
import type { ElfFile } from './elf_file.ts'
import { elf32_shdr, elf64_shdr, SHN_XINDEX } from './elf_layout.ts'

/** One section. */
export interface ElfSection {
  readonly name: string
  readonly type: number
  readonly flags: bigint
  readonly address: bigint
  readonly offset: number
  readonly size: number
  /** Index of the section that belongs to it: a symbol table's strings. */
  readonly link: number
}

/** A vmlinux built with a section per function has some 100,000. */
const SECTION_LIMIT = 1_000_000
const NAMES_SIZE_MAX = 64 * 1024 * 1024

/**
 * Read all section headers, in file order.
 *
 * @returns none if the file has none: sections may be stripped
 * @throws {FormatError} if a header or the names leave the file
 */
export function readElfSections(
  source: Source,
  { header, bits, littleEndian }: ElfFile,
): ElfSection[] {
  if (header.e_shoff === 0) return []
  const layout = bits === 64 ? elf64_shdr : elf32_shdr
  const readHeaders = (count: number): RawSection[] => {
    const bytes = readExact(source, header.e_shoff, count * layout.size, 'ELF section headers')
    const view = new DataView(bytes.buffer)
    return Array.from({ length: count }, (_, i) =>
      readRaw(source, view, i * layout.size, bits, littleEndian),
    )
  }
  const [first] = readHeaders(1)
  if (!first) return []
  // Where the counts do not fit, the first header, which is of no section, has them.
  const count = header.e_shnum === 0 ? first.size : header.e_shnum
  if (count > SECTION_LIMIT)
    throw new FormatError(
      source.name,
      header.e_shoff,
      `${count} ELF sections are more than any file's`,
    )
  const all = readHeaders(count)
  const names = readNames(
    source,
    all,
    header.e_shstrndx === SHN_XINDEX ? first.link : header.e_shstrndx,
  )
  return all.map(({ nameAt, ...section }) => ({ ...section, name: cString(names, nameAt) }))
}

interface RawSection extends Omit<ElfSection, 'name'> {
  readonly nameAt: number
}

function readRaw(
  source: Source,
  view: DataView,
  at: number,
  bits: 32 | 64,
  littleEndian: boolean,
): RawSection {
  try {
    const raw =
      bits === 64
        ? elf64_shdr.read(view, at, { littleEndian })
        : elf32_shdr.read(view, at, { littleEndian })
    return {
      nameAt: raw.sh_name,
      type: raw.sh_type,
      flags: BigInt(raw.sh_flags),
      address: BigInt(raw.sh_addr),
      offset: raw.sh_offset,
      size: raw.sh_size,
      link: raw.sh_link,
    }
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause
    throw new FormatError(source.name, at, 'an ELF section header exceeds 2^53', { cause })
  }
}

function readNames(source: Source, sections: readonly RawSection[], index: number): Uint8Array {
  const section = sections[index]
  if (!section) return new Uint8Array(0)
  if (section.size > NAMES_SIZE_MAX)
    throw new FormatError(source.name, section.offset, `ELF section names of ${section.size} bytes`)
  return readExact(source, section.offset, section.size, 'ELF section names')
}

function cString(bytes: Uint8Array, start: number): string {
  const end = bytes.indexOf(0, start)
  return decodeAscii(bytes, Math.min(start, bytes.length), end < 0 ? bytes.length : end)
}
