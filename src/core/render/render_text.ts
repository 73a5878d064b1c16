// Blocks as text, laid out like crash's output so that eyes and scripts find what they know.
import { cellFault, isCellFault, type Cell, type CellKind, type Column } from '../base/table.ts'
import type { Block, ObjectBlock, RecordBlock, TableBlock } from '../crash/command.ts'
import { formatHex } from '../base/hex.ts'
import { KdumpError } from '../base/errors.ts'
import { stripType } from '../debuginfo/type.ts'
import { formatExpression, formatObject, formatSymbol } from '../program/format_object.ts'
import { formatType } from '../program/format_type.ts'
import type { KObject } from '../program/kobject.ts'
import { definitionLines } from './render_definition.ts'

/** Rows looked at to choose the widths of a table's columns; later ones may be wider. */
const WIDTH_ROWS = 1000

/**
 * Render blocks as lines without newline, as they come: rows are read while lines are taken.
 *
 * Bytes are for files; here they are not shown.
 */
export function* renderText(blocks: Iterable<Block>): Generator<string> {
  let isFirst = true
  for (const block of blocks) {
    if (block.kind === 'section' && !isFirst) yield ''
    yield* blockLines(block)
    isFirst = false
  }
}

function* blockLines(block: Block): Generator<string> {
  switch (block.kind) {
    case 'table':
      yield* tableLines(block)
      break
    case 'record':
      yield* recordLines(block)
      break
    case 'lines':
      yield* block.lines
      break
    case 'object':
      yield* objectLines(block)
      break
    case 'definition':
      yield* definitionLines(block)
      break
    case 'section':
      if (block.heading) yield* recordLines(block.heading)
      yield* renderText(block.blocks)
      break
    case 'problem':
      yield `${block.command}: ${block.message}`
      yield* block.usage ?? []
      break
    case 'bytes':
      break
  }
}

function* tableLines({ columns, rows, layout }: TableBlock): Generator<string> {
  const { heading, line } = layout ?? {}
  if (line) {
    if (heading !== '') yield heading ?? columns.map(({ title }) => title).join(' ')
    for (const row of rows) yield line(row)
    return
  }
  yield* alignedLines(columns, rows, heading)
}

function* alignedLines(
  columns: readonly Column[],
  rows: Iterable<readonly Cell[]>,
  heading: string | undefined,
): Generator<string> {
  const iterator = rows[Symbol.iterator]()
  const ahead: string[][] = []
  const toText = (row: readonly Cell[]): string[] =>
    columns.map((column, i) => formatCell(row[i] ?? null, column.kind))
  for (let next = iterator.next(); !next.done; next = iterator.next()) {
    ahead.push(toText(next.value))
    if (ahead.length === WIDTH_ROWS) break
  }
  const widths = columns.map(({ title }, i) =>
    Math.max(title.length, ...ahead.map((row) => row[i]?.length ?? 0)),
  )
  const align = (texts: readonly string[]): string =>
    columns
      .map((column, i) => alignText(texts[i] ?? '', widths[i] ?? 0, column))
      .join('  ')
      .trimEnd()
  if (heading !== '') yield heading ?? align(columns.map(({ title }) => title))
  for (const row of ahead) yield align(row)
  for (let next = iterator.next(); !next.done; next = iterator.next())
    yield align(toText(next.value))
}

function alignText(text: string, width: number, { kind, align }: Column): string {
  const side = align ?? (kind === 'decimal' ? 'right' : 'left')
  if (side === 'left') return text.padEnd(width)
  if (side === 'right') return text.padStart(width)
  return text.padStart(Math.floor((width + text.length) / 2)).padEnd(width)
}

/** A cell's text: addresses bare as crash prints them, faults in parentheses. */
export function formatCell(cell: Cell, kind: CellKind): string {
  if (cell === null) return '-'
  if (isCellFault(cell)) return `(${cell.fault})`
  if (typeof cell === 'boolean') return cell ? 'yes' : 'no'
  if (typeof cell === 'string') return cell
  if (kind === 'address') return BigInt.asUintN(64, BigInt(cell)).toString(16)
  return kind === 'hex' ? formatHex(cell) : `${cell}`
}

function* recordLines({ fields, layout, labelWidth }: RecordBlock): Generator<string> {
  const texts = fields.map(({ value, kind, text }) => text ?? formatCell(value, kind))
  if (layout === 'column') {
    const width = labelWidth ?? Math.max(...fields.map(({ title }) => title.length))
    for (const [i, { title }] of fields.entries())
      yield `${title.padStart(width)}: ${texts[i] ?? ''}`
    return
  }
  const parts = fields.map(
    ({ title, width }, i) => `${title}: ${(texts[i] ?? '').padEnd(width ?? 0)}`,
  )
  yield parts.join('  ').trimEnd()
}

function* objectLines({
  object,
  format,
  prefix,
  members,
  follow,
  cpu,
  heading,
}: ObjectBlock): Generator<string> {
  yield* heading ?? []
  if (cpu !== undefined) yield `[${cpu}]: ${object.address.toString(16)}`
  if (!members) {
    yield* `${prefix ?? ''}${formatExpression(object, format)}`.split('\n')
    return
  }
  for (const member of members) {
    const text = memberText(object, member, follow ?? false, format)
    yield* text.split('\n')
  }
}

function memberText(
  object: KObject,
  path: string,
  follow: boolean,
  format: ObjectBlock['format'],
): string {
  try {
    const member = object.get(path)
    const isPointer = stripType(member.type).kind === 'pointer'
    if (follow && isPointer) return followedText(member, path, format)
    return `  ${path} = ${formatObject(member, format, 2)}${isLastMember(object, path) ? '' : ','}`
  } catch (error) {
    // A pointer on the way to the member.
    if (!(error instanceof KdumpError)) throw error
    return `  ${path} = (${cellFault(error).fault}),`
  }
}

/** crash takes the member's line out of the whole struct, where the last one has no comma behind it. */
function isLastMember({ type }: KObject, path: string): boolean {
  const struct = stripType(type)
  return struct.kind === 'struct' && struct.members.at(-1)?.name === path
}

/** `-p`: the pointer with its type, and what it points to below. */
function followedText(pointer: KObject, path: string, format: ObjectBlock['format']): string {
  const address = pointer.pointer()
  const head = `  ${formatType(pointer.type, path)} = ${formatHex(address)}`
  if (address === 0n) return `${head}\n  -> NULL`
  const type = stripType(pointer.type)
  const target = type.kind === 'pointer' ? stripType(type.target) : type
  const isText = target.kind === 'int' && target.size === 1
  const symbol = formatSymbol(pointer, address, isText).trim()
  if (target.kind === 'void' || target.kind === 'function' || target.kind === 'forward') {
    return symbol === '' ? head : `${head}\n  -> ${symbol}`
  }
  const value = isText
    ? formatObject(pointer, format).replace(/^0x[\da-f]+ ?(<.*?> ?)?/, '')
    : formatObject(pointer.deref(), format, 5)
  return `${head}\n  -> ${symbol === '' ? '' : `${symbol} `}${value}`
}
