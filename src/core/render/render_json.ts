// Blocks as JSON: the same data as the text, addresses as hex text, keys from the columns.
import { formatHex } from '../base/hex.ts'
import { isCellFault, type Cell, type CellKind, type Column } from '../base/table.ts'
import type {
  Block,
  DefinitionBlock,
  ObjectBlock,
  RecordBlock,
  TableBlock,
} from '../crash/command.ts'
import { sizeofType, stripType } from '../debuginfo/type.ts'
import { formatType } from '../program/format_type.ts'
import { plainInteger, toPlain, type Plain } from '../program/plain_object.ts'

/**
 * Render one command's blocks as the pieces of one JSON document, in one line:
 * `{"command":"ps -k","blocks":[…]}`. Rows are read while pieces are taken.
 */
export function* renderJson(command: string, blocks: Iterable<Block>): Generator<string> {
  yield `{"command":${JSON.stringify(command)},"blocks":[`
  yield* blockPieces(blocks)
  yield ']}'
}

function* blockPieces(blocks: Iterable<Block>): Generator<string> {
  let separator = ''
  for (const block of blocks) {
    yield separator
    separator = ','
    if (block.kind === 'table') yield* tablePieces(block)
    else if (block.kind === 'section') {
      const heading = block.heading ? JSON.stringify(recordValues(block.heading)) : 'null'
      yield `{"kind":"section","heading":${heading},"blocks":[`
      yield* blockPieces(block.blocks)
      yield ']}'
    } else yield JSON.stringify(plainBlock(block))
  }
}

function* tablePieces({ columns, rows }: TableBlock): Generator<string> {
  yield '{"kind":"table","rows":['
  let separator = ''
  for (const row of rows) {
    yield separator + JSON.stringify(rowValues(columns, row))
    separator = ','
  }
  yield ']}'
}

type SmallBlock = Exclude<Block, { kind: 'table' | 'section' }>

function plainBlock(block: SmallBlock): Plain {
  switch (block.kind) {
    case 'record':
      return { kind: 'record', values: recordValues(block) }
    case 'lines':
      return { kind: 'lines', lines: [...block.lines] }
    case 'object':
      return plainObject(block)
    case 'definition':
      return plainDefinition(block)
    case 'bytes':
      return { kind: 'bytes', file: block.file, start: formatHex(block.start) }
    case 'problem':
      return { kind: 'problem', command: block.command, message: block.message }
  }
}

function rowValues(columns: readonly Column[], row: readonly Cell[]): Plain {
  const values: Record<string, Plain> = {}
  columns.forEach((column, i) => {
    values[cellKey(column)] = plainCell(row[i] ?? null, column.kind)
  })
  return values
}

function recordValues({ fields }: RecordBlock): Plain {
  const values: Record<string, Plain> = {}
  for (const field of fields) values[cellKey(field)] = plainCell(field.value, field.kind)
  return values
}

/** The key of a column or field: its own, or its title's, `%MEM` → `mem`, `LOAD AVERAGE` → `load_average`. */
export function cellKey({ key, title }: Pick<Column, 'key' | 'title'>): string {
  if (key !== undefined) return key
  return title
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '_')
    .replace(/^_+|_+$/g, '')
}

function plainCell(cell: Cell, kind: CellKind): Plain {
  if (isCellFault(cell)) return { ...cell }
  if (typeof cell === 'bigint' || typeof cell === 'number') {
    if (kind === 'address' || kind === 'hex') return formatHex(cell)
    return typeof cell === 'bigint' ? plainInteger(cell) : cell
  }
  return cell
}

function plainObject({ object, members, cpu }: ObjectBlock): Plain {
  const value = members
    ? Object.fromEntries(members.map((member) => [member, toPlain(object, member)]))
    : toPlain(object)
  return {
    kind: 'object',
    type: formatType(object.type),
    address: object.isValue ? null : formatHex(object.address),
    ...(cpu === undefined ? {} : { cpu }),
    value,
  }
}

function plainDefinition({ type, members }: DefinitionBlock): Plain {
  const stripped = stripType(type)
  const base = { kind: 'definition', type: formatType(type), size: sizeofType(type) }
  if (stripped.kind === 'enum') {
    return {
      ...base,
      values: Object.fromEntries(
        stripped.values.map(({ name, value }) => [name, plainInteger(value)]),
      ),
    }
  }
  if (stripped.kind !== 'struct' && stripped.kind !== 'union') return base
  // Members of anonymous structs by their own names, as C reaches them.
  const all = Array.from(stripped.memberIndex.values(), (member) => ({
    name: member.name,
    type: formatType(member.type),
    offset: Math.floor(member.bitOffset / 8),
    ...(member.bitSize === 0 ? {} : { bit: member.bitOffset % 8, bits: member.bitSize }),
  }))
  const wanted = members?.map((path) => path.split(/[.[]/)[0])
  return { ...base, members: wanted ? all.filter(({ name }) => wanted.includes(name)) : all }
}
