// Where the kernel's array of `struct page` lies: one virtual address per section (sparsemem), or one for all.
// Source: include/linux/mmzone.h (__nr_to_section, sparse_decode_mem_map), makedumpfile's memory models.
import { CorruptError, NotFoundError } from '../../core/base/errors.ts'
import type { TypeFacts } from '../../core/debuginfo/type_facts.ts'
import type { VmcoreInfo } from '../../core/debuginfo/vmcoreinfo.ts'

/** The pages of frames `[pfnStart, pfnEnd)` begin at `address`. */
export interface MemMap {
  readonly pfnStart: number
  readonly pfnEnd: number
  readonly address: bigint
}

/** Reads kernel memory. @throws {FaultError} */
export type ReadVirtual = (address: bigint, into: Uint8Array) => void

const SECTION_MARKED_PRESENT = 1n
/** Sections are 128 MiB mostly, 2^24 to 2^30 bytes elsewhere. */
const SECTION_SIZE_BITS_DEFAULT = 27
const SECTION_SIZE_BITS_MIN = 16
const SECTION_SIZE_BITS_MAX = 40
const PAGE_SIZE_MAX = 65536
/**
 * Flags in the low bits of section_mem_map: 2 in 2.6.24, 5 since 5.12, more to come. The map itself is page
 * aligned, so all bits below a page may be flags.
 */
const FLAG_BITS = 0xfffn
/** 2^24 sections of 128 MiB are 2 PiB. */
const SECTIONS_MAX = 2 ** 24
/** An array of all sections that would be larger is split by kernels. */
const STATIC_SECTIONS_MAX = 2 ** 16

/**
 * Find all pieces of the page array.
 *
 * @param types of the crashed kernel, which know a section's layout better than VMCOREINFO
 * @returns pieces in frame order; sections whose pieces are contiguous share one
 * @throws {NotFoundError} if VMCOREINFO names no memory model
 * @throws {CorruptError} if the tables make no sense
 */
export function readMemMaps(
  info: VmcoreInfo,
  pfnEnd: number,
  littleEndian: boolean,
  read: ReadVirtual,
  types?: TypeFacts,
): MemMap[] {
  if (info.symbol('mem_section') !== undefined)
    return readSparse(info, pfnEnd, littleEndian, read, types)
  const memMap = info.symbol('mem_map')
  if (memMap === undefined)
    throw new NotFoundError('vmcoreinfo', 'SYMBOL(mem_section) or SYMBOL(mem_map)')
  const [address] = readWords(read, memMap, 1, littleEndian)
  return [{ pfnStart: 0, pfnEnd, address: address as bigint }]
}

function readSparse(
  info: VmcoreInfo,
  pfnEnd: number,
  littleEndian: boolean,
  read: ReadVirtual,
  types: TypeFacts | undefined,
): MemMap[] {
  const table = info.getSymbol('mem_section')
  const shape = readShape(info, pfnEnd, types)
  const words = (address: bigint, count: number): bigint[] =>
    readWords(read, address, count, littleEndian)
  const rootCount = Math.ceil(shape.sections / shape.perRoot)
  const attempts = shape.isStatic
    ? [() => [table]]
    : [
        // Since 4.15, commit 83e3c48729d9, the symbol's value is the table, allocated; before it was the address of an
        // array, or of a pointer to one.
        () => words(table, rootCount),
        () => words(words(table, 1)[0] as bigint, rootCount),
      ]
  let failure: unknown
  for (const attempt of attempts) {
    try {
      const maps = readRoots(attempt(), shape, littleEndian, read)
      if (maps.length > 0)
        return maps.map((map) => ({ ...map, pfnEnd: Math.min(map.pfnEnd, pfnEnd) }))
    } catch (cause) {
      failure ??= cause
    }
  }
  throw new CorruptError(table, 'mem_section: no section has a page array', { cause: failure })
}

const isPageSize = (size: number): boolean =>
  size >= 4096 && size <= PAGE_SIZE_MAX && (size & (size - 1)) === 0

