// Source lines as cells and text. crash has them from DWARF; what is known without it is shown as what it is.
import type { Cell, Column } from '../base/table.ts'
import { formatSourceLine, type SourceLine } from '../kernel/source_lines.ts'

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

/** Cells of SOURCE_COLUMNS as text: `mm/slub.c: 345`, or the file and how it is known; '' where nothing is. */
export function sourceCellsText([file, line, confidence]: readonly Cell[]): string {
  if (typeof file !== 'string') return ''
  return formatSourceLine({
    file,
    ...(typeof line === 'number' ? { line } : {}),
    confidence: confidence as SourceLine['confidence'],
  })
}
