// Where the pages of a process are: in memory, in swap, or only in the file they come from.
// Source: include/linux/swapops.h, mm/swapfile.c, fs/proc/task_mmu.c.
import type { Program } from '../program/program.ts'
import type { Mm, Vma } from './mm.ts'

/** A stretch of user addresses that one page table entry speaks of. */
export interface UserRange {
  readonly start: bigint
  /** Bytes. */
  readonly size: number
  /** Physical address of `start`; undefined if it is not in memory. */
  readonly physical: number | undefined
  /** The place in swap of `start`, where it is there. */
  readonly swap: SwapEntry | undefined
}

/** A page's place in a swap file, or what the kernel keeps in its stead (migration, poison): then there is no file of this number. */
export interface SwapEntry {
  readonly type: number
  readonly offset: bigint
}

/**
 * Walk the page tables of an address space over `[start, end)`. A hole or a large page comes in one piece, so that
 * sparse areas of terabytes cost little.
 *
 * @yields ranges without gaps, ascending
 * @throws {FaultError} where a page table is not in the dump
 * @source mm/pagewalk.c walk_page_range()
 */
export function* forEachUserRange(mm: Mm, start: bigint, end: bigint): Generator<UserRange> {
  const { memory } = mm.program
  const { translator } = memory
  const root = memory.toPhysical(mm.pointer('pgd'))
  for (let at = start; at < end;) {
    const trace = translator.walkLevels(root, at)
    const next = (at & ~BigInt(trace.coverage - 1)) + BigInt(trace.coverage)
    const size = Number((next < end ? next : end) - at)
    yield { start: at, size, physical: trace.target, swap: swapEntry(mm.program, trace) }
    at += BigInt(size)
  }
}

/** Where a user address of an address space is. @throws {FaultError} where a page table is not in the dump */
export function findUserPage(mm: Mm, address: bigint): UserRange {
  const first = forEachUserRange(mm, address, address + 1n).next()
  return first.value as UserRange
}

type Trace = ReturnType<Program['memory']['translator']['walkLevels']>

/** Only where a page would be does an entry that is not present mean a place in swap. */
function swapEntry(program: Program, { entries, target }: Trace): SwapEntry | undefined {
  const last = entries.at(-1)
  if (target !== undefined || last === undefined || last.value === 0n) return undefined
  const meaning = program.memory.translator.explainEntry(last.value)
  return meaning.kind === 'swap' ? { type: meaning.type, offset: meaning.offset } : undefined
}

/** The offset in its file of a user address. @source include/linux/pagemap.h linear_page_index() */
export function vmaFileOffset(vma: Vma, address: bigint): bigint {
  const pageSize = BigInt(vma.program.memory.pageSize)
  return vma.bigint('vm_pgoff') * pageSize + (address - vma.bigint('vm_start'))
}
