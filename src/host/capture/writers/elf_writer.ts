// Writes an ELF dump: header | program headers | notes | page data, in frame order. Nothing is compressed; what is left
// out is the end of a segment that has no bytes in the file. Source: makedumpfile write_elf_header(), <elf.h>.
import { testBit } from '../../../core/base/bits.ts'
import type { Dump, MappedMemory, PfnRun } from '../../../core/dump/dump_format.ts'
import {
  DUMP_ELF_INCOMPLETE,
  elf64_ehdr,
  elf64_phdr,
  elf64_shdr,
  EM_AARCH64,
  EM_LOONGARCH,
  EM_PPC64,
  EM_RISCV,
  EM_S390,
  EM_X86_64,
  ET_CORE,
  PN_XNUM,
  PT_LOAD,
  PT_NOTE,
} from '../../../core/elf/elf_layout.ts'
import type { ElfNote } from '../../../core/elf/elf_note.ts'
import type { DumpOutput } from '../../platform/dump_output.ts'
import { LOST, type PackedPages } from '../packed_pages.ts'
import type { DumpWriter, PageCounts, PageJob } from './dump_writer.ts'
import { cutRuns, type ElfFrames, type ElfRun } from './elf_runs.ts'
import { encodeNotes } from './encode_notes.ts'

/** What an ELF dump is to hold. */
export interface ElfContent {
  readonly dump: Dump
  readonly frames: ElfFrames
  /** What was erased, as text; empty if nothing was. */
  readonly eraseInfo: Uint8Array
}

/**
 * Pages lie this far behind multiples of their size. A file whose pages are aligned is mapped by makedumpfile, and its
 * windows of segments that are not wholly in the file are wrong: 1.7.2 and 1.7.8 die of SIGSEGV one time in ten.
 */
const MISALIGNMENT = 16
const ALIGNMENT = 4096
const FLAGS_RWX = 7
/** Mappings told apart: the direct map, the kernel's image, and some to spare. */
const PLACES_MAX = 16
/** Frames that cannot be read, in so many places, have their segment cut, which takes a header for each mapping. */
const CUTS_MAX = 64
const SPARE_HEADERS = 2 * CUTS_MAX
const MACHINES: Readonly<Record<string, number>> = {
  x86_64: EM_X86_64,
  aarch64: EM_AARCH64,
  ppc64le: EM_PPC64,
  s390x: EM_S390,
  riscv64: EM_RISCV,
  loongarch64: EM_LOONGARCH,
}

/** One ELF dump in the making. */
export class ElfWriter implements DumpWriter {
  readonly indexEnd: number
  writtenBytes = 0
  lostPages = 0
  readonly #output: DumpOutput
  readonly #content: ElfContent
  #loads: readonly Load[]
  readonly #loadsMax: number
  readonly #notes: Uint8Array
  readonly #notesOffset: number
  /** File offset of the first page's bytes. */
  readonly #dataOffset: number
  #dataEnd: number
  /** Numbers of stored frames that could not be read. */
  readonly #lost: { start: number; end: number }[] = []
  #isFinished = false

