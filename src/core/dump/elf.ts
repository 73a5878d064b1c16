// ELF core dumps of a whole machine: /proc/vmcore, makedumpfile -E, QEMU dump-guest-memory.
import { FaultError, FormatError } from '../base/errors.ts'
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
import { blockCache } from '../io/block_cache.ts'
import type { Source } from '../io/source.ts'
import type { Dump, DumpFormat, PageState } from './dump_format.ts'

const PAGE_SIZE_DEFAULT = 4096

/** One run of physical memory: `[start, fileEnd)` has bytes in the file, `[fileEnd, memEnd)` was filtered out. */
export interface Segment {
  readonly start: number
  readonly fileEnd: number
  readonly memEnd: number
  /** File offset of `start`. */
  readonly offset: number
}

export const elf: DumpFormat = { name: 'elf', probe: isElf, open: openElf }

/** An opened ELF dump; `segments` are disjoint and in physical order. */
export interface ElfDump extends Dump {
  readonly segments: readonly Segment[]
}

/**
 * Open an ELF vmcore.
 *
 * @throws {FormatError} if headers leave the file, or it is no core file of a machine
 */
export function openElf(source: Source): ElfDump {
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
  const segments = disjointSegments(source, file)
  if (segments.length === 0)
    throw new FormatError(source.name, file.header.e_phoff, 'no PT_LOAD segment')
  const vmcoreinfo = notes.find((note) => note.name === 'VMCOREINFO')?.desc
  return new ElfDumpImpl(source, file, notes, segments, vmcoreinfo)
}

/**
 * /proc/vmcore maps kernel text twice (once more inside its RAM segment), so segments overlap. Of two
 * that hold a byte the first is taken; one that holds it goes before one that leaves it out.
 */
function disjointSegments(source: Source, file: ElfFile): Segment[] {
  const result: Segment[] = []
  for (const load of loadSegments(source, file)) {
    const last = result.at(-1)
    const start = Math.max(load.start, last?.fileEnd ?? 0)
    if (start >= load.fileEnd) {
      addHole(result, load)
      continue
    }
    const memEnd = Math.max(load.memEnd, last?.memEnd ?? 0)
    if (last && last.memEnd > start) result[result.length - 1] = { ...last, memEnd: start }
    if (last && last.start === start) result.pop()
    result.push({
      start,
      fileEnd: load.fileEnd,
      memEnd,
      offset: load.offset + (start - load.start),
    })
  }
  return result
}

/** Note what `load` has no bytes for; a later segment may have them, so holes that touch become one. */
function addHole(result: Segment[], load: Segment): void {
  const last = result.at(-1)
  if (!last || load.start > last.memEnd) result.push({ ...load, fileEnd: load.start })
  else if (load.memEnd > last.memEnd) result[result.length - 1] = { ...last, memEnd: load.memEnd }
}

/** The PT_LOADs in physical order. */
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
  return loads.sort((a, b) => a.start - b.start || b.memEnd - a.memEnd)
}

class ElfDumpImpl implements ElfDump {
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
  readonly segments: readonly Segment[]
  readonly #source: Source
  #last: Segment

  constructor(
    source: Source,
    file: ElfFile,
    notes: readonly ElfNote[],
    segments: readonly Segment[],
    vmcoreinfo: Uint8Array | undefined,
  ) {
    this.file = source.name
    this.#source = blockCache(source)
    this.littleEndian = file.littleEndian
    this.notes = notes
    this.segments = segments
    this.vmcoreinfo = vmcoreinfo
    this.#last = segments[0] as Segment
    this.pageSize = vmcoreinfoPageSize(vmcoreinfo) ?? PAGE_SIZE_DEFAULT
    this.pfnEnd = Math.ceil((segments.at(-1) as Segment).memEnd / this.pageSize)
    this.utsname = {
      release: '',
      machine: machineName(file.header.e_machine),
      nodename: '',
      version: '',
    }
    const truncated = segments.some((s) => s.offset + (s.fileEnd - s.start) > source.size)
    this.incomplete = truncated || (file.header.e_flags & DUMP_ELF_INCOMPLETE) !== 0
  }

  pageState(pfn: number): PageState {
    const segment = this.#find(pfn * this.pageSize)
    if (!segment) return 'absent'
    return pfn * this.pageSize < segment.fileEnd ? 'present' : 'excluded'
  }

  readPhysical(physical: number, into: Uint8Array): void {
    let done = 0
    while (done < into.length) {
      const at = physical + done
      const segment = this.#find(at)
      if (!segment) {
        const reason = at >= this.pfnEnd * this.pageSize ? 'out-of-range' : 'not-present'
        throw new FaultError(BigInt(at), 'physical', reason)
      }
      if (at >= segment.fileEnd) throw new FaultError(BigInt(at), 'physical', 'excluded')
      const length = Math.min(into.length - done, segment.fileEnd - at)
      const part = done === 0 && length === into.length ? into : into.subarray(done, done + length)
      const got = this.#source.read(segment.offset + (at - segment.start), part)
      if (got !== length) throw new FaultError(BigInt(at + got), 'physical', 'truncated')
      done += length
    }
  }

  [Symbol.dispose](): void {
    this.#source[Symbol.dispose]()
  }

  #find(physical: number): Segment | undefined {
    const last = this.#last
    if (physical >= last.start && physical < last.memEnd) return last
    let low = 0
    let high = this.segments.length - 1
    while (low <= high) {
      const middle = (low + high) >> 1
      const segment = this.segments[middle] as Segment
      if (physical < segment.start) high = middle - 1
      else if (physical >= segment.memEnd) low = middle + 1
      else return (this.#last = segment)
    }
    return undefined
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
