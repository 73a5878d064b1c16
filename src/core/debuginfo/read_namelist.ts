// Reads a vmlinux or a System.map. Source: System V ABI chapter 4 (symbol tables), nm(1) for the letters.
import { FormatError, UnsupportedError } from '../base/errors.ts'
import { formatHexBytes } from '../base/hex.ts'
import { decodeAscii } from '../base/text.ts'
import { isElf, parseElfFile, type ElfFile } from '../elf/elf_file.ts'
import {
  elf64_sym,
  SHF_ALLOC,
  SHF_EXECINSTR,
  SHF_WRITE,
  SHN_ABS,
  SHN_UNDEF,
  SHT_NOBITS,
  SHT_NOTE,
  SHT_SYMTAB,
  STB_LOCAL,
  STB_WEAK,
  STT_FILE,
  STT_SECTION,
} from '../elf/elf_layout.ts'
import { readElfSections, type ElfSection } from '../elf/elf_sections.ts'
import { readNotes } from '../elf/read_notes.ts'
import { readExact, type Source } from '../io/source.ts'
import type { Namelist, NamelistSymbol } from './namelist.ts'

const NT_GNU_BUILD_ID = 3
/** A kernel with every option has half a million. */
const SYMBOL_LIMIT = 8_000_000
const STRINGS_SIZE_MAX = 512 * 1024 * 1024
const MAP_SIZE_MAX = 256 * 1024 * 1024
const BTF_SIZE_MAX = 256 * 1024 * 1024
/** `ffffffff81000000 T _text`. */
const MAP_LINE = /^([0-9a-f]{8,16}) ([a-zA-Z?]) (\S+)$/

/** Does a file begin like a System.map? Debian's /boot has stubs that only say where it is. */
export function isSystemMap(head: Uint8Array): boolean {
  return /^[0-9a-f]{8,16} [a-zA-Z?] \S/.test(decodeAscii(head, 0, head.length))
}

/**
 * Read a vmlinux, debugging information or not, or a System.map.
 *
 * @throws {FormatError} if it is neither, is damaged, or has no symbols
 */
export function readNamelist(source: Source): Namelist {
  const head = new Uint8Array(256)
  const got = source.read(0, head)
  if (isElf(head)) return readVmlinux(source)
  if (isSystemMap(head.subarray(0, got))) return readSystemMap(source)
  throw new FormatError(source.name, 0, 'neither an ELF file nor a System.map')
}

function readSystemMap(source: Source): Namelist {
  if (source.size > MAP_SIZE_MAX)
    throw new FormatError(source.name, 0, `System.map of ${source.size} bytes`)
  const bytes = readExact(source, 0, source.size, 'System.map')
  const symbols: NamelistSymbol[] = []
  let offset = 0
  for (const line of decodeAscii(bytes, 0, bytes.length).split('\n')) {
    const match = MAP_LINE.exec(line)
    if (match)
      symbols.push({ address: BigInt(`0x${match[1]}`), type: match[2] ?? '', name: match[3] ?? '' })
    else if (line !== '')
      throw new FormatError(source.name, offset, `not ADDRESS LETTER NAME: '${line.slice(0, 120)}'`)
    offset += line.length + 1
  }
  return {
    file: source.name,
    buildId: undefined,
    symbols: () => symbols,
    btf: () => undefined,
  }
}

function readVmlinux(source: Source): Namelist {
  const file = parseElfFile(source)
  if (file.bits !== 64) throw new UnsupportedError(`${source.name}: a vmlinux of 32 bits`)
  const sections = readElfSections(source, file)
  let symbols: NamelistSymbol[] | undefined
  return {
    file: source.name,
    buildId: readBuildId(source, sections, file),
    symbols: () => (symbols ??= readSymbols(source, sections, file)),
    btf: () => readBtf(source, sections),
  }
}

function readBuildId(
  source: Source,
  sections: readonly ElfSection[],
  { littleEndian }: ElfFile,
): string | undefined {
  const ranges = sections.filter(({ type }) => type === SHT_NOTE)
  const note = readNotes(source, ranges, littleEndian).find(
    ({ name, type }) => name === 'GNU' && type === NT_GNU_BUILD_ID,
  )
  return note && formatHexBytes(note.desc)
}

function readBtf(source: Source, sections: readonly ElfSection[]): Uint8Array | undefined {
  const section = sections.find(({ name, type }) => name === '.BTF' && type !== SHT_NOBITS)
  if (!section || section.size > BTF_SIZE_MAX) return undefined
  return readExact(source, section.offset, section.size, '.BTF')
}

function readSymbols(
  source: Source,
  sections: readonly ElfSection[],
  { littleEndian }: ElfFile,
): NamelistSymbol[] {
  const table = sections.find(({ type }) => type === SHT_SYMTAB)
  if (!table) throw new FormatError(source.name, 0, 'no symbol table: it has been stripped')
  const strings = sections[table.link]
  const count = Math.floor(table.size / elf64_sym.size)
  if (!strings || strings.size > STRINGS_SIZE_MAX || count > SYMBOL_LIMIT) {
    throw new FormatError(
      source.name,
      table.offset,
      `symbol table of ${count} symbols, or no names`,
    )
  }
  const names = readExact(source, strings.offset, strings.size, 'symbol names')
  const view = new DataView(
    readExact(source, table.offset, count * elf64_sym.size, 'symbol table').buffer,
  )
  const symbols: NamelistSymbol[] = []
  for (let i = 1; i < count; i++) {
    const at = i * elf64_sym.size
    const info = view.getUint8(at + elf64_sym.offset.st_info)
    const index = view.getUint16(at + elf64_sym.offset.st_shndx, littleEndian)
    const kind = info & 0xf
    const start = view.getUint32(at + elf64_sym.offset.st_name, littleEndian)
    if (index === SHN_UNDEF || kind === STT_FILE || kind === STT_SECTION || start === 0) continue
    const end = names.indexOf(0, start)
    if (end < 0)
      throw new FormatError(source.name, strings.offset + start, 'a symbol name has no end')
    symbols.push({
      name: decodeAscii(names, start, end),
      address: view.getBigUint64(at + elf64_sym.offset.st_value, littleEndian),
      type: nmLetter(index, info >> 4, sections[index]),
    })
  }
  return symbols
}

/** What nm prints: small for local symbols. */
function nmLetter(index: number, binding: number, section: ElfSection | undefined): string {
  if (binding === STB_WEAK) return 'W'
  const letter = index === SHN_ABS ? 'A' : sectionLetter(section)
  return binding === STB_LOCAL ? letter.toLowerCase() : letter
}

function sectionLetter(section: ElfSection | undefined): string {
  if (!section || (section.flags & SHF_ALLOC) === 0n) return 'N'
  if (section.flags & SHF_EXECINSTR) return 'T'
  if (section.type === SHT_NOBITS) return 'B'
  return section.flags & SHF_WRITE ? 'D' : 'R'
}
