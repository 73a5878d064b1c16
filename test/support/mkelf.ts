// Makes an ELF vmcore from a recipe (see vmcore_recipe.ts): header | program headers | notes | segments.
// Facts: endian, machine (x86_64, aarch64 or a number), type, flags, xnum (count in section header 0), phoff.
import type { Endian } from '../../src/core/base/struct.ts'
import {
  elf64_ehdr,
  elf64_phdr,
  elf64_shdr,
  EM_AARCH64,
  EM_X86_64,
  ET_CORE,
  PN_XNUM,
  PT_LOAD,
  PT_NOTE,
} from '../../src/core/elf/elf_layout.ts'
import { elfNotes } from './elf_notes.ts'
import { writeLies } from './header_lies.ts'
import {
  countBytes,
  cutBytes,
  numberFact,
  parseRecipe,
  type SegmentRecipe,
  type VmcoreRecipe,
} from './vmcore_recipe.ts'

const MAGIC_LITTLE = 0x464c457f
const MAGIC_BIG = 0x7f454c46
const MACHINES: Readonly<Record<string, number>> = { x86_64: EM_X86_64, aarch64: EM_AARCH64 }

/** One program header as it goes into the file. */
export interface ProgramHeaderRecipe {
  readonly p_type: number
  readonly p_offset: number
  readonly p_paddr: bigint
  readonly p_filesz: number
  readonly p_memsz: number
  /** Bytes at p_offset; absent where another segment's are shared. */
  readonly bytes?: Uint8Array
}

/** Make the file; `lie e_phnum 7` and `lie 2.p_offset 0x99` (field of program header 2) are written last. */
export function mkelf(text: string): Uint8Array {
  const recipe = parseRecipe(text)
  const endian = { littleEndian: recipe.facts.get('endian') !== 'big' }
  const notes = elfNotes(allNotes(recipe), endian.littleEndian)
  const count = recipe.segments.length + 1
  const xnum = recipe.facts.has('xnum') || count >= PN_XNUM
  const phoff = numberFact(recipe, 'phoff', elf64_ehdr.size + (xnum ? elf64_shdr.size : 0))
  let end = phoff + count * elf64_phdr.size
  const headers: ProgramHeaderRecipe[] = [
    {
      p_type: PT_NOTE,
      p_offset: end,
      p_paddr: 0n,
      p_filesz: notes.length,
      p_memsz: notes.length,
      bytes: notes,
    },
  ]
  end += notes.length
  for (const segment of recipe.segments) {
    const header = loadHeader(segment, end, endian)
    headers.push(header)
    if (header.bytes) end += header.p_filesz
  }
  const bytes = new Uint8Array(end)
  writeElfHeader(recipe, bytes, { phoff, count, xnum }, endian)
  headers.forEach((header, i) => writeProgramHeader(recipe, bytes, i, header, phoff, endian))
  return cutBytes(bytes, recipe.cut)
}

function allNotes({ notes, vmcoreinfo }: VmcoreRecipe): VmcoreRecipe['notes'] {
  if (vmcoreinfo === '') return notes
  return [...notes, { name: 'VMCOREINFO', type: 0, desc: new TextEncoder().encode(vmcoreinfo) }]
}

function loadHeader(
  { start, fileSize, memorySize, offset }: SegmentRecipe,
  end: number,
  { littleEndian }: Endian,
): ProgramHeaderRecipe {
  const header = {
    p_type: PT_LOAD,
    p_paddr: BigInt(start),
    p_filesz: fileSize,
    p_memsz: memorySize,
  }
  if (offset !== undefined) return { ...header, p_offset: offset }
  return { ...header, p_offset: end, bytes: countBytes(start, fileSize, littleEndian) }
}

interface Table {
  readonly phoff: number
  readonly count: number
  readonly xnum: boolean
}

function writeElfHeader(
  recipe: VmcoreRecipe,
  bytes: Uint8Array,
  table: Table,
  endian: Endian,
): void {
  const view = new DataView(bytes.buffer)
  const machine = recipe.facts.get('machine') ?? 'x86_64'
  const header = {
    ei_mag: endian.littleEndian ? MAGIC_LITTLE : MAGIC_BIG,
    ei_class: 2,
    ei_data: endian.littleEndian ? 1 : 2,
    ei_version: 1,
    ei_osabi: 0,
    ei_pad: 0n,
    e_type: numberFact(recipe, 'type', ET_CORE),
    e_machine: MACHINES[machine] ?? Number(machine),
    e_version: 1,
    e_entry: 0n,
    e_phoff: table.phoff,
    e_shoff: table.xnum ? elf64_ehdr.size : 0,
    e_flags: numberFact(recipe, 'flags', 0),
    e_ehsize: elf64_ehdr.size,
    e_phentsize: elf64_phdr.size,
    e_phnum: table.xnum ? PN_XNUM : table.count,
    e_shentsize: elf64_shdr.size,
    e_shnum: table.xnum ? 1 : 0,
    e_shstrndx: 0,
  }
  elf64_ehdr.write(view, 0, header, endian)
  if (table.xnum)
    view.setUint32(elf64_ehdr.size + elf64_shdr.offset.sh_info, table.count, endian.littleEndian)
  writeLies(recipe.lies, view, elf64_ehdr, 0, endian)
}

function writeProgramHeader(
  recipe: VmcoreRecipe,
  bytes: Uint8Array,
  index: number,
  header: ProgramHeaderRecipe,
  phoff: number,
  endian: Endian,
): void {
  const view = new DataView(bytes.buffer)
  const { p_type, p_offset, p_paddr, p_filesz, p_memsz } = header
  const at = phoff + index * elf64_phdr.size
  const raw = { p_type, p_flags: 7, p_offset, p_vaddr: 0n, p_paddr, p_filesz, p_memsz, p_align: 0n }
  elf64_phdr.write(view, at, raw, endian)
  if (header.bytes) bytes.set(header.bytes, p_offset)
  writeLies(recipe.lies, view, elf64_phdr, at, endian, `${index}.`)
}
