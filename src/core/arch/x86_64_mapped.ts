// What page tables of x86-64 map, in the order of addresses. Source: Documentation/arch/x86/x86_64/mm.rst.
import { FaultError } from '../base/errors.ts'
import type { MappedPiece } from './arch.ts'

const PAGE_PRESENT = 1
const PAGE_PSE = 0x80
const ENTRIES = 512
/** 128 Ki tables are 512 MiB; the tree of 16 TiB of RAM with 2 MiB pages has 16 Ki. */
const TABLES_MAX = 128 * 1024

/** How to read tables. */
export interface X86Tables {
  readonly levels: number
  /** Physical address bits of an entry's words. */
  readonly addressHigh: number
  readonly addressLow: number
  /** @throws {FaultError} */
  readWords(physical: number, out: Uint32Array): void
}

/**
 * Walk the tree at `root`.
 *
 * Each table is walked once: KASAN maps its shadow by one table many times, damaged tables may form rings. What cannot be
 * read maps nothing.
 */
export function* forEachX86Mapped(
  tables: X86Tables,
  root: number,
  start: bigint,
  last: bigint,
): Generator<MappedPiece> {
  yield* walkTable({ tables, start, last, seen: new Set() }, root, tables.levels, 0n)
}

interface Walk {
  readonly tables: X86Tables
  readonly start: bigint
  /** Inclusive: the range may end with the address space. */
  readonly last: bigint
  readonly seen: Set<number>
}

function* walkTable(
  walk: Walk,
  table: number,
  level: number,
  base: bigint,
): Generator<MappedPiece> {
  const { tables, seen } = walk
  if (table < 0 || seen.has(table) || seen.size >= TABLES_MAX) return
  seen.add(table)
  const shift = 12 + 9 * (level - 1)
  const bytes = 2 ** shift
  const words = new Uint32Array(2)
  for (let index = 0; index < ENTRIES; index++) {
    const from = signExtend(base + BigInt(index) * BigInt(bytes), tables.levels)
    if (from > walk.last) return
    if (from + BigInt(bytes - 1) < walk.start) continue
    if (!readEntry(tables, table + index * 8, words)) return
    const low = words[0] as number
    if ((low & PAGE_PRESENT) === 0) continue
    const target =
      ((words[1] as number) & tables.addressHigh) * 2 ** 32 + ((low & tables.addressLow) >>> 0)
    if (level === 1 || (level <= 3 && (low & PAGE_PSE) !== 0))
      yield { virtual: from, physical: target - (target % bytes), size: bytes }
    else yield* walkTable(walk, target, level - 1, from)
  }
}

/** A table that is not in the dump maps nothing. */
function readEntry(tables: X86Tables, physical: number, words: Uint32Array): boolean {
  try {
    tables.readWords(physical, words)
    return true
  } catch (error) {
    if (error instanceof FaultError) return false
    throw error
  }
}

const signExtend = (address: bigint, levels: number): bigint =>
  BigInt.asUintN(64, BigInt.asIntN(12 + 9 * levels, address))
