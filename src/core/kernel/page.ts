// Page frames and their descriptors. Source: include/linux/mm_types.h, include/linux/page-flags.h, asm-generic/memory_model.h.
import { hi32, wrap64 } from '../base/addr.ts'
import { NotFoundError, UnsupportedError } from '../base/errors.ts'
import { stripType } from '../debuginfo/type.ts'
import type { KObject } from '../program/kobject.ts'
import type { Program } from '../program/program.ts'
import { forEachPresentSection } from './sparse.ts'

export type Page = KObject<'page'>

/** v4.18 to v6.10, a type is a bit cleared in page_type, below this. @source include/linux/page-flags.h */
const PAGE_TYPE_BASE = 0xf000_0000
/** Since v6.12, a type is the top byte of page_type. @source include/linux/page-flags.h */
const PAGE_TYPE_SHIFT = 24

/**
 * Where the descriptor of frame 0 is, or would be.
 *
 * @throws {UnsupportedError} where page descriptors are no single virtual array (no SPARSEMEM_VMEMMAP)
 */
export function vmemmapBase(program: Program): bigint {
  if (program.hasSymbol('vmemmap_base')) return program.memory.u64(program.symbol('vmemmap_base'))
  // Without a memory layout chosen at boot it is a constant, which the sections tell.
  const [first] = program.hasSymbol('mem_section') ? forEachPresentSection(program) : []
  if (first === undefined || first.codedMemMap === 0n)
    throw new UnsupportedError('frame numbers of this memory model')
  return first.codedMemMap
}

/** The frame number of a `struct page`. @throws {UnsupportedError} see vmemmapBase(). @source include/asm-generic/memory_model.h page_to_pfn() */
export function pageToPfn(page: Page): number {
  const { program } = page
  return Number(wrap64(page.address - vmemmapBase(program))) / program.sizeof('struct page')
}

/** The descriptor of a frame; whether there is one, only reading it tells. @source include/asm-generic/memory_model.h pfn_to_page() */
export function pfnToPage(program: Program, pfn: number): Page {
  const offset = BigInt(pfn) * BigInt(program.sizeof('struct page'))
  return program.objectAt('struct page', wrap64(vmemmapBase(program) + offset))
}

/** The descriptor of the frame that a kernel address is mapped to, be it by page tables. @throws {FaultError} if to none */
export function virtToPage(program: Program, address: bigint): Page {
  const { memory } = program
  return pfnToPage(program, Math.floor(memory.toPhysical(address) / memory.pageSize))
}

/** Physical address of a page. @source include/linux/io.h page_to_phys() */
export function pageToPhys(page: Page): number {
  return pageToPfn(page) * page.program.memory.pageSize
}

/** Address of a page in the direct map. @source include/linux/mm.h page_address() */
export function pageAddress(page: Page): bigint {
  return physToVirt(page.program, pageToPhys(page))
}

/** Address in the direct map. @throws {NotFoundError} if its start is unknown. @source arch/x86/include/asm/io.h phys_to_virt() */
export function physToVirt(program: Program, physical: number): bigint {
  if (program.directMapBase === undefined) throw new NotFoundError('symbol', 'page_offset_base')
  return wrap64(program.directMapBase + BigInt(physical))
}

/** Is this an address of the direct map, for memory the dump speaks of? */
export function isDirectMap(program: Program, address: bigint): boolean {
  const { directMapBase, dump, memory } = program
  if (directMapBase === undefined || address < directMapBase) return false
  return address - directMapBase < BigInt(dump.pfnEnd * memory.pageSize)
}

/** Where in the array of descriptors an address lies: the page whose descriptor holds it; undefined if it is no address of the array. */
export function pageOfDescriptor(program: Program, address: bigint): Page | undefined {
  const base = vmemmapBase(program)
  const size = BigInt(program.sizeof('struct page'))
  if (address < base || address - base >= BigInt(program.dump.pfnEnd) * size) return undefined
  return program.objectAt('struct page', address - ((address - base) % size))
}

/** `page->flags`: the flag bits, with zone, node and section numbers above them. */
export function pageFlags(page: Page): bigint {
  // Since v6.18, commit 53fbef56e07d ("mm: introduce memdesc_flags_t"), the bits are in a struct with one member.
  return page.bigint('flags.f', 'flags')
}

/** A flag's name, bit and place in the enum. */
export interface PageFlag {
  /** `PG_locked`. */
  readonly name: string
  readonly bit: number
  /** Another name of a bit that has one: the enum has these behind __NR_PAGEFLAGS. */
  readonly isAlias: boolean
}

const flagLists = new WeakMap<Program, readonly PageFlag[]>()

/** The flags this kernel knows, in the enum's order, __NR_PAGEFLAGS left out. */
export function pageFlagList(program: Program): readonly PageFlag[] {
  let flags = flagLists.get(program)
  if (!flags) flagLists.set(program, (flags = readFlagList(program)))
  return flags
}

