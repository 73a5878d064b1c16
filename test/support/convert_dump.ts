// A dump written anew in the formats of others, for tests on real memory: streaming, and sparse where the format is.
import fs from 'node:fs'
import type { Dump, PfnRun } from '../../src/core/dump/dump_format.ts'
import {
  elf64_ehdr,
  elf64_phdr,
  elf64_shdr,
  EM_X86_64,
  ET_CORE,
  PT_LOAD,
  PT_NOTE,
} from '../../src/core/elf/elf_layout.ts'
import { elfNotes } from './elf_notes.ts'
import { avmlRange, rangeHeader } from './mklime.ts'

const BLOCK = 16 * 1024 * 1024
const ENDIAN = { littleEndian: true }

/** The formats, by what they are made like. */
export type ConvertedFormat = 'lime' | 'avml' | 'padded' | 'qemu'

/** Write `dump` to `path`. None of the formats keeps VMCOREINFO; only 'qemu' keeps the other notes. */
export function convertDump(dump: Dump, path: string, format: ConvertedFormat): void {
  const fd = fs.openSync(path, 'w')
  try {
    if (format === 'qemu') writeQemuElf(dump, fd)
    else if (format === 'padded') writePadded(dump, fd)
    else writeRanges(dump, fd, format === 'avml')
  } finally {
    fs.closeSync(fd)
  }
}

/** Up to 16 MiB at a time. */
function* blocksOf(dump: Dump, run: PfnRun): Generator<{ physical: number; bytes: Uint8Array }> {
  const end = run.end * dump.pageSize
  for (let physical = run.start * dump.pageSize; physical < end; physical += BLOCK) {
    const bytes = new Uint8Array(Math.min(BLOCK, end - physical))
    dump.readPhysical(physical, bytes)
    yield { physical, bytes }
  }
}

function writePadded(dump: Dump, fd: number): void {
  const runs = dump.pfnRuns('present')
  for (const run of runs) {
    for (const { physical, bytes } of blocksOf(dump, run))
      fs.writeSync(fd, bytes, 0, bytes.length, physical)
  }
}

/** LiME has one header a range of RAM, AVML one for each 16 MiB that are not all zeros. */
function writeRanges(dump: Dump, fd: number, isAvml: boolean): void {
  for (const run of dump.pfnRuns('present')) {
    const size = (run.end - run.start) * dump.pageSize
    if (!isAvml) fs.writeSync(fd, rangeHeader(run.start * dump.pageSize, size))
    for (const { physical, bytes } of blocksOf(dump, run)) {
      if (!isAvml) fs.writeSync(fd, bytes)
      else if (bytes.some((byte) => byte !== 0)) {
        fs.writeSync(fd, rangeHeader(physical, bytes.length, { isAvml }))
        fs.writeSync(fd, avmlRange(bytes))
      }
    }
  }
}

/** As QEMU since 7.2 writes it: section header, program headers, notes, and memory wherever that comes to lie. */
function writeQemuElf(dump: Dump, fd: number): void {
  const runs = dump.pfnRuns('present')
  const notes = elfNotes(
    [
      ...dump.notes.filter(({ name }) => name === 'CORE'),
      { name: 'QEMU', type: 0, desc: new Uint8Array(440) },
    ],
    true,
  )
  const phoff = elf64_ehdr.size + elf64_shdr.size
  const notesAt = phoff + (runs.length + 1) * elf64_phdr.size
  const head = new Uint8Array(notesAt + notes.length)
  const view = new DataView(head.buffer)
  writeHeader(view, phoff, runs.length + 1)
  writeSegment(view, phoff, { type: PT_NOTE, at: notesAt, physical: 0, size: notes.length })
  head.set(notes, notesAt)
  let at = head.length
  runs.forEach((run, index) => {
    const physical = run.start * dump.pageSize
    const size = (run.end - run.start) * dump.pageSize
    const header = phoff + (index + 1) * elf64_phdr.size
    writeSegment(view, header, { type: PT_LOAD, at, physical, size })
    at += size
  })
  fs.writeSync(fd, head)
  for (const run of runs) {
    for (const { bytes } of blocksOf(dump, run)) fs.writeSync(fd, bytes)
  }
}

function writeHeader(view: DataView, e_phoff: number, e_phnum: number): void {
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
    e_phoff,
    e_shoff: elf64_ehdr.size,
    e_flags: 0,
    e_ehsize: elf64_ehdr.size,
    e_phentsize: elf64_phdr.size,
    e_phnum,
    e_shentsize: elf64_shdr.size,
    e_shnum: 1,
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

function writeSegment(view: DataView, offset: number, segment: Segment): void {
  const { type, at, physical, size } = segment
  const header = {
    p_type: type,
    p_flags: 0,
    p_offset: at,
    p_vaddr: BigInt(physical),
    p_paddr: BigInt(physical),
    p_filesz: size,
    p_memsz: size,
    p_align: 0n,
  }
  elf64_phdr.write(view, offset, header, ENDIAN)
}
