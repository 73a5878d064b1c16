// Sections: the pieces in which memory, and the descriptors of its page frames, come and go. Source: include/linux/mmzone.h, mm/sparse.c.
import { wrap64 } from '../base/addr.ts'
import { CorruptError } from '../base/errors.ts'
import type { KObject } from '../program/kobject.ts'
import type { Program } from '../program/program.ts'

export type MemSection = KObject<'mem_section'>

/** Low bits of section_mem_map. @source include/linux/mmzone.h */
export const SECTION_MARKED_PRESENT = 1n
export const SECTION_HAS_MEM_MAP = 2n
export const SECTION_IS_ONLINE = 4n
export const SECTION_IS_EARLY = 8n
export const SECTION_TAINT_ZONE_DEVICE = 16n
/** The map is page aligned: every bit below may be a flag, now or later. */
const SECTION_FLAG_MASK = 0xfffn

/** Sections are 128 MiB on x86-64. @source arch/x86/include/asm/sparsemem.h */
const SECTION_SIZE_BITS_DEFAULT = 27
/** 2^24 sections of 128 MiB are 2 PiB. */
const SECTIONS_MAX = 2 ** 24
/** A table of more roots is damage: 2^46 bytes of 128 MiB sections need 2048. */
const ROOTS_MAX = 2 ** 17

/** A section that is marked present. */
export interface PresentSection {
  /** Section number. */
  readonly nr: number
  readonly section: MemSection
  readonly pfnStart: number
  /** `section_mem_map` without its flags: where the descriptor of frame 0 would be. 0n without a map. */
  readonly codedMemMap: bigint
  /** The flags in its low bits. */
  readonly flags: bigint
}

/** Page frames of a section. @source include/linux/mmzone.h PAGES_PER_SECTION */
export function pagesPerSection(program: Program): number {
  // Since v5.13, commit 4f5aecdff25f ("crash_core, vmcoreinfo: append 'SECTION_SIZE_BITS' to vmcoreinfo"), it is told.
  const bits = program.info.number('SECTION_SIZE_BITS') ?? SECTION_SIZE_BITS_DEFAULT
  if (!(bits >= 16 && bits <= 40)) throw new CorruptError(0n, `sections of 2^${bits} bytes`)
  return 2 ** bits / program.memory.pageSize
}

/**
 * Walk the sections that are present, ascending.
 *
 * @throws {NotFoundError} symbol mem_section, in kernels without sparse memory
 * @throws {FaultError} after the good ones, if a table cannot be read
 * @source include/linux/mmzone.h __nr_to_section(), mm/internal.h for_each_present_section_nr()
 */
export function* forEachPresentSection(program: Program): Generator<PresentSection> {
  const pages = pagesPerSection(program)
  const { entrySize, perRoot, rootTable, rootCount } = rootsOf(program)
  const map = program.offsetof('struct mem_section', 'section_mem_map')
  for (let root = 0; root < rootCount; root++) {
    const table = program.memory.u64(wrap64(rootTable + BigInt(root * 8)))
    if (table === 0n) continue
    for (let i = 0; i < perRoot; i++) {
      const address = wrap64(table + BigInt(i * entrySize))
      const coded = program.memory.u64(wrap64(address + BigInt(map)))
      if ((coded & SECTION_MARKED_PRESENT) === 0n) continue
      const nr = root * perRoot + i
      yield {
        nr,
        section: program.objectAt('struct mem_section', address),
        pfnStart: nr * pages,
        codedMemMap: coded & ~SECTION_FLAG_MASK,
        flags: coded & SECTION_FLAG_MASK,
      }
    }
  }
}

interface SectionRoots {
  readonly entrySize: number
  readonly perRoot: number
  /** Array of pointers to arrays of sections. */
  readonly rootTable: bigint
  readonly rootCount: number
}

function rootsOf(program: Program): SectionRoots {
  const entrySize = program.sizeof('struct mem_section')
  const perRoot = Math.max(1, Math.floor(program.memory.pageSize / entrySize))
  const roots = program.info.length('mem_section') ?? 0
  // Since v4.15, commit 83e3c48729d9 ("mm/sparsemem: Allocate mem_section at runtime for
  // CONFIG_SPARSEMEM_EXTREME=y"), the variable is a pointer to the table.
  const rootTable = program.memory.u64(program.symbol('mem_section'))
  const rootCount = Math.min(roots, ROOTS_MAX, Math.ceil(SECTIONS_MAX / perRoot))
  return { entrySize, perRoot, rootTable, rootCount }
}
