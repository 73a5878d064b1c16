// A page table entry as a table of one row: what it maps and how, or where in swap it leads.
import type { Cell, Column } from '../base/table.ts'
import { swapFileName } from '../kernel/swap.ts'
import type { Program } from '../program/program.ts'
import { cellText, hexText } from './cell_text.ts'
import { centreTitle, centreValue } from './centre_text.ts'
import { table, type TableBlock } from './command.ts'

const PAGE_COLUMNS: readonly Column[] = [
  { title: 'PTE', kind: 'hex' },
  { title: 'PHYSICAL', kind: 'hex' },
  { title: 'FLAGS', kind: 'text' },
]

const SWAP_COLUMNS: readonly Column[] = [
  { title: 'PTE', kind: 'hex' },
  { title: 'SWAP', kind: 'text' },
  { title: 'OFFSET', kind: 'decimal' },
]

/** An entry of the last level, as `pte` and `vtop` show it. */
export function entryTable(program: Program, value: bigint): TableBlock {
  const meaning = program.memory.translator.explainEntry(value)
  if (meaning.kind === 'swap')
    return swapTable([value, swapFileName(program, meaning.type) ?? null, meaning.offset])
  const isPage = meaning.kind === 'page'
  return pageTable([value, isPage ? meaning.physical : 0, isPage ? meaning.flags.join('|') : null])
}

function pageTable(row: readonly Cell[]): TableBlock {
  const [pte, physical] = row.map(hexText) as [string, string]
  const pteWidth = Math.max(3, pte.length)
  const width = Math.max(8, physical.length)
  return table(PAGE_COLUMNS, [row], {
    heading: `${centreTitle('PTE', pteWidth)}  ${centreTitle('PHYSICAL', width)}  FLAGS`,
    line: ([, , flags]) =>
      `${centreValue(pte, pteWidth)}  ${centreValue(physical, width)}  (${flags === null ? 'no mapping' : cellText(flags)})`,
  })
}

function swapTable(row: readonly Cell[]): TableBlock {
  const [value, file, offset] = row
  const texts = [
    hexText(value),
    file === null ? '(unknown swap location)' : cellText(file),
    cellText(offset),
  ]
  const widths = [
    Math.max(3, texts[0]?.length ?? 0),
    Math.max(4, texts[1]?.length ?? 0),
    Math.max(6, texts[2]?.length ?? 0),
  ]
  const line = (
    parts: readonly string[],
    centre: (text: string, width: number) => string,
  ): string => parts.map((part, i) => centre(part, widths[i] ?? 0)).join('  ')
  return table(SWAP_COLUMNS, [row], {
    heading: line(['PTE', 'SWAP', 'OFFSET'], centreTitle),
    line: () => line(texts, centreValue),
  })
}
