// ELF core dumps of a whole machine: /proc/vmcore, makedumpfile -E, QEMU dump-guest-memory.
import { FormatError } from '../base/errors.ts'
import { parseElfFile, isElf, type ElfFile } from '../elf/elf_file.ts'
import {
  DUMP_ELF_INCOMPLETE,
  EM_AARCH64,
  EM_X86_64,
  ET_CORE,
  PT_LOAD,
  PT_NOTE,
} from '../elf/elf_layout.ts'
import type { ElfNote } from '../elf/elf_note.ts'
import { readNotes } from '../elf/read_notes.ts'
import type { Source } from '../io/source.ts'
import type { Dump, DumpFormat, PageState, PfnRun } from './dump_format.ts'
import { disjointSegments, type Segment, SegmentMemory } from './segment_memory.ts'

const PAGE_SIZE_DEFAULT = 4096

export const elf: DumpFormat = { name: 'elf', probe: isElf, open: openElf }

/**
 * Open an ELF vmcore.
 *
 * @throws {FormatError} if headers leave the file, or it is no core file of a machine
 */
export function openElf(source: Source): Dump {
  const file = parseElfFile(source)
  if (file.header.e_type !== ET_CORE) {
    throw new FormatError(
      source.name,
      16,
      `ELF type is ${file.header.e_type}, expected 4 (core): not a vmcore`,
    )
  }
  const noteHeaders = file.programHeaders.filter(({ p_type }) => p_type === PT_NOTE)
  const noteRanges = noteHeaders.map(({ p_offset, p_filesz }) => ({
    offset: p_offset,
    size: p_filesz,
  }))
  const notes = readNotes(source, noteRanges, file.littleEndian)
  const segments = disjointSegments(loadSegments(source, file))
  if (segments.length === 0)
    throw new FormatError(source.name, file.header.e_phoff, 'no PT_LOAD segment')
  const vmcoreinfo = notes.find((note) => note.name === 'VMCOREINFO')?.desc
  return new ElfDumpImpl(source, file, notes, segments, vmcoreinfo)
}

/** The PT_LOADs as runs of physical memory. */
function loadSegments(source: Source, file: ElfFile): Segment[] {
  const loads: Segment[] = []
  file.programHeaders.forEach((header, index) => {
    if (header.p_type !== PT_LOAD || header.p_memsz === 0) return
    const start = Number(header.p_paddr)
    if (!Number.isSafeInteger(start) || !Number.isSafeInteger(start + header.p_memsz)) {
      // QEMU and /proc/kcore have segments without a physical address (-1): nothing to index.
      if (header.p_paddr === 0xffff_ffff_ffff_ffffn) return
      const at = file.header.e_phoff + index * file.header.e_phentsize
      throw new FormatError(source.name, at, `PT_LOAD ${index}: physical range exceeds 2^53`)
    }
    const filesz = Math.min(header.p_filesz, header.p_memsz)
    loads.push({
      start,
      fileEnd: start + filesz,
      memEnd: start + header.p_memsz,
      offset: header.p_offset,
    })
  })
  return loads
}

class ElfDumpImpl implements Dump {
  readonly format = 'elf'
  readonly file: string
  readonly pageSize: number
  readonly pfnEnd: number
  readonly littleEndian: boolean
  readonly incomplete: boolean
  readonly dumpLevel = undefined
  readonly utsname: Dump['utsname']
  readonly timestamp = 0
  readonly physBase = undefined
  readonly notes: readonly ElfNote[]
  readonly vmcoreinfo: Uint8Array | undefined
  readonly #memory: SegmentMemory

  constructor(
    source: Source,
    file: ElfFile,
    notes: readonly ElfNote[],
    segments: readonly Segment[],
    vmcoreinfo: Uint8Array | undefined,
  ) {
    this.file = source.name
    this.littleEndian = file.littleEndian
    this.notes = notes
    this.vmcoreinfo = vmcoreinfo
    this.pageSize = vmcoreinfoPageSize(vmcoreinfo) ?? PAGE_SIZE_DEFAULT
    this.#memory = new SegmentMemory(source, segments, this.pageSize)
    this.pfnEnd = this.#memory.pfnEnd
    this.utsname = {
      release: '',
      machine: machineName(file.header.e_machine),
      nodename: '',
      version: '',
    }
    this.incomplete = this.#memory.isCut || (file.header.e_flags & DUMP_ELF_INCOMPLETE) !== 0
  }

  pageState(pfn: number): PageState {
    return this.#memory.pageState(pfn)
  }

  pfnRuns(what: 'existing' | 'present'): PfnRun[] {
    return this.#memory.pfnRuns(what)
  }

  readPhysical(physical: number, into: Uint8Array): void {
    this.#memory.read(physical, into)
  }

  [Symbol.dispose](): void {
    this.#memory[Symbol.dispose]()
  }
}

function machineName(machine: number): string {
  if (machine === EM_X86_64) return 'x86_64'
  return machine === EM_AARCH64 ? 'aarch64' : `ELF machine ${machine}`
}

function vmcoreinfoPageSize(vmcoreinfo: Uint8Array | undefined): number | undefined {
  if (!vmcoreinfo) return undefined
  const match = /^PAGESIZE=(\d+)$/m.exec(new TextDecoder('latin1').decode(vmcoreinfo))
  const size = Number(match?.[1])
  return size >= 4096 && size <= 65536 && (size & (size - 1)) === 0 ? size : undefined
}
