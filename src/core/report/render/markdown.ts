// A report as Markdown, for tickets. What the dump holds is quoted as code, or escaped: a log line is no heading.
import type { Report } from '../report_model.ts'
import { plain } from './lines.ts'
import type { Row, Section, SectionBlock, SectionItem } from './section.ts'
import { tellReport } from './story.ts'
import { codePieces, whenText } from './words.ts'

/** Render a report as lines of GitHub's Markdown. */
export function renderReportMarkdown(report: Report): string[] {
  const [verdict, ...sections] = tellReport(report)
  return [
    ...(verdict
      ? [`# ${escapeMarkdown(verdict.title)}`, '', escapeMarkdown(whenText(report)), '']
      : []),
    ...(verdict?.blocks.flatMap(blockLines) ?? []),
    ...sections.flatMap(sectionLines),
  ].map(plain)
}

function sectionLines({ title, blocks }: Section): string[] {
  return [`## ${escapeMarkdown(title)}`, '', ...blocks.flatMap(blockLines)]
}

function blockLines(block: SectionBlock): string[] {
  switch (block.kind) {
    case 'fields':
      return [...tableLines(['', ''], shownFields(block.fields)), '']
    case 'items':
      return [
        ...(block.title === '' ? [] : [`${escapeMarkdown(block.title)}:`, '']),
        ...block.items.map(itemLine),
        '',
      ]
    case 'lines':
      return [...fenced(block.lines), '']
    case 'table':
      return block.rows.length === 0 ? [] : [...tableLines(block.titles, block.rows), '']
    case 'text':
      return [escapeMarkdown(block.text), '']
  }
}

const shownFields = (fields: readonly Row[]): readonly Row[] =>
  fields.filter(([, value]) => value !== null)

function itemLine({ text, command }: SectionItem): string {
  const told = codePieces(text).map((piece) =>
    piece.isCode ? codeSpan(piece.text) : escapeMarkdown(piece.text),
  )
  return `- ${told.join('')}${command === '' ? '' : ` — ${codeSpan(command)}`}`
}

function tableLines(titles: readonly string[], rows: readonly Row[]): string[] {
  const line = (cells: Row): string =>
    `| ${cells.map((cell) => (cell === null ? '' : escapeMarkdown(String(cell)))).join(' | ')} |`
  return [line(titles), `|${titles.map(() => '---|').join('')}`, ...rows.map(line)]
}

/** A fence longer than any run of backticks within. */
function fenced(lines: readonly string[]): string[] {
  const fence = '`'.repeat(Math.max(3, longestRun(lines.join('\n')) + 1))
  return [`${fence}text`, ...lines, fence]
}

function codeSpan(text: string): string {
  const ticks = '`'.repeat(longestRun(text) + 1)
  const pad = text.startsWith('`') || text.endsWith('`') ? ' ' : ''
  return `${ticks}${pad}${text.replaceAll('\n', ' ')}${pad}${ticks}`
}

function longestRun(text: string): number {
  return Math.max(0, ...Array.from(text.matchAll(/`+/g), ([run]) => run.length))
}

/** Escape what Markdown or its HTML would take for its own; identifiers such as `do_sys_open` stay readable. */
export function escapeMarkdown(text: string): string {
  return text
    .replaceAll(/[\r\n\t]/g, ' ')
    .replaceAll(/[\\`*[\]<>&|~#!]|(?<=^|\W)_|_(?=\W|$)/g, String.raw`\$&`)
    .replace(/^(\s*)([-+=])/, String.raw`$1\$2`)
    .replace(/^(\s*\d+)([.)])(?=\s|$)/, String.raw`$1\$2`)
    .replaceAll(/(?<=https?):|(?<=www)\./g, String.raw`\$&`)
    .replaceAll('@', '@\u200b')
}
