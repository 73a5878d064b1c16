// Where the kernel's array of `struct page` lies: one virtual address per section (sparsemem), or one for all.
// Source: include/linux/mmzone.h (__nr_to_section, sparse_decode_mem_map), makedumpfile's memory models.
import { CorruptError, NotFoundError } from '../../core/base/errors.ts'
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
/**
 * Flags in the low bits of section_mem_map: 2 in 2.6.24, 5 since 5.12, more to come. The map itself is page
 * aligned, so all bits below a page may be flags.
 */
const FLAG_BITS = 0xfffn
/** 2^24 sections of 128 MiB are 2 PiB. */
const SECTIONS_MAX = 2 ** 24

/**
 * Find all pieces of the page array.
 *
 * @returns pieces in frame order, one per section that has memory
 * @throws {NotFoundError} if VMCOREINFO names no memory model
 * @throws {CorruptError} if the tables make no sense
 */
export function readMemMaps(
  info: VmcoreInfo,
  pfnEnd: number,
  littleEndian: boolean,
  read: ReadVirtual,
): MemMap[] {
  if (info.symbol('mem_section') !== undefined) return readSparse(info, pfnEnd, littleEndian, read)
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
): MemMap[] {
  const table = info.getSymbol('mem_section')
  const entrySize = info.getSize('mem_section')
  const roots = info.length('mem_section') ?? 0
  const sectionPages = 2 ** ((info.number('SECTION_SIZE_BITS') ?? 27) - Math.log2(info.pageSize))
  const perRoot = Math.floor(info.pageSize / entrySize)
  const sections = Math.min(roots * perRoot, Math.ceil(pfnEnd / sectionPages), SECTIONS_MAX)
  const rootsUsed = Math.ceil(sections / perRoot)
  // Since 4.15, commit 83e3c48729d9, the symbol's value is the table, allocated; before it was the address of an array.
  const attempts = [() => table, () => readWords(read, table, 1, littleEndian)[0] as bigint]
  let failure: unknown
  for (const attempt of attempts) {
    try {
      const rootAddresses = readWords(read, attempt(), rootsUsed, littleEndian)
      const maps = readRoots(info, rootAddresses, {
        entrySize,
        perRoot,
        sectionPages,
        sections,
        littleEndian,
        read,
      })
      if (maps.length > 0)
        return maps.map((map) => ({ ...map, pfnEnd: Math.min(map.pfnEnd, pfnEnd) }))
    } catch (cause) {
      failure ??= cause
    }
  }
  throw new CorruptError(table, 'mem_section: no section has a page array', { cause: failure })
}

interface SparseShape {
  readonly entrySize: number
  readonly perRoot: number
  readonly sectionPages: number
  readonly sections: number
  readonly littleEndian: boolean
  readonly read: ReadVirtual
}

function readRoots(info: VmcoreInfo, roots: readonly bigint[], shape: SparseShape): MemMap[] {
  const { entrySize, perRoot, sectionPages, sections, littleEndian, read } = shape
  const member = info.offset('mem_section.section_mem_map') ?? 0
  const pageSize = BigInt(info.getSize('page'))
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
      const address = BigInt.asUintN(64, (coded & ~FLAG_BITS) + BigInt(pfnStart) * pageSize)
      maps.push({ pfnStart, pfnEnd: pfnStart + sectionPages, address })
    }
  })
  return maps
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
