// Areas of an address space as rows, and where their pages are: what vm, vtop and others show of user memory.
import { readCell, type Cell, type Column } from '../base/table.ts'
import { dPath } from '../kernel/dcache.ts'
import { fileUserPath } from '../kernel/fs.ts'
import { vmaFlags, type Mm, type Vma } from '../kernel/mm.ts'
import { forEachUserRange, vmaFileOffset, type UserRange } from '../kernel/user_page.ts'
import { swapFileName } from '../kernel/swap.ts'
import type { Program } from '../program/program.ts'
import { addressText, cellText, hexText } from './cell_text.ts'
import { table, type TableBlock } from './command.ts'

const VMA_COLUMNS: readonly Column[] = [
  { title: 'VMA', kind: 'address' },
  { title: 'START', kind: 'address' },
  { title: 'END', kind: 'address' },
  { title: 'FLAGS', kind: 'hex' },
  { title: 'FILE', kind: 'text' },
]

/** The row of an area: its address, bounds, flags, and the path of its file ('' without one). */
export function vmaRow(vma: Vma): Cell[] {
  return [
    vma.address,
    readCell(() => vma.bigint('vm_start')),
    readCell(() => vma.bigint('vm_end')),
    readCell(() => vmaFlags(vma)),
    readCell(() => vmaFilePath(vma) ?? ''),
  ]
}

/** The path of the file an area maps, as /proc/PID/maps names it; undefined for anonymous memory. */
export function vmaFilePath(vma: Vma): string | undefined {
  const file = vma.get('vm_file')
  return file.isNull() ? undefined : dPath(fileUserPath(file.deref()))
}

/** Areas under crash's heading. */
export function vmaTable(rows: Iterable<readonly Cell[]>): TableBlock {
  return table(VMA_COLUMNS, rows, {
    heading: '      VMA           START       END     FLAGS FILE',
    line: ([vma, start, end, flags, file]) =>
      `${addressText(vma)} ${hexText(start).padStart(10)} ${hexText(end).padStart(10)} ` +
      `${hexText(flags).padStart(6)} ${cellText(file)}`,
  })
}

const PAGE_COLUMNS: readonly Column[] = [
  { title: 'VIRTUAL', kind: 'address' },
  { title: 'PHYSICAL', kind: 'hex' },
  { title: 'SWAP', kind: 'text' },
  { title: 'FILE', kind: 'text' },
  { title: 'OFFSET', kind: 'decimal' },
]

/** Pages of an area, under crash's heading. */
export function userPageTable(rows: Iterable<readonly Cell[]>): TableBlock {
  return table(PAGE_COLUMNS, rows, {
    heading: 'VIRTUAL     PHYSICAL',
    line: (row) => {
      const where = whereText(row)
      return `${hexText(row[0]).padEnd(10)}  ${row[1] === null ? where : where.padStart(8)}`
    },
  })
}

/** Where a page is that is not in memory: `SWAP: /dev/sda8  OFFSET: 24225`, or the file it would be read from. */
export function whereText([, physical, swap, file, offset]: readonly Cell[]): string {
  if (physical !== null) return hexText(physical)
  if (swap !== null) return `SWAP: ${cellText(swap)}  OFFSET: ${cellText(offset)}`
  return file === null ? '(not mapped)' : `FILE: ${cellText(file)}  OFFSET: ${hexText(offset)}`
}

/** What to look for among the pages of an area. */
export interface PageFilter {
  /** A virtual or a physical address of a page's first byte. */
  readonly reference?: bigint
  readonly isAborted?: () => boolean
}

/** The pages of an area, one a row; pages larger than the smallest are cut to those. */
export function* userPageRows(mm: Mm, vma: Vma, filter: PageFilter = {}): Generator<Cell[]> {
  const { program } = mm
  const rowOf = pageRowMaker(program, vma)
  const size = BigInt(program.memory.pageSize)
  for (const range of forEachUserRange(mm, vma.bigint('vm_start'), vma.bigint('vm_end'))) {
    if (filter.isAborted?.()) return
    if (filter.reference !== undefined) {
      const offset = referenceOffset(range, filter.reference)
      if (offset !== undefined) yield rowOf(range, offset)
      continue
    }
    for (let offset = 0n; offset < BigInt(range.size); offset += size) {
      if (filter.isAborted?.()) return
      yield rowOf(range, offset)
    }
  }
}

/** The row of one user address, which need not be a page's first. */
export function userPageRow(vma: Vma, range: UserRange): Cell[] {
  return pageRowMaker(vma.program, vma)(range, 0n)
}

function referenceOffset(
  { start, size, physical }: UserRange,
  reference: bigint,
): bigint | undefined {
  const bases = physical === undefined ? [start] : [start, BigInt(physical)]
  const offsets = bases.map((base) => reference - base)
  return offsets.find((offset) => offset >= 0n && offset < BigInt(size) && offset % 4096n === 0n)
}

function pageRowMaker(program: Program, vma: Vma): (range: UserRange, offset: bigint) => Cell[] {
  const start = vma.bigint('vm_start')
  const fileOffset = vmaFileOffset(vma, start)
  const pageSize = BigInt(program.memory.pageSize)
  const swaps = new Map<number, string>()
  const swapName = (type: number): string => {
    const name = swaps.get(type) ?? swapFileName(program, type) ?? '(unknown swap location)'
    swaps.set(type, name)
    return name
  }
  let file: Cell | undefined
  return ({ start: at, physical, swap }, offset) => {
    const virtual = at + offset
    if (physical !== undefined) return [virtual, physical + Number(offset), null, null, null]
    if (swap) return [virtual, null, swapName(swap.type), null, swap.offset + offset / pageSize]
    file ??= readCell(() => vmaFilePath(vma) ?? null)
    return [virtual, null, null, file, file === null ? null : virtual - start + fileOffset]
  }
}