function readFlagList(program: Program): readonly PageFlag[] {
  const type = stripType(program.type('enum pageflags'))
  if (type.kind !== 'enum') return []
  const end = type.values.findIndex(({ name }) => name === '__NR_PAGEFLAGS')
  return type.values
    .map(({ name, value }, i) => ({ name, bit: Number(value), isAlias: end >= 0 && i > end }))
    .filter(({ name, bit }) => name !== '__NR_PAGEFLAGS' && bit >= 0 && bit < 64)
}

/** Names of the flags set, without `PG_`, in the enum's order; a bit of several names by its first. */
export function pageFlagNames(program: Program, flags: bigint): string[] {
  return pageFlagList(program)
    .filter(({ bit, isAlias }) => !isAlias && (flags >> BigInt(bit)) & 1n)
    .map(({ name }) => name.replace(/^PG_/, ''))
}

/** Is a flag set? @param name `PG_head`; one this kernel does not have is never set */
export function pageHasFlag(page: Page, name: string): boolean {
  const bit = pageFlagBit(page.program, name)
  return bit !== undefined && ((pageFlags(page) >> BigInt(bit)) & 1n) === 1n
}

function pageFlagBit(program: Program, name: string): number | undefined {
  return pageFlagList(program).find((flag) => flag.name === name)?.bit
}

/**
 * The head of the compound page a page belongs to; itself if to none.
 *
 * @source include/linux/page-flags.h compound_head()
 */
export function compoundHead(page: Page): Page {
  const { program } = page
  // Since v7.1, commit d50569612c29 ("mm: rename the 'compound_head' field in the 'struct page' to 'compound_info'").
  const info = page.bigint('compound_info', 'compound_head')
  if ((info & 1n) === 0n) return fakeHead(page) ?? page
  // Since v7.1, commit 8c846c879e22 ("mm: rework compound_head() for power-of-2 sizeof(struct page)"), it may be the
  // mask that leads from any tail to its head. No array of descriptors lies in the last 4 GiB, which are the kernel's.
  if (page.has('compound_info') && hi32(info) === 0xffff_ffff)
    return program.objectAt('struct page', page.address & (info & ~1n))
  return program.objectAt('struct page', info - 1n)
}

/**
 * Where the descriptors of a huge page's tails share pages with those of its head, tails look like heads.
 *
 * v5.16 to v7.0, with CONFIG_HUGETLB_PAGE_OPTIMIZE_VMEMMAP.
 *
 * @source include/linux/page-flags.h page_fixed_fake_head()
 */
function fakeHead(page: Page): Page | undefined {
  const { program } = page
  if (page.has('compound_info') || page.address % BigInt(program.memory.pageSize) !== 0n)
    return undefined
  if (!pageHasFlag(page, 'PG_head')) return undefined
  const head = nextPage(page).bigint('compound_head')
  return (head & 1n) === 0n ? undefined : program.objectAt('struct page', head - 1n)
}

/** Pages of the compound page `head` leads, as a power of two; 0 for a single page. @source include/linux/mm.h compound_order() */
export function compoundOrder(head: Page): number {
  const { program } = head
  if (!pageHasFlag(head, 'PG_head')) return 0
  const folio = program.hasType('struct folio')
    ? program.objectAt('struct folio', head.address)
    : undefined
  // v6.0 to v6.5 a member of the folio; of the second page before.
  const member = folio?.find('_folio_order')
  if (member) return member.number()
  const second = nextPage(head).find('compound_order')
  if (second) return second.number()
  // Since v6.6, commit ebc1baf5c9b4 ("mm: free up a word in the first tail page"), the low byte of the second page's flags.
  return Number((folio?.bigint('_flags_1.f', '_flags_1') ?? 0n) & 0xffn)
}

/** What a page is used for, as far as its descriptor says so by a type. */
export function pageType(page: Page): string | undefined {
  const { program } = page
  // Since v5.17 many descriptors are looked at as something else (struct slab, struct ptdesc); all keep the type here.
  const value = page.find('page_type')?.number()
  if (value === undefined) return undefined
  return typeNames(program).find(({ matches }) => matches(value >>> 0))?.name
}

/** Does a page belong to the slab allocator? Ask the head of a compound page. @source include/linux/page-flags.h PageSlab() */
export function pageIsSlab(page: Page): boolean {
  // Since v6.10, commit 46df8e73a4a3 ("mm: free up PG_slab"), it is a page type.
  return pageHasFlag(page, 'PG_slab') || pageType(page) === 'slab'
}

/** Is a page free, and the head of a block of the page allocator? @source include/linux/page-flags.h PageBuddy() */
export function pageIsBuddy(page: Page): boolean {
  return pageType(page) === 'buddy'
}

