// Makes an ELF vmcore from a recipe (see vmcore_recipe.ts): header | program headers | notes | segments.
// Facts: bits (64, 32), endian, machine (x86_64, aarch64 or a number), type, flags, xnum (count in section header 0), phoff.
import type { Endian } from '../../src/core/base/struct.ts'
import {
  elf32_ehdr,
  elf32_phdr,
  elf32_shdr,
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
  const { ehdr, phdr, shdr } = layoutsOf(recipe)
  const phoff = numberFact(recipe, 'phoff', ehdr.size + (xnum ? shdr.size : 0))
  let end = phoff + count * phdr.size
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

/** The layouts of the recipe's class; those of 32 bits are written by the rows of the others that they have. */
function layoutsOf(recipe: VmcoreRecipe): {
  readonly ehdr: typeof elf64_ehdr | typeof elf32_ehdr
  readonly phdr: typeof elf64_phdr | typeof elf32_phdr
  readonly shdr: typeof elf64_shdr | typeof elf32_shdr
} {
  return recipe.facts.get('bits') === '32'
    ? { ehdr: elf32_ehdr, phdr: elf32_phdr, shdr: elf32_shdr }
    : { ehdr: elf64_ehdr, phdr: elf64_phdr, shdr: elf64_shdr }
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
  const is32 = recipe.facts.get('bits') === '32'
  const { ehdr, phdr, shdr } = layoutsOf(recipe)
  const machine = recipe.facts.get('machine') ?? 'x86_64'
  const header = {
    ei_mag: endian.littleEndian ? MAGIC_LITTLE : MAGIC_BIG,
    ei_class: is32 ? 1 : 2,
    ei_data: endian.littleEndian ? 1 : 2,
    ei_version: 1,
    ei_osabi: 0,
    ei_pad: 0n,
    e_type: numberFact(recipe, 'type', ET_CORE),
    e_machine: MACHINES[machine] ?? Number(machine),
    e_version: 1,
    e_entry: 0n,
    e_phoff: table.phoff,
    e_shoff: table.xnum ? ehdr.size : 0,
    e_flags: numberFact(recipe, 'flags', 0),
    e_ehsize: ehdr.size,
    e_phentsize: phdr.size,
    e_phnum: table.xnum ? PN_XNUM : table.count,
    e_shentsize: shdr.size,
    e_shnum: table.xnum ? 1 : 0,
    e_shstrndx: 0,
  }
  if (is32) elf32_ehdr.write(view, 0, { ...header, e_entry: 0 }, endian)
  else elf64_ehdr.write(view, 0, header, endian)
  if (table.xnum) view.setUint32(ehdr.size + shdr.offset.sh_info, table.count, endian.littleEndian)
  writeLies(recipe.lies, view, ehdr, 0, endian)
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
  const { phdr } = layoutsOf(recipe)
  const at = phoff + index * phdr.size
  const common = { p_type, p_flags: 7, p_offset, p_filesz, p_memsz }
  if (recipe.facts.get('bits') === '32') {
    const raw = { ...common, p_vaddr: 0, p_paddr: Number(p_paddr), p_align: 0 }
    elf32_phdr.write(view, at, raw, endian)
  } else elf64_phdr.write(view, at, { ...common, p_vaddr: 0n, p_paddr, p_align: 0n }, endian)
  if (header.bytes) bytes.set(header.bytes, p_offset)
  writeLies(recipe.lies, view, phdr, at, endian, `${index}.`)
}
