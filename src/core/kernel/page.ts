// Page frames and their descriptors. Source: include/linux/mm_types.h, include/linux/page-flags.h, asm-generic/memory_model.h.
import { wrap64 } from '../base/addr.ts'
import { UnsupportedError } from '../base/errors.ts'
import { stripType } from '../debuginfo/type.ts'
import type { KObject } from '../program/kobject.ts'
import type { Program } from '../program/program.ts'

export type Page = KObject<'page'>

/**
 * The frame number of a `struct page`.
 *
 * @throws {UnsupportedError} where page descriptors are no single virtual array (no SPARSEMEM_VMEMMAP)
 * @source include/asm-generic/memory_model.h page_to_pfn()
 */
export function pageToPfn(page: Page): number {
  const { program } = page
  const base = vmemmapBase(program)
  return Number(wrap64(page.address - base)) / program.sizeof('struct page')
}

/**
 * The `struct page` of a frame; that there is one says nothing of whether the frame is memory.
 *
 * @throws {UnsupportedError} where page descriptors are no single virtual array (no SPARSEMEM_VMEMMAP)
 * @source include/asm-generic/memory_model.h pfn_to_page()
 */
export function pfnToPage(program: Program, pfn: number): Page {
  const base = vmemmapBase(program)
  return program.objectAt<'page'>(
    'struct page',
    wrap64(base + BigInt(pfn) * BigInt(program.sizeof('struct page'))),
  )
}

function vmemmapBase(program: Program): bigint {
  if (!program.hasSymbol('vmemmap_base'))
    throw new UnsupportedError('frame numbers of this memory model')
  return program.memory.u64(program.symbol('vmemmap_base'))
}

/** `page->flags`: the flag bits, with zone, node and section numbers above them. */
export function pageFlags(page: Page): bigint {
  // Since v6.18, commit 53fbef56e07d ("mm: introduce memdesc_flags_t"), the bits are in a struct with one member.
  return page.bigint('flags.f', 'flags')
}

/** Names of the flags set, without `PG_`, in the enum's order; a bit of several names by its first. */
export function pageFlagNames(program: Program, flags: bigint): string[] {
  const type = stripType(program.type('enum pageflags'))
  if (type.kind !== 'enum') return []
  const end = type.values.find(({ name }) => name === '__NR_PAGEFLAGS')?.value ?? 0n
  // What follows __NR_PAGEFLAGS is other names of the same bits.
  const first = type.values.slice(
    0,
    type.values.findIndex(({ name }) => name === '__NR_PAGEFLAGS'),
  )
  return first
    .filter(({ value }) => value < end && (flags >> value) & 1n)
    .map(({ name }) => name.replace(/^PG_/, ''))
}
