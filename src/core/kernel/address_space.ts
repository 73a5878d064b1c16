// The parts of an address space, as pieces of physical memory. Source: Documentation/arch/x86/x86_64/mm.rst.
import { wrap64 } from '../base/addr.ts'
import { FaultError, NotFoundError } from '../base/errors.ts'
import type { Program } from '../program/program.ts'
import type { MemoryPiece } from '../program/search_memory.ts'
import type { Task } from './sched.ts'
import { kernelStack } from './stack_bounds.ts'

/** Addresses `[start, last]`; inclusive, for the last one of all has none behind it. */
export interface AddressSpan {
  readonly start: bigint
  readonly last: bigint
}

/** The kernel's half. 'direct': physical memory as a whole, and the kernel image; 'other': vmalloc, modules, vmemmap. */
export type KernelPart = 'all' | 'direct' | 'other'

const ADDRESS_MAX = 0xffff_ffff_ffff_ffffn
/** Half of all addresses are the kernel's. */
const KERNEL_START = 0x8000_0000_0000_0000n

/** All kernel addresses. */
export const KERNEL_RANGE: AddressSpan = { start: KERNEL_START, last: ADDRESS_MAX }
/** All user addresses. */
export const USER_RANGE: AddressSpan = { start: 0n, last: KERNEL_START - 1n }

/**
 * What of the kernel's memory lies in a range, by address.
 *
 * The direct map is made of what the dump has, not of page tables; all else of what the kernel's own tables map.
 */
export function* kernelPieces(
  program: Program,
  range: AddressSpan,
  part: KernelPart = 'all',
): Generator<MemoryPiece> {
  const { translator } = program.memory
  const { directMap } = translator
  const image = part === 'all' ? undefined : imageRange(program)
  const tables = function* (start: bigint, last: bigint): Generator<MemoryPiece> {
    if (start > last) return
    for (const { virtual, physical, size } of translator.forEachMapped(
      translator.kernelRoot,
      start,
      last,
    )) {
      // A page is the image's as a whole: its edges are aligned to the largest.
      const inImage = image && virtual >= image.start && virtual <= image.last
      if (part === 'all' || (part === 'direct') === inImage)
        yield* clip({ address: virtual, physical, size }, { start, last })
    }
  }
  if (!directMap) {
    yield* tables(range.start, range.last)
    return
  }
  const directLast = directMap.start + BigInt(directMap.size - 1)
  yield* tables(range.start, min(range.last, directMap.start - 1n))
  if (part !== 'other') yield* directPieces(program, directMap.start, range)
  yield* tables(max(range.start, directLast + 1n), range.last)
}

/** Memory of a task's own, by its page tables. @throws {NotFoundError} for a kernel thread */
export function* userPieces(task: Task, range: AddressSpan): Generator<MemoryPiece> {
  const { memory } = task.program
  if (task.get('mm').isNull())
    throw new NotFoundError('task', 'user memory: a kernel thread has none')
  const root = memory.toPhysical(task.pointer('mm.pgd'))
  const { start, last } = range
  for (const { virtual, physical, size } of memory.translator.forEachMapped(root, start, last))
    yield* clip({ address: virtual, physical, size }, range)
}

/** Physical memory that the dump has, by physical address. */
export function* physicalPieces({ dump }: Program, range: AddressSpan): Generator<MemoryPiece> {
  for (const { start, end } of dump.pfnRuns('present')) {
    const physical = start * dump.pageSize
    const size = (end - start) * dump.pageSize
    yield* clip({ address: BigInt(physical), physical, size }, range)
  }
}

/** A task's kernel stack, page by page; pages that are not mapped are left out. */
export function* stackPieces(task: Task): Generator<MemoryPiece> {
  const { memory } = task.program
  const { start, end } = kernelStack(task)
  for (let address = start; address < end; address += BigInt(memory.pageSize)) {
    try {
      yield { address, physical: memory.toPhysical(address), size: memory.pageSize }
    } catch (error) {
      if (!(error instanceof FaultError)) throw error
    }
  }
}

function* directPieces(
  program: Program,
  start: bigint,
  range: AddressSpan,
): Generator<MemoryPiece> {
  for (const piece of physicalPieces(program, { start: 0n, last: ADDRESS_MAX }))
    yield* clip({ ...piece, address: start + piece.address }, range)
}

/** Where the kernel image lies: text, data and bss. */
function imageRange(program: Program): AddressSpan {
  const find = (...names: string[]): bigint | undefined =>
    names.map((name) => program.findSymbol(name)?.address).find((address) => address !== undefined)
  const start = find('_text', '_stext')
  const end = find('_end', '__bss_stop', '_etext')
  if (start === undefined || end === undefined) throw new NotFoundError('symbol', '_text or _end')
  return { start, last: end - 1n }
}

function* clip(piece: MemoryPiece, { start, last }: AddressSpan): Generator<MemoryPiece> {
  const end = piece.address + BigInt(piece.size)
  const from = max(piece.address, start)
  const to = min(end, last + 1n)
  if (from >= to) return
  const skipped = Number(from - piece.address)
  yield { address: wrap64(from), physical: piece.physical + skipped, size: Number(to - from) }
}

const min = (a: bigint, b: bigint): bigint => (a < b ? a : b)
const max = (a: bigint, b: bigint): bigint => (a > b ? a : b)
