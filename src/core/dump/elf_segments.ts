// The PT_LOADs of an ELF dump as runs of physical memory. Source: fs/proc/kcore.c, fs/proc/vmcore.c, qemu dump/dump.c.
import { FormatError } from '../base/errors.ts'
import type { ElfFile, ElfProgramHeader } from '../elf/elf_file.ts'
import { PT_LOAD } from '../elf/elf_layout.ts'
import type { Segment } from './segment_memory.ts'

/** p_paddr of what has no physical address of its own: vmalloc and vmemmap of /proc/kcore, devices of QEMU. */
const NO_ADDRESS = 0xffff_ffff_ffff_ffffn
const NO_ADDRESS_32 = 0xffff_ffffn
/** The direct map of every layout of x86-64 begins at a multiple of this. */
const DIRECT_MAP_ALIGNMENT = 2n ** 30n
/** What x86-64 maps directly with 4 levels. A kernel of 5 levels says physical addresses. */
const DIRECT_MAP_SIZE = 2 ** 46

/**
 * Find the runs of physical memory.
 *
 * @param isLive whether this is /proc/kcore: there what lies beyond 2^53 is some other view of memory, elsewhere damage
 * @throws {FormatError} if a range exceeds 2^53
 */
export function loadSegments(file: string, elf: ElfFile, isLive: boolean): Segment[] {
  const headers = elf.programHeaders.filter(
    ({ p_type, p_memsz }) => p_type === PT_LOAD && p_memsz > 0,
  )
  if (isLive && headers.every(({ p_paddr }) => p_paddr === 0n)) return directMapSegments(headers)
  const segments: Segment[] = []
  elf.programHeaders.forEach((header, index) => {
    if (header.p_type !== PT_LOAD || header.p_memsz === 0) return
    if (header.p_paddr === (elf.bits === 64 ? NO_ADDRESS : NO_ADDRESS_32)) return
    const problem = findInexact(header)
    if (problem === '') segments.push(toSegment(header, Number(header.p_paddr)))
    else if (!isLive) {
      const at = elf.header.e_phoff + index * elf.header.e_phentsize
      throw new FormatError(file, at, problem.replace('#', String(index)))
    }
  })
  return segments
}

/** Name what exceeds 2^53; '' for nothing. */
function findInexact({ p_offset, p_filesz, p_memsz, p_paddr }: ElfProgramHeader): string {
  if (![p_offset, p_filesz, p_memsz].every(Number.isSafeInteger))
    return 'program header # has an offset or size above 2^53'
  return Number.isSafeInteger(Number(p_paddr) + p_memsz)
    ? ''
    : 'PT_LOAD #: physical range exceeds 2^53'
}

/**
 * Before v4.11, commit 464920104bf7 ("/proc/kcore: update physical address for kcore ram and text"), p_paddr is 0.
 * Offsets are virtual addresses less the direct map's start, more the size of the headers; that one is less than the
 * alignment of the start, which therefore drops out.
 */
function directMapSegments(headers: readonly ElfProgramHeader[]): Segment[] {
  return headers
    .map((header) => {
      const headersSize = Number(
        BigInt.asUintN(64, BigInt(header.p_offset) - header.p_vaddr) % DIRECT_MAP_ALIGNMENT,
      )
      return toSegment(header, header.p_offset - headersSize)
    })
    .filter(({ start, memEnd }) => start >= 0 && memEnd <= DIRECT_MAP_SIZE)
}

function toSegment({ p_offset, p_filesz, p_memsz }: ElfProgramHeader, start: number): Segment {
  return {
    start,
    fileEnd: start + Math.min(p_filesz, p_memsz),
    memEnd: start + p_memsz,
    offset: p_offset,
  }
}
