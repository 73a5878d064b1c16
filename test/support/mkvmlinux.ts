// Makes what kbox reads of a vmlinux: .text and .data without content, symbols, a build id, perhaps .BTF.
import {
  elf64_ehdr,
  elf64_shdr,
  elf64_sym,
  EM_X86_64,
  SHF_ALLOC,
  SHF_EXECINSTR,
  SHF_WRITE,
  SHT_NOTE,
  SHT_SYMTAB,
} from '../../src/core/elf/elf_layout.ts'
import { elfNotes } from './elf_notes.ts'

const LITTLE = { littleEndian: true }
const SHT_PROGBITS = 1
const SHT_STRTAB = 3
const ET_EXEC = 2
const NT_GNU_BUILD_ID = 3
const STB_GLOBAL = 1
const STB_WEAK = 2
/** Index of the sections symbols may be of. */
const SECTIONS = { text: 1, data: 2, absolute: 0xfff1, undefined: 0 }

/** A symbol as the linker left it. */
export interface VmlinuxSymbol {
  readonly name: string
  readonly address: bigint
  readonly section?: keyof typeof SECTIONS
  readonly binding?: 'local' | 'global' | 'weak'
  /** STT_FILE and the like. */
  readonly kind?: number
}

/** What the file consists of. */
export interface VmlinuxRecipe {
  readonly symbols: readonly VmlinuxSymbol[]
  /** Hex. */
  readonly buildId?: string
  readonly btf?: Uint8Array
}

/** Make the file. */
export function mkvmlinux({ symbols, buildId, btf }: VmlinuxRecipe): Uint8Array {
  const { strings, table } = symbolTable(symbols)
  const note =
    buildId === undefined
      ? new Uint8Array(0)
      : elfNotes([{ name: 'GNU', type: NT_GNU_BUILD_ID, desc: Buffer.from(buildId, 'hex') }], true)
  const empty = new Uint8Array(0)
  const sections: {
    name: string
    type: number
    flags?: bigint
    link?: number
    bytes: Uint8Array
  }[] = [
    { name: '', type: 0, bytes: empty },
    { name: '.text', type: SHT_PROGBITS, flags: SHF_ALLOC | SHF_EXECINSTR, bytes: empty },
    { name: '.data', type: SHT_PROGBITS, flags: SHF_ALLOC | SHF_WRITE, bytes: empty },
    { name: '.notes', type: SHT_NOTE, flags: SHF_ALLOC, bytes: note },
    { name: '.symtab', type: SHT_SYMTAB, link: 5, bytes: table },
    { name: '.strtab', type: SHT_STRTAB, bytes: strings },
    ...(btf ? [{ name: '.BTF', type: SHT_PROGBITS, flags: SHF_ALLOC, bytes: btf }] : []),
  ]
  const names = Buffer.from([...sections.map(({ name }) => name), '.shstrtab'].join('\0') + '\0')
  sections.push({ name: '.shstrtab', type: SHT_STRTAB, bytes: names })
  return layOut(sections, names)
}

function symbolTable(symbols: readonly VmlinuxSymbol[]): {
  strings: Uint8Array
  table: Uint8Array
} {
  const strings = Buffer.from(`\0${symbols.map(({ name }) => `${name}\0`).join('')}`, 'latin1')
  const table = new Uint8Array((symbols.length + 1) * elf64_sym.size)
  const view = new DataView(table.buffer)
  let st_name = 1
  symbols.forEach(({ name, address, section = 'text', binding = 'global', kind = 1 }, i) => {
    const bind = { local: 0, global: STB_GLOBAL, weak: STB_WEAK }[binding]
    elf64_sym.write(
      view,
      (i + 1) * elf64_sym.size,
      {
        st_name,
        st_info: (bind << 4) | kind,
        st_other: 0,
        st_shndx: SECTIONS[section],
        st_value: address,
        st_size: 8n,
      },
      LITTLE,
    )
    st_name += name.length + 1
  })
  return { strings, table }
}

interface SectionRecipe {
  readonly name: string
  readonly type: number
  readonly flags?: bigint
  readonly link?: number
  readonly bytes: Uint8Array
}

/** The header, the sections' bytes, the section headers. */
function layOut(sections: readonly SectionRecipe[], names: Buffer): Uint8Array {
  let at = elf64_ehdr.size
  const offsets = sections.map(({ bytes }) => {
    const offset = at
    at += (bytes.length + 7) & ~7
    return offset
  })
  const file = new Uint8Array(at + sections.length * elf64_shdr.size)
  const view = new DataView(file.buffer)
  elf64_ehdr.write(view, 0, fileHeader(at, sections.length), LITTLE)
  sections.forEach(({ name, type, flags = 0n, link = 0, bytes }, i) => {
    const sh_offset = offsets[i] ?? 0
    file.set(bytes, sh_offset)
    const header = {
      sh_name: name === '' ? 0 : names.indexOf(`${name}\0`),
      sh_type: type,
      sh_flags: flags,
      sh_addr: 0n,
      sh_offset,
      sh_size: bytes.length,
      sh_link: link,
      sh_info: 0,
      sh_addralign: 8n,
      sh_entsize: 0n,
    }
    elf64_shdr.write(view, at + i * elf64_shdr.size, header, LITTLE)
  })
  return file
}

/** The last section has the names of all. */
function fileHeader(e_shoff: number, e_shnum: number): Parameters<typeof elf64_ehdr.write>[2] {
  return {
    ei_mag: 0x464c457f,
    ei_class: 2,
    ei_data: 1,
    ei_version: 1,
    ei_osabi: 0,
    ei_pad: 0n,
    e_type: ET_EXEC,
    e_machine: EM_X86_64,
    e_version: 1,
    e_entry: 0n,
    e_phoff: 0,
    e_shoff,
    e_flags: 0,
    e_ehsize: elf64_ehdr.size,
    e_phentsize: 56,
    e_phnum: 0,
    e_shentsize: elf64_shdr.size,
    e_shnum,
    e_shstrndx: e_shnum - 1,
  }
}
