// A sparse ELF vmcore that is written by physical address: as long as the memory it describes, its holes are zeros.
import fs from 'node:fs'
import {
  elf64_ehdr,
  elf64_phdr,
  EM_X86_64,
  ET_CORE,
  PT_LOAD,
  PT_NOTE,
} from '../../src/core/elf/elf_layout.ts'
import { NT_PRSTATUS } from '../../src/core/elf/elf_note.ts'
import { elfNotes } from './elf_notes.ts'

const PAGE = 4096
const CPUS = 16

/** Physical memory, as byte addresses. */
export interface MemoryRun {
  readonly start: number
  readonly end: number
}

/** The file, written by physical address. */
export class SparseVmcore {
  /** Frames written to; none of them is all zeros. */
  readonly frames = new Set<number>()
  readonly #fd: number
  readonly #directMap: bigint
  readonly #loads: readonly (MemoryRun & { readonly offset: number })[]

  constructor(path: string, runs: readonly MemoryRun[], directMap: bigint) {
    this.#directMap = directMap
    // Headers and notes have the first 64 KiB.
    let offset = 16 * PAGE
    this.#loads = runs.map((run) => {
      const load = { ...run, offset }
      offset += run.end - run.start
      return load
    })
    this.#fd = fs.openSync(path, 'w')
    fs.ftruncateSync(this.#fd, offset)
  }

  /** Write whole frames, each once. */
  write(physical: number, bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; at += PAGE) {
      const frame = (physical + at) / PAGE
      const hasData = bytes.subarray(at, at + PAGE).some((byte) => byte !== 0)
      if (this.frames.has(frame)) throw new Error(`frame ${frame} written twice`)
      if (hasData) this.frames.add(frame)
    }
    fs.writeSync(this.#fd, bytes, 0, bytes.length, this.#offset(physical))
  }

  /** Write headers and notes. @param image the kernel image, with its virtual address */
  writeHeaders(vmcoreinfo: string, image: MemoryRun & { readonly virtual: bigint }): void {
    const cpu = { name: 'CORE', type: NT_PRSTATUS, desc: new Uint8Array(336) }
    const info = { name: 'VMCOREINFO', type: 0, desc: new TextEncoder().encode(vmcoreinfo) }
    const notes = elfNotes([...new Array<typeof cpu>(CPUS).fill(cpu), info], true)
    const loads = [
      // The kernel image comes first and once more in its memory, as in /proc/vmcore.
      { ...image, offset: this.#offset(image.start) },
      ...this.#loads.map((load) => ({ ...load, virtual: this.#directMap + BigInt(load.start) })),
    ]
    const header = new DataView(new ArrayBuffer(PAGE))
    writeElfHeader(header, loads.length + 1)
    const note = { p_type: PT_NOTE, p_offset: PAGE, p_vaddr: 0n, p_paddr: 0n, size: notes.length }
    const headers = [
      note,
      ...loads.map(({ start, end, offset, virtual }) => ({
        ...{ p_type: PT_LOAD, p_offset: offset, p_vaddr: virtual, p_paddr: BigInt(start) },
        size: end - start,
      })),
    ]
    headers.forEach(({ size, ...rest }, i) => {
      const raw = { ...rest, p_flags: 7, p_filesz: size, p_memsz: size, p_align: 0n }
      elf64_phdr.write(header, elf64_ehdr.size + i * elf64_phdr.size, raw, { littleEndian: true })
    })
    fs.writeSync(this.#fd, new Uint8Array(header.buffer), 0, PAGE, 0)
    fs.writeSync(this.#fd, notes, 0, notes.length, PAGE)
  }

  [Symbol.dispose](): void {
    fs.closeSync(this.#fd)
  }

  #offset(physical: number): number {
    const load = this.#loads.find(({ start, end }) => physical >= start && physical < end)
    if (!load) throw new Error(`no memory at ${physical}`)
    return load.offset + physical - load.start
  }
}

function writeElfHeader(view: DataView, count: number): void {
  const header = {
    ...{ ei_mag: 0x464c_457f, ei_class: 2, ei_data: 1, ei_version: 1, ei_osabi: 0, ei_pad: 0n },
    ...{ e_type: ET_CORE, e_machine: EM_X86_64, e_version: 1, e_entry: 0n },
    ...{ e_phoff: elf64_ehdr.size, e_shoff: 0, e_flags: 0, e_ehsize: elf64_ehdr.size },
    ...{ e_phentsize: elf64_phdr.size, e_phnum: count },
    ...{ e_shentsize: 0, e_shnum: 0, e_shstrndx: 0 },
  }
  elf64_ehdr.write(view, 0, header, { littleEndian: true })
}
