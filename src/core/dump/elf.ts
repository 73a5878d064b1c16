// ELF core dumps of a whole machine: /proc/vmcore, makedumpfile -E, QEMU dump-guest-memory, and /proc/kcore, which is
// the living machine in the clothes of a dump.
import { FormatError } from '../base/errors.ts'
import { parseElfFile, isElf, type ElfFile } from '../elf/elf_file.ts'
import {
  DUMP_ELF_INCOMPLETE,
  EM_386,
  EM_AARCH64,
  EM_ARM,
  EM_LOONGARCH,
  EM_PPC64,
  EM_RISCV,
  EM_S390,
  EM_X86_64,
  ET_CORE,
  PT_LOAD,
  PT_NOTE,
} from '../elf/elf_layout.ts'
import { NT_TASKSTRUCT, type ElfNote } from '../elf/elf_note.ts'
import { readNotes } from '../elf/read_notes.ts'
import type { Source } from '../io/source.ts'
import type { DumpDescription } from './dump_description.ts'
import type { Dump, DumpFormat, MappedMemory, PageState, PfnRun } from './dump_format.ts'
import { loadSegments } from './elf_segments.ts'
import { eraseinfoOfNotes } from './eraseinfo.ts'
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
  // Of all ELF dumps only /proc/kcore has the task that reads it among its notes.
  const isLive = notes.some(({ name, type }) => name === 'CORE' && type === NT_TASKSTRUCT)
  const segments = disjointSegments(loadSegments(source.name, file, isLive))
  if (segments.length === 0)
    throw new FormatError(source.name, file.header.e_phoff, 'no PT_LOAD segment')
  return new ElfDumpImpl(source, file, { notes, segments, isLive })
}

interface Content {
  readonly notes: readonly ElfNote[]
  readonly segments: readonly Segment[]
  readonly isLive: boolean
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
  readonly isLive: boolean
  readonly mapped: readonly MappedMemory[]
  readonly #memory: SegmentMemory
  readonly #bits: 32 | 64
  readonly #isMarkedIncomplete: boolean

  constructor(source: Source, file: ElfFile, { notes, segments, isLive }: Content) {
    this.file = source.name
    this.littleEndian = file.littleEndian
    this.notes = notes
    this.vmcoreinfo = notes.find((note) => note.name === 'VMCOREINFO')?.desc
    this.isLive = isLive
    this.mapped = file.programHeaders
      .filter(({ p_type, p_memsz }) => p_type === PT_LOAD && p_memsz > 0)
      .map((load) => ({
        physical: Number(load.p_paddr),
        virtual: load.p_vaddr,
        size: load.p_memsz,
      }))
    this.pageSize = vmcoreinfoPageSize(this.vmcoreinfo) ?? PAGE_SIZE_DEFAULT
    this.#memory = new SegmentMemory(source, segments, this.pageSize)
    this.pfnEnd = this.#memory.pfnEnd
    this.utsname = {
      release: '',
      machine: machineName(file),
      nodename: '',
      version: '',
    }
    this.#bits = file.bits
    this.#isMarkedIncomplete = (file.header.e_flags & DUMP_ELF_INCOMPLETE) !== 0
    this.incomplete = this.#memory.isCut || this.#isMarkedIncomplete
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

  get eraseinfo(): string {
    return eraseinfoOfNotes(this.notes)
  }

  describe(): DumpDescription {
    return {
      headerVersion: undefined,
      bits: this.#bits,
      isMarkedIncomplete: this.#isMarkedIncomplete,
      storage: this.#memory.survey(),
      parts: [],
      eraseinfo: this.eraseinfo,
    }
  }

  [Symbol.dispose](): void {
    this.#memory[Symbol.dispose]()
  }
}

/** utsname's words for the machines of ELF. */
const MACHINES: Readonly<Record<number, string>> = {
  [EM_386]: 'i686',
  [EM_S390]: 's390x',
  [EM_ARM]: 'arm',
  [EM_X86_64]: 'x86_64',
  [EM_AARCH64]: 'aarch64',
}

function machineName({ header, bits, littleEndian }: ElfFile): string {
  const { e_machine } = header
  if (e_machine === EM_PPC64) return littleEndian ? 'ppc64le' : 'ppc64'
  if (e_machine === EM_RISCV) return `riscv${bits}`
  if (e_machine === EM_LOONGARCH) return `loongarch${bits}`
  return MACHINES[e_machine] ?? `ELF machine ${e_machine}`
}

function vmcoreinfoPageSize(vmcoreinfo: Uint8Array | undefined): number | undefined {
  if (!vmcoreinfo) return undefined
  const match = /^PAGESIZE=(\d+)$/m.exec(new TextDecoder('latin1').decode(vmcoreinfo))
  const size = Number(match?.[1])
  return size >= 4096 && size <= 65536 && (size & (size - 1)) === 0 ? size : undefined
}
