// The steps of one page-table walk on x86-64, for people who look into why an address means what it means. The walk
// that reads memory is x86_64.ts's. Source: arch/x86/include/asm/pgtable_types.h.
import type { ArchMemory, EntryMeaning, PageTableTrace, TableEntry } from './arch.ts'

const LEVELS = ['PGD', 'P4D', 'PUD', 'PMD', 'PTE'] as const
const LEVELS_OF_FOUR = LEVELS.filter((level) => level !== 'P4D')
const INDEX_BITS = 9
const PAGE_SHIFT = 12
const PAGE_PRESENT = 1n
const PAGE_PSE = 0x80n
const PAGE_PROTNONE = 0x100n
/** Address bits of an entry: 12 to 51. */
const ADDRESS_MASK = 0x000f_ffff_ffff_f000n

/** How page tables of one kernel are read. */
export interface PageTableShape {
  readonly memory: ArchMemory
  readonly levels: readonly string[]
  /** Address bits of an entry, those of memory encryption taken out. */
  readonly addressMask: bigint
}

/** What VMCOREINFO says of page tables. */
export function pageTableShape(memory: ArchMemory): PageTableShape {
  return {
    memory,
    levels: memory.info.number('pgtable_l5_enabled') === 1 ? LEVELS : LEVELS_OF_FOUR,
    addressMask: ADDRESS_MASK & ~(memory.info.bigint('sme_mask') ?? 0n),
  }
}

/**
 * Follow the page tables whose root is at physical `root`.
 *
 * @throws {FaultError} physical, if a table cannot be read
 */
export function traceX86PageTables(
  { memory, levels, addressMask }: PageTableShape,
  root: number,
  address: bigint,
): PageTableTrace {
  const entries: TableEntry[] = []
  let table = root
  for (let i = 0; ; i++) {
    const level = levels[i] as string
    const shift = PAGE_SHIFT + INDEX_BITS * (levels.length - 1 - i)
    const physical = table + Number((address >> BigInt(shift)) & 0x1ffn) * 8
    const value = readEntry(memory, physical)
    entries.push({ level, physical, value })
    const isLast =
      level === 'PTE' || (level !== 'PGD' && level !== 'P4D' && (value & PAGE_PSE) !== 0n)
    const isPresent = (value & PAGE_PRESENT) !== 0n
    const coverage = 2 ** shift
    if (!isPresent && !(isLast && (value & PAGE_PROTNONE) !== 0n))
      return { entries, target: undefined, coverage }
    // What is not present has its address inverted: see x86_64.ts.
    const next = (isPresent ? value : ~value) & addressMask
    if (isLast) {
      const within = BigInt(coverage - 1)
      return { entries, target: Number((next & ~within) | (address & within)), coverage }
    }
    table = Number(next)
  }
}

/** Names of bits, as crash has them. @source arch/x86/include/asm/pgtable_types.h */
const FLAGS: readonly (readonly [bit: bigint, name: string])[] = [
  [PAGE_PRESENT, 'PRESENT'],
  [2n, 'RW'],
  [4n, 'USER'],
  [8n, 'PWT'],
  [0x10n, 'PCD'],
  [0x20n, 'ACCESSED'],
  [0x40n, 'DIRTY'],
  [PAGE_PSE, 'PSE'],
  [0x100n, 'GLOBAL'],
  [1n << 63n, 'NX'],
]

// asm/pgtable_64.h: a swap entry has its type in the upper five bits, and the inverted offset from bit 9 on up to them.
const SWP_TYPE_SHIFT = 59n
const SWP_TYPE_BITS = 5n
const SWP_OFFSET_SHIFT = 9n + SWP_TYPE_BITS

/** Say what an entry means that maps a page, or stands where one would. @source asm/pgtable_64.h __swp_offset() */
export function explainX86Entry(value: bigint, addressMask: bigint): EntryMeaning {
  const isPresent = (value & PAGE_PRESENT) !== 0n
  if (isPresent || (value & PAGE_PROTNONE) !== 0n) {
    const names = FLAGS.filter(([bit]) => (value & bit) !== 0n).map(([, name]) => name)
    return {
      kind: 'page',
      physical: Number((isPresent ? value : ~value) & addressMask),
      // Where a page is not present the bit of GLOBAL means that it is mapped nevertheless; crash says both.
      flags: isPresent ? names : names.flatMap((n) => (n === 'GLOBAL' ? ['PROTNONE', n] : [n])),
    }
  }
  if (value === 0n) return { kind: 'none' }
  return {
    kind: 'swap',
    type: Number(value >> SWP_TYPE_SHIFT),
    offset: BigInt.asUintN(64, ~value << SWP_TYPE_BITS) >> SWP_OFFSET_SHIFT,
  }
}

function readEntry(memory: ArchMemory, physical: number): bigint {
  const words = new Uint32Array(2)
  memory.readPhysicalWords(physical, words)
  return (BigInt(words[1] as number) << 32n) | BigInt(words[0] as number)
}
