// The table that vtop, ptov and others begin with: a virtual address and the physical one.
import type { Cell, Column } from '../base/table.ts'
import { hexText } from './cell_text.ts'
import { table, type TableBlock } from './command.ts'

const COLUMNS: readonly Column[] = [
  { title: 'VIRTUAL', kind: 'address' },
  { title: 'PHYSICAL', kind: 'hex' },
  { title: 'STATE', kind: 'text' },
]

/** Columns of a user address: crash makes no more room for them than 32-bit ones need. */
const WIDTHS = { user: 10, kernel: 16 } as const

/**
 * Virtual and physical addresses.
 *
 * @param rows virtual, physical or null, and what is said in the place of null
 */
export function virtualTable(
  rows: readonly (readonly Cell[])[],
  space: keyof typeof WIDTHS,
): TableBlock {
  const width = WIDTHS[space]
  const line = (virtual: string, physical: string): string =>
    `${virtual.padEnd(width)}  ${physical.padEnd(16)}`
  return table(
    COLUMNS,
    rows.map(([virtual, physical, state]) => [virtual ?? null, physical ?? null, state ?? null]),
    {
      heading: line('VIRTUAL', 'PHYSICAL'),
      line: ([virtual, physical, state]) =>
        line(hexText(virtual), physical === null ? `${state as string}` : hexText(physical)),
    },
  )
}
