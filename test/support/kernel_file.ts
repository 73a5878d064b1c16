// A kernel from a recipe as a vmcore file, for tests that start kbox as a process.
import { writeFileSync } from 'node:fs'
import {
  elf64_ehdr,
  elf64_phdr,
  EM_X86_64,
  ET_CORE,
  PT_LOAD,
  PT_NOTE,
} from '../../src/core/elf/elf_layout.ts'
import type { Program } from '../../src/core/program/program.ts'
import { elfNotes } from './elf_notes.ts'

const ENDIAN = { littleEndian: true }

interface Run {
  readonly pfn: number
  readonly count: number
}

/** Write the program's dump as an ELF vmcore. */
export function writeKernelFile(program: Program, path: string): void {
  const { dump } = program
  const desc = dump.vmcoreinfo ?? new Uint8Array()
  const notes = elfNotes([{ name: 'VMCOREINFO', type: 0, desc }], true)
  const runs = presentRuns(program)
  const notesAt = elf64_ehdr.size + (runs.length + 1) * elf64_phdr.size
  const size = runs.reduce((sum, { count }) => sum + count * dump.pageSize, notesAt + notes.length)
  const bytes = new Uint8Array(size)
  const view = new DataView(bytes.buffer)
  writeHeader(view, runs.length + 1)
  writeSegment(view, 0, { type: PT_NOTE, at: notesAt, physical: 0, size: notes.length })
  bytes.set(notes, notesAt)
  let at = notesAt + notes.length
  runs.forEach(({ pfn, count }, i) => {
    const length = count * dump.pageSize
    writeSegment(view, i + 1, { type: PT_LOAD, at, physical: pfn * dump.pageSize, size: length })
    dump.readPhysical(pfn * dump.pageSize, bytes.subarray(at, at + length))
    at += length
  })
  writeFileSync(path, bytes)
}

function presentRuns({ dump }: Program): Run[] {
  const runs: Run[] = []
  for (let pfn = 0; pfn < dump.pfnEnd; pfn++) {
    if (dump.pageState(pfn) !== 'present') continue
    const last = runs.at(-1)
    if (last && last.pfn + last.count === pfn)
      runs[runs.length - 1] = { pfn: last.pfn, count: last.count + 1 }
    else runs.push({ pfn, count: 1 })
  }
  return runs
}

function writeHeader(view: DataView, count: number): void {
  const header = {
    ei_mag: 0x464c457f,
    ei_class: 2,
    ei_data: 1,
    ei_version: 1,
    ei_osabi: 0,
    ei_pad: 0n,
    e_type: ET_CORE,
    e_machine: EM_X86_64,
    e_version: 1,
    e_entry: 0n,
    e_phoff: elf64_ehdr.size,
    e_shoff: 0,
    e_flags: 0,
    e_ehsize: elf64_ehdr.size,
    e_phentsize: elf64_phdr.size,
    e_phnum: count,
    e_shentsize: 0,
    e_shnum: 0,
    e_shstrndx: 0,
  }
  elf64_ehdr.write(view, 0, header, ENDIAN)
}

interface Segment {
  readonly type: number
  readonly at: number
  readonly physical: number
  readonly size: number
}

function writeSegment(view: DataView, index: number, { type, at, physical, size }: Segment): void {
  const header = {
    p_type: type,
    p_flags: 7,
    p_offset: at,
    p_vaddr: 0n,
    p_paddr: BigInt(physical),
    p_filesz: size,
    p_memsz: size,
    p_align: 0n,
  }
  elf64_phdr.write(view, elf64_ehdr.size + index * elf64_phdr.size, header, ENDIAN)
}
