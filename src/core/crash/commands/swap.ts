// swap: swap devices and files. Source of names and layout: crash's `swap`.
import { UsageError } from '../../base/errors.ts'
import { readCell, type Cell, type Column } from '../../base/table.ts'
import { forEachSwapInfo, swapInusePages, swapPath, swapType } from '../../kernel/swap.ts'
import type { Program } from '../../program/program.ts'
import { addressText, cellText } from '../cell_text.ts'
import { centreField } from '../centre_text.ts'
import { defineCommand, lines, table, type Block } from '../command.ts'

const COLUMNS: readonly Column[] = [
  { title: 'SWAP_INFO_STRUCT', kind: 'address' },
  { title: 'TYPE', kind: 'text' },
  { title: 'SIZE', key: 'size_kib', kind: 'decimal' },
  { title: 'USED', key: 'used_kib', kind: 'decimal' },
  { title: 'PCT', key: 'percent', kind: 'decimal' },
  { title: 'PRI', key: 'priority', kind: 'decimal' },
  { title: 'FILENAME', kind: 'text' },
]

export const swap = defineCommand({
  name: 'swap',
  summary: 'swap device information',
  description: 'Devices and files that are swapped to, as /proc/swaps had them.',
  examples: [{ text: 'what is swapped to', command: 'swap' }],
  options: {},
  needs: ['symbols', 'types'],
  code: () => `for (const info of forEachSwapInfo(program))
  console.log(swapPath(info), swapType(info), info.number('pages'), swapInusePages(info))`,
  *run({ program }, { operands }): Generator<Block> {
    if (operands.length > 0) throw new UsageError('too many arguments')
    const rows = [...swapRows(program)]
    if (rows.length === 0) {
      yield lines('no swap devices configured')
      return
    }
    yield table(COLUMNS, rows, {
      heading: 'SWAP_INFO_STRUCT    TYPE       SIZE       USED     PCT  PRI  FILENAME',
      line: ([info, type, size, used, percent, priority, name]) =>
        `${addressText(info)}  ${typeText(type)}  ${centreField(kib(size), 10)}${centreField(kib(used), 10)}` +
        `${`${cellText(percent)}%`.padStart(5)}  ${cellText(priority).padStart(3)}  ${cellText(name)}`,
    })
  },
})

const typeText = (type: Cell | undefined): string =>
  type === 'FILE' ? '  FILE   ' : cellText(type).padEnd(9)

const kib = (value: Cell | undefined): string =>
  typeof value === 'number' ? `${value}k` : cellText(value)

function* swapRows(program: Program): Generator<Cell[]> {
  const kibOf = (pages: number): number => (pages * program.memory.pageSize) / 1024
  for (const info of forEachSwapInfo(program)) {
    const size = readCell(() => kibOf(info.number('pages')))
    const used = readCell(() => kibOf(swapInusePages(info)))
    const percent =
      typeof size === 'number' && typeof used === 'number' && size > 0
        ? Math.floor((used * 100) / size)
        : null
    yield [
      info.address,
      readCell(() => swapType(info).toUpperCase()),
      size,
      used,
      percent,
      readCell(() => info.number('prio')),
      readCell(() => swapPath(info)),
    ]
  }
}
