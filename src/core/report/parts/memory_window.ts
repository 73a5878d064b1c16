// Bytes around an address that a finding points at. A report travels: what may be a user's data is left out.
import { attempt } from '../../base/errors.ts'
import { formatHex, formatHexBytes } from '../../base/hex.ts'
import { compoundHead, pageIsSlab, pageType, pfnToPage } from '../../kernel/page.ts'
import type { Program } from '../../program/program.ts'
import type { ReportMemory } from '../model/finding_model.ts'

const LINE = 16n
const BEFORE = 32n
const SIZE = 96

/** Read the memory around an address; null if it is not in the dump, or not the kernel's own. */
export function memoryWindow(program: Program, address: bigint): ReportMemory | null {
  if (!program.arch.isKernelAddress(address)) return null
  return attempt(() => readWindow(program, address)) ?? null
}

/** Within one page: the next one may be anybody's. */
function readWindow(program: Program, address: bigint): ReportMemory | null {
  const { memory } = program
  if (holdsUserData(program, memory.toPhysical(address))) return null
  const pageSize = BigInt(memory.pageSize)
  const pageStart = address - (address % pageSize)
  const wanted = address - (address % LINE) - BEFORE
  const start = wanted < pageStart ? pageStart : wanted
  const size = Math.min(SIZE, Number(pageStart + pageSize - start))
  return { start: formatHex(start), hex: formatHexBytes(memory.bytes(start, size)) }
}

/**
 * Is this a page of a process or of a file? A page whose descriptor cannot be read counts as one.
 *
 * @source include/linux/mm_types.h struct page.mapping: set for both, and another member's place in slabs
 */
function holdsUserData(program: Program, physical: number): boolean {
  const head = attempt(() =>
    compoundHead(pfnToPage(program, Math.floor(physical / program.memory.pageSize))),
  )
  if (!head) return true
  return (
    attempt(
      () => !pageIsSlab(head) && pageType(head) === undefined && head.pointer('mapping') !== 0n,
    ) ?? true
  )
}
