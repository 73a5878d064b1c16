// The steps of one page-table walk on x86-64, for people who look into why an address means what it means. The walk
// that reads memory is x86_64.ts's. Source: arch/x86/include/asm/pgtable_types.h.
import type { ArchMemory } from './arch.ts'

/** One entry on the way. */
export interface TableEntry {
  /** PGD, P4D, PUD, PMD or PTE. */
  readonly level: string
  /** Physical address of the entry. */
  readonly physical: number
  readonly value: bigint
}

/** A walk. */
export interface PageTableTrace {
  readonly entries: readonly TableEntry[]
  /** Physical address of the last byte asked for; undefined if the last entry leads nowhere. */
  readonly target: number | undefined
}

const LEVELS = ['PGD', 'P4D', 'PUD', 'PMD', 'PTE'] as const
const INDEX_BITS = 9
const PAGE_SHIFT = 12
const PAGE_PRESENT = 1n
const PAGE_PSE = 0x80n
const PAGE_PROTNONE = 0x100n
/** Address bits of an entry: 12 to 51. */
const ADDRESS_MASK = 0x000f_ffff_ffff_f000n

/**
 * Follow the page tables whose root is at physical `root`.
 *
 * @throws {FaultError} physical, if a table cannot be read
 */
export function traceX86PageTables(
  memory: ArchMemory,
  root: number,
  address: bigint,
): PageTableTrace {
  const levels = LEVELS.filter(
    (level) => level !== 'P4D' || memory.info.number('pgtable_l5_enabled') === 1,
  )
  const mask = ADDRESS_MASK & ~(memory.info.bigint('sme_mask') ?? 0n)
  const entries: TableEntry[] = []
  let table = root
  for (const [i, level] of levels.entries()) {
    const shift = BigInt(PAGE_SHIFT + INDEX_BITS * (levels.length - 1 - i))
    const physical = table + Number((address >> shift) & 0x1ffn) * 8
    const value = readEntry(memory, physical)
    entries.push({ level, physical, value })
    const isLast =
      level === 'PTE' || (level !== 'PGD' && level !== 'P4D' && (value & PAGE_PSE) !== 0n)
    const isPresent = (value & PAGE_PRESENT) !== 0n
    if (!isPresent && !(isLast && (value & PAGE_PROTNONE) !== 0n)) break
    // What is not present has its address inverted: see x86_64.ts.
    const next = (isPresent ? value : ~value) & mask
    if (isLast) {
      const within = (1n << shift) - 1n
      return { entries, target: Number((next & ~within) | (address & within)) }
    }
    table = Number(next)
  }
  return { entries, target: undefined }
}

function readEntry(memory: ArchMemory, physical: number): bigint {
  const words = new Uint32Array(2)
  memory.readPhysicalWords(physical, words)
  return (BigInt(words[1] as number) << 32n) | BigInt(words[0] as number)
}
