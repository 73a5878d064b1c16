// Source lines as cells and text. crash has them from DWARF; what is known without it is shown as what it is.
import type { Cell, Column } from '../base/table.ts'
import { formatSourceLine, sourceLine, type SourceLine } from '../kernel/source_lines.ts'
import type { Program } from '../program/program.ts'

/** Columns of a source line, the same wherever one is shown. */
export const SOURCE_COLUMNS: readonly Column[] = [
  { title: 'FILE', kind: 'text' },
  { title: 'LINE', kind: 'decimal' },
  { title: 'SOURCE', key: 'source_confidence', kind: 'text' },
]

/** Cells of SOURCE_COLUMNS; nulls for what is not known. */
export function sourceCells(source: SourceLine | undefined): Cell[] {
  return [source?.file ?? null, source?.line ?? null, source?.confidence ?? null]
}

/** `mm/slub.c: 345`, or the file and how it is known; '' where nothing is. */
export function sourceText(program: Program, address: bigint): string {
  const source = sourceLine(program, address)
  return source ? formatSourceLine(source) : ''
}