  constructor(output: DumpOutput, content: ElfContent) {
    const { dump, frames } = content
    this.#output = output
    this.#content = content
    this.indexEnd = frames.stored.total
    this.#loads = loadsOf(frames.runs, frames.wanted, dump)
    this.#loadsMax = this.#loads.length + SPARE_HEADERS
    this.#notes = encodeNotes(dump, eraseNotes(content.eraseInfo)).notes
    const headersSize = (1 + this.#loadsMax) * elf64_phdr.size
    this.#notesOffset = elf64_ehdr.size + headersSize + elf64_shdr.size
    const end = this.#notesOffset + this.#notes.length
    this.#dataOffset = Math.ceil(end / ALIGNMENT) * ALIGNMENT + MISALIGNMENT
    this.#dataEnd = this.#dataOffset
  }

  get ok(): boolean {
    return this.#output.problem === undefined
  }

  drain(): Promise<void> | undefined {
    return this.#output.drain?.()
  }

  get fileSize(): number {
    return this.#dataEnd
  }

  async begin(): Promise<void> {
    this.#writeHeaders(DUMP_ELF_INCOMPLETE)
    this.writtenBytes = this.#notesOffset + this.#notes.length
    await this.drain()
  }

  write(
    { indexes, count }: PageJob,
    { kinds, data }: PackedPages,
    _stored: unknown,
    counts: PageCounts,
  ): void {
    const { pageSize } = this.#content.dump
    // A page that could not be read has its place in the file, but no bytes in `data`.
    for (let from = 0, at = 0; from < count;) {
      let to = from
      while (
        to < count &&
        kinds[to] !== LOST &&
        indexes[to] === (indexes[from] as number) + to - from
      )
        to++
      if (to > from)
        this.#writePages(indexes[from] as number, data.subarray(at, at + (to - from) * pageSize))
      at += (to - from) * pageSize
      counts.copied += to - from
      if (to === from) {
        counts.unreadable++
        this.#noteLost(indexes[from] as number)
        to++
      }
      from = to
    }
  }

  async finish(isComplete: boolean): Promise<void> {
    this.#isFinished = true
    if (this.#lost.length > 0) this.#cutLost()
    if (!this.ok) this.#output.truncate(this.#dataEnd)
    this.#writeHeaders(isComplete && this.ok ? 0 : DUMP_ELF_INCOMPLETE)
    await this.drain()
  }

  #noteLost(index: number): void {
    const last = this.#lost.at(-1)
    if (last?.end === index) last.end++
    else this.#lost.push({ start: index, end: index + 1 })
  }

  /** Have headers leave out what is lost; where that would take too many, what follows it in a segment as well. */
  #cutLost(): void {
    const { dump, frames } = this.#content
    const count = (runs: readonly PfnRun[]): number =>
      runs.reduce((sum, { start, end }) => sum + end - start, 0)
    for (const cutsMax of [CUTS_MAX, 0]) {
      const runs = cutRuns(frames.runs, this.#lost, cutsMax)
      this.#loads = loadsOf(runs, frames.wanted, dump)
      if (this.#loads.length > this.#loadsMax) continue
      this.lostPages += frames.stored.total - count(this.#lost) - count(runs)
      return
    }
  }

  #writePages(index: number, bytes: Uint8Array): void {
    const { pageSize } = this.#content.dump
    const offset = this.#dataOffset + index * pageSize
    const wrote = this.ok ? Math.floor(this.#output.write(offset, bytes) / pageSize) : 0
    if (wrote > 0) this.#dataEnd = Math.max(this.#dataEnd, offset + wrote * pageSize)
    this.writtenBytes += bytes.length
    this.lostPages += bytes.length / pageSize - wrote
  }

  #writeHeaders(flags: number): void {
    const { dump } = this.#content
    const { littleEndian } = dump
    const bytes = new Uint8Array(this.#dataOffset)
    const view = new DataView(bytes.buffer)
    const count = 1 + this.#loads.length
    const isExtended = count >= PN_XNUM
    const sections = this.#notesOffset - elf64_shdr.size
    elf64_ehdr.write(view, 0, elfHeader(dump, flags, count, isExtended ? sections : 0), {
      littleEndian,
    })
    const note = { ...NO_LOAD, p_type: PT_NOTE, p_offset: this.#notesOffset }
    const size = { p_filesz: this.#notes.length, p_memsz: this.#notes.length }
    elf64_phdr.write(view, elf64_ehdr.size, { ...note, ...size }, { littleEndian })
    for (const [i, load] of this.#loads.entries()) {
      const at = elf64_ehdr.size + (1 + i) * elf64_phdr.size
      elf64_phdr.write(view, at, this.#programHeader(load), { littleEndian })
    }
    if (isExtended) {
      elf64_shdr.write(view, sections, { ...NO_SECTION, sh_info: count }, { littleEndian })
    }
    bytes.set(this.#notes, this.#notesOffset)
    this.#output.write(0, bytes)
  }

  /** Of a dump that was cut, no header promises bytes that are not there. */
  #programHeader({ run, virtual }: Load): Parameters<typeof elf64_phdr.write>[2] {
    const { pageSize } = this.#content.dump
    const offset = this.#dataOffset + run.index * pageSize
    const size = (run.end - run.start) * pageSize
    const has = this.#isFinished ? Math.max(0, this.#dataEnd - offset) : size
    const filesz = Math.min(size, has)
    return {
      ...NO_LOAD,
      p_type: PT_LOAD,
      p_flags: FLAGS_RWX,
      p_offset: offset,
      p_vaddr: virtual,
      p_paddr: BigInt(run.start * pageSize),
      p_filesz: filesz,
      p_memsz: (run.memEnd - run.start) * pageSize,
    }
  }
}

/** A PT_LOAD. */
interface Load {
  readonly run: ElfRun
  readonly virtual: bigint
}

/**
 * The PT_LOADs: all of memory, and before it what the input had mapped a second time (the kernel's image), as further
 * headers of the same bytes.
 */
function loadsOf(
  runs: readonly ElfRun[],
  wanted: Uint8Array,
  { pageSize, mapped = [] }: Dump,
): Load[] {
  const places = mergeMapped(mapped)
  const loads: Load[] = []
  const again: Load[] = []
  for (const run of runs) {
    const start = run.start * pageSize
    // The widest mapping is the direct map; others show parts of it.
    const main = places.find(({ physical, size }) => physical <= start && start < physical + size)
    const virtual = main ? main.virtual + BigInt(start - main.physical) : 0n
    loads.push({ run, virtual })
    for (const place of places) {
      if (place !== main) again.push(...mappedAgain(run, wanted, place, pageSize))
    }
  }
  return [...again, ...loads]
}

/** Join what is contiguous in both address spaces, as a dump cut into many PT_LOADs has it; the widest comes first. */
function mergeMapped(mapped: readonly MappedMemory[]): MappedMemory[] {
  const merged: { physical: number; virtual: bigint; size: number }[] = []
  for (const place of [...mapped].sort((a, b) => (a.virtual < b.virtual ? -1 : 1))) {
    const last = merged.at(-1)
    const gap = last ? place.physical - (last.physical + last.size) : -1
    const isNext = last && gap >= 0 && place.virtual - last.virtual === BigInt(last.size + gap)
    if (last && isNext) last.size += gap + place.size
    else merged.push({ ...place })
  }
  return merged.sort((a, b) => b.size - a.size).slice(0, PLACES_MAX)
}

/** The part of a run that `place` maps, as a load of its own; its bytes end with the last frame that is wanted. */
function mappedAgain(
  run: ElfRun,
  wanted: Uint8Array,
  place: MappedMemory,
  pageSize: number,
): Load[] {
  const start = Math.max(run.start, Math.ceil(place.physical / pageSize))
  const memEnd = Math.min(run.memEnd, Math.floor((place.physical + place.size) / pageSize))
  if (start >= memEnd) return []
  let end = Math.max(start, Math.min(run.end, memEnd))
  while (end > start && !testBit(wanted, end - 1)) end--
  const virtual = place.virtual + BigInt(start * pageSize - place.physical)
  const index = run.index + Math.min(start, run.end) - run.start
  return [{ run: { start, end, memEnd, index }, virtual }]
}

function eraseNotes(text: Uint8Array): ElfNote[] {
  return text.length === 0 ? [] : [{ name: 'ERASEINFO', type: 0, desc: text, descOffset: 0 }]
}

const NO_LOAD = {
  p_type: 0,
  p_flags: 0,
  p_offset: 0,
  p_vaddr: 0n,
  p_paddr: 0n,
  p_filesz: 0,
  p_memsz: 0,
  p_align: 0n,
}

const NO_SECTION = {
  sh_name: 0,
  sh_type: 0,
  sh_flags: 0n,
  sh_addr: 0n,
  sh_offset: 0,
  sh_size: 0,
  sh_link: 0,
  sh_info: 0,
  sh_addralign: 0n,
  sh_entsize: 0n,
}

function elfHeader(
  { littleEndian, utsname }: Dump,
  flags: number,
  count: number,
  sections: number,
): Parameters<typeof elf64_ehdr.write>[2] {
  return {
    ei_mag: littleEndian ? 0x464c_457f : 0x7f45_4c46,
    ei_class: 2,
    ei_data: littleEndian ? 1 : 2,
    ei_version: 1,
    ei_osabi: 0,
    ei_pad: 0n,
    e_type: ET_CORE,
    e_machine: MACHINES[utsname?.machine ?? ''] ?? 0,
    e_version: 1,
    e_entry: 0n,
    e_phoff: elf64_ehdr.size,
    e_shoff: sections,
    e_flags: flags,
    e_ehsize: elf64_ehdr.size,
    e_phentsize: elf64_phdr.size,
    e_phnum: Math.min(count, PN_XNUM),
    e_shentsize: sections > 0 ? elf64_shdr.size : 0,
    e_shnum: sections > 0 ? 1 : 0,
    e_shstrndx: 0,
  }
}