/** Test of raw descriptors at an offset, for loops over all of memory: is a page of this type? */
export function pageTest(
  program: Program,
  name: 'slab' | 'buddy',
): (view: DataView, at: number) => boolean {
  const { littleEndian } = program.memory
  const bit = pageFlagBit(program, `PG_${name}`)
  if (bit !== undefined) {
    // The flags word is 64 bits wide, its first byte the lowest or the highest.
    const byte =
      program.offsetof('struct page', 'flags') + (littleEndian ? bit >> 3 : 7 - (bit >> 3))
    const mask = 1 << (bit & 7)
    return (view, at) => (view.getUint8(at + byte) & mask) !== 0
  }
  const offset = program.objectAt('struct page', 0n).has('page_type')
    ? Number(program.objectAt('struct page', 0n).get('page_type').address)
    : undefined
  const type = typeNames(program).find((candidate) => candidate.name === name)
  if (offset === undefined || type === undefined) return () => false
  return (view, at) => type.matches(view.getUint32(at + offset, littleEndian))
}

interface TypeName {
  readonly name: string
  readonly matches: (value: number) => boolean
}

const typeNameTables = new WeakMap<Program, readonly TypeName[]>()

function typeNames(program: Program): readonly TypeName[] {
  let names = typeNameTables.get(program)
  if (!names) typeNameTables.set(program, (names = readTypeNames(program)))
  return names
}

function readTypeNames(program: Program): readonly TypeName[] {
  const type = program.hasType('enum pagetype')
    ? stripType(program.type('enum pagetype'))
    : undefined
  if (type?.kind === 'enum') {
    const values = type.values.map(({ name, value }) => [name, Number(value) >>> 0] as const)
    // Since v6.12, commit 4ffca5a96678 ("mm: support only one page_type per page"), the top byte is the type.
    const numbers = values.filter(
      ([name]) => name.startsWith('PGTY_') && name !== 'PGTY_mapcount_underflow',
    )
    if (numbers.length > 0)
      return numbers.map(([name, number]) => ({
        name: name.slice(5),
        matches: (at: number) => at >>> PAGE_TYPE_SHIFT === number,
      }))
    // v6.11: the bit that is cleared below a base.
    const base = values.find(([name]) => name === 'PAGE_TYPE_BASE')?.[1] ?? PAGE_TYPE_BASE
    return values
      .filter(([name]) => name.startsWith('PG_'))
      .map(([name, bit]) => clearedBit(name.slice(3), bit, base))
  }
  // Before v6.11 they are macros; dump tools are told of some.
  return MACRO_TYPES.flatMap(({ key, name }) => {
    const value = program.info.number(key)
    return value === undefined ? [] : [clearedBit(name, ~value >>> 0, PAGE_TYPE_BASE)]
  })
}

const clearedBit = (name: string, bit: number, base: number): TypeName => ({
  name,
  matches: (value) => (value & (base | bit)) >>> 0 === base,
})

/** @source kernel/vmcore_info.c */
const MACRO_TYPES = [
  { key: 'PAGE_BUDDY_MAPCOUNT_VALUE', name: 'buddy' },
  { key: 'PAGE_OFFLINE_MAPCOUNT_VALUE', name: 'offline' },
  { key: 'PAGE_SLAB_MAPCOUNT_VALUE', name: 'slab' },
  { key: 'PAGE_HUGETLB_MAPCOUNT_VALUE', name: 'hugetlb' },
]

/** Number of the memory node a page is of. @source include/linux/mm.h page_to_nid() */
export function pageNode(page: Page): number {
  const { nodeBits } = flagsLayout(page.program)
  return nodeBits === 0 ? 0 : Number(pageFlags(page) >> BigInt(64 - nodeBits))
}

/** Number of the zone a page is of, within its node. @source include/linux/mm.h page_zonenum() */
export function pageZone(page: Page): number {
  const { nodeBits, zoneBits } = flagsLayout(page.program)
  const shifted = pageFlags(page) >> BigInt(64 - nodeBits - zoneBits)
  return Number(shifted & ((1n << BigInt(zoneBits)) - 1n))
}

/** What lies above the flags, from the top: [section, where descriptors are no virtual array] node, zone. @source include/linux/page-flags-layout.h */
function flagsLayout(program: Program): { nodeBits: number; zoneBits: number } {
  // LENGTH(node_data) is MAX_NUMNODES, a power of two; kernels for one node have contig_page_data and no such bits.
  const nodes = program.hasSymbol('contig_page_data') ? 1 : (program.info.length('node_data') ?? 1)
  const zones = program.objectAt('struct pglist_data', 0n).get('node_zones').length
  return { nodeBits: Math.ceil(Math.log2(nodes)), zoneBits: Math.ceil(Math.log2(zones)) }
}

function nextPage(page: Page): Page {
  const { program } = page
  return program.objectAt(
    'struct page',
    wrap64(page.address + BigInt(program.sizeof('struct page'))),
  )
}
