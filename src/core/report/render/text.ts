// A report as text for a terminal.
import type { Report } from '../report_model.ts'
import { labelled, plain } from './lines.ts'
import type { Row, Section, SectionBlock, SectionItem } from './section.ts'
import { tellReport } from './story.ts'
import { whenText } from './words.ts'

/**
 * Render a report as lines without newline.
 *
 * The kernel's words may hold anything a user printed into the log; control characters are shown as dots.
 */
export function renderReportText(report: Report): string[] {
  return [whenText(report), ...tellReport(report).flatMap(sectionLines)].map(plain)
}

function sectionLines({ title, blocks }: Section): string[] {
  return ['', title, ...blocks.flatMap(blockLines).map((line) => `  ${line}`.trimEnd())]
}

function blockLines(block: SectionBlock): readonly string[] {
  switch (block.kind) {
    case 'fields':
      return labelled(block.fields)
    case 'items':
      return [...(block.title === '' ? [] : [block.title]), ...itemLines(block.items)]
    case 'lines':
      return block.lines
    case 'table':
      return block.rows.length === 0 ? [] : tableLines([block.titles, ...block.rows])
    case 'text':
      return [block.text]
  }
}

function itemLines(items: readonly SectionItem[]): string[] {
  return items.flatMap(({ text, command }) => [
    `- ${text}`,
    ...(command === '' ? [] : [`    crash> ${command}`]),
  ])
}

/** Columns as wide as their widest cell, the last one as it is; numbers to the right. */
function tableLines(rows: readonly Row[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => cellText(row[column]).length)),
  )
  return rows.map((row) =>
    row
      .map((cell, column) => {
        const width = widths[column] ?? 0
        return typeof cell === 'number'
          ? cellText(cell).padStart(width)
          : cellText(cell).padEnd(width)
      })
      .join('  ')
      .trimEnd(),
  )
}

function cellText(cell: Row[number] | undefined): string {
  return cell === null || cell === undefined ? '-' : String(cell)
}
