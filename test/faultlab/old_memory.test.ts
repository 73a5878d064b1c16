// A guest's memory of some pages, with the headers that kexec would leave in it.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, test } from 'node:test'
import { openDump } from '../../src/core/dump/formats.ts'
import {
  elf64_ehdr,
  elf64_phdr,
  EM_X86_64,
  ET_CORE,
  PT_LOAD,
  PT_NOTE,
} from '../../src/core/elf/elf_layout.ts'
import { openFileSource } from '../../src/host/platform/file_source.ts'
import { elfNotes } from '../support/elf_notes.ts'
import { writeOldMemory } from './old_memory.ts'

const ENDIAN = { littleEndian: true }
const PAGE = 4096
const NOTES_AT = 5 * PAGE + 0x100
const HEADERS_AT = 9 * PAGE

const folder = mkdtempSync(path.join(os.tmpdir(), 'kbox-old-memory-'))
after(() => rmSync(folder, { recursive: true }))

/** Pages filled with their number; a page that only looks like headers before the one that has them. */
function memory(): Uint8Array {
  const bytes = new Uint8Array(12 * PAGE)
  for (let pfn = 0; pfn < 12; pfn++) bytes.fill(pfn, pfn * PAGE, (pfn + 1) * PAGE)
  const view = new DataView(bytes.buffer)
  bytes.fill(0xff, 2 * PAGE, 3 * PAGE)
  view.setUint32(2 * PAGE, 0x7f454c46)
  const notes = elfNotes([{ name: 'CORE', type: 1, desc: new Uint8Array(336) }], true)
  bytes.fill(0, NOTES_AT, NOTES_AT + 1024)
  bytes.set(notes, NOTES_AT)
  const segment = { p_flags: 0, p_vaddr: 0n, p_align: 0n }
  const segments = [
    { ...segment, p_type: PT_NOTE, p_offset: NOTES_AT, p_paddr: BigInt(NOTES_AT), size: 1024 },
    { ...segment, p_type: PT_LOAD, p_offset: PAGE, p_paddr: BigInt(PAGE), size: 3 * PAGE },
    { ...segment, p_type: PT_LOAD, p_offset: 6 * PAGE, p_paddr: BigInt(6 * PAGE), size: PAGE },
  ]
  elf64_ehdr.write(
    view,
    HEADERS_AT,
    {
      ...{ ei_mag: 0x464c457f, ei_class: 2, ei_data: 1, ei_version: 1, ei_osabi: 0, ei_pad: 0n },
      ...{ e_type: ET_CORE, e_machine: EM_X86_64, e_version: 1, e_entry: 0n, e_flags: 0 },
      ...{ e_phoff: elf64_ehdr.size, e_shoff: 0, e_ehsize: elf64_ehdr.size },
      ...{ e_phentsize: elf64_phdr.size, e_phnum: segments.length },
      ...{ e_shentsize: 0, e_shnum: 0, e_shstrndx: 0 },
    },
    ENDIAN,
  )
  segments.forEach(({ size, ...rest }, index) => {
    const at = HEADERS_AT + elf64_ehdr.size + index * elf64_phdr.size
    elf64_phdr.write(view, at, { ...rest, p_filesz: size, p_memsz: size }, ENDIAN)
  })
  return bytes
}

test('the memory that the headers name becomes a vmcore with its notes', () => {
  const [from, to] = [path.join(folder, 'memory'), path.join(folder, 'vmcore.elf')]
  writeFileSync(from, memory())
  writeOldMemory(from, to)
  using source = openFileSource(to)
  const dump = openDump(source)
  assert.deepEqual(
    dump.pfnRuns('present').map(({ start, end }) => [start, end]),
    [
      [1, 4],
      [6, 7],
    ],
  )
  const page = new Uint8Array(PAGE)
  dump.readPhysical(3 * PAGE, page)
  assert.ok(page.every((byte) => byte === 3))
  dump.readPhysical(6 * PAGE, page)
  assert.ok(page.every((byte) => byte === 6))
  assert.deepEqual(
    dump.notes.map(({ name, type }) => [name, type]),
    [['CORE', 1]],
  )
})

test('memory without headers is said to have none', () => {
  const from = path.join(folder, 'memory')
  writeFileSync(from, memory().fill(0, HEADERS_AT, HEADERS_AT + 4))
  assert.throws(() => writeOldMemory(from, path.join(folder, 'none.elf')), /no headers/)
})