interface SparseShape {
  /** `struct page` in bytes. */
  readonly pageSize: number
  /** `struct mem_section` in bytes, and the offset of its member section_mem_map. */
  readonly entrySize: number
  readonly member: number
  /** One array of all sections (SPARSEMEM_STATIC), not an array of pointers to some of them each. */
  readonly isStatic: boolean
  readonly perRoot: number
  readonly sectionPages: number
  readonly sections: number
}

/** @throws {CorruptError} if sections have no sensible size */
function readShape(info: VmcoreInfo, pfnEnd: number, types: TypeFacts | undefined): SparseShape {
  const entrySize = types?.size('mem_section') ?? info.getSize('mem_section')
  const member =
    types?.offset('mem_section.section_mem_map') ?? info.offset('mem_section.section_mem_map') ?? 0
  const pageSize = types?.size('page') ?? info.getSize('page')
  const sectionBits = info.number('SECTION_SIZE_BITS') ?? SECTION_SIZE_BITS_DEFAULT
  const isSensible =
    isPageSize(info.pageSize) &&
    entrySize >= 8 &&
    entrySize <= info.pageSize &&
    member <= entrySize - 8 &&
    sectionBits >= SECTION_SIZE_BITS_MIN &&
    sectionBits <= SECTION_SIZE_BITS_MAX
  if (!isSensible) {
    const what = `mem_section: ${entrySize} bytes for 2^${sectionBits} bytes of memory`
    throw new CorruptError(
      info.getSymbol('mem_section'),
      `${what}, pages of ${info.pageSize} bytes`,
    )
  }
  const sectionPages = 2 ** sectionBits / info.pageSize
  const roots = info.length('mem_section') ?? 0
  const sectionCount = 2 ** (info.number('MAX_PHYSMEM_BITS') ?? 0) / 2 ** sectionBits
  const isStatic = roots === sectionCount && roots <= STATIC_SECTIONS_MAX
  const listed = isStatic ? roots : roots * Math.floor(info.pageSize / entrySize)
  const sections = Math.min(listed, Math.ceil(pfnEnd / sectionPages), SECTIONS_MAX)
  const perRoot = isStatic ? Math.max(sections, 1) : Math.floor(info.pageSize / entrySize)
  return { pageSize, entrySize, member, isStatic, perRoot, sectionPages, sections }
}

function readRoots(
  roots: readonly bigint[],
  { pageSize, entrySize, member, perRoot, sectionPages, sections }: SparseShape,
  littleEndian: boolean,
  read: ReadVirtual,
): MemMap[] {
  const maps: MemMap[] = []
  const entries = new Uint8Array(perRoot * entrySize)
  const view = new DataView(entries.buffer)
  roots.forEach((root, rootIndex) => {
    if (root === 0n) return
    if (root < 0x8000_0000_0000_0000n)
      throw new CorruptError(root, `mem_section root ${rootIndex} is no kernel address`)
    read(root, entries)
    for (let i = 0; i < perRoot; i++) {
      const section = rootIndex * perRoot + i
      if (section >= sections) break
      const coded = view.getBigUint64(i * entrySize + member, littleEndian)
      if ((coded & SECTION_MARKED_PRESENT) === 0n) continue
      const pfnStart = section * sectionPages
      const address = BigInt.asUintN(64, (coded & ~FLAG_BITS) + BigInt(pfnStart * pageSize))
      addSection(maps, { pfnStart, pfnEnd: pfnStart + sectionPages, address }, pageSize)
    }
  })
  return maps
}

/** With a virtually contiguous page array (vmemmap) all sections are one piece: terabytes have tens of thousands. */
function addSection(maps: MemMap[], section: MemMap, pageSize: number): void {
  const last = maps.at(-1)
  const isNext =
    last?.pfnEnd === section.pfnStart &&
    last.address + BigInt((last.pfnEnd - last.pfnStart) * pageSize) === section.address
  if (last && isNext) maps[maps.length - 1] = { ...last, pfnEnd: section.pfnEnd }
  else maps.push(section)
}

function readWords(
  read: ReadVirtual,
  address: bigint,
  count: number,
  littleEndian: boolean,
): bigint[] {
  const bytes = new Uint8Array(count * 8)
  read(address, bytes)
  const view = new DataView(bytes.buffer)
  return Array.from({ length: count }, (_, i) => view.getBigUint64(i * 8, littleEndian))
}
