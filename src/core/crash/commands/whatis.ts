// whatis: the definition behind a name: a type, a variable, a function.
import { whatisCode } from '../code/type_code.ts'
import { UsageError } from '../../base/errors.ts'
import type { Column } from '../../base/table.ts'
import { formatType } from '../../program/format_type.ts'
import type { Program } from '../../program/program.ts'
import { searchTypes, type TypeQuery } from '../../program/search_types.ts'
import { cellText } from '../cell_text.ts'
import { defineCommand, lines, table, type Block, type CommandArgs } from '../command.ts'
import { parseCount } from '../operand.ts'
import { parseStructReference } from '../struct_view.ts'

const OPTIONS = {
  offsets: { type: 'boolean', short: 'o', help: 'show member offsets' },
  range: {
    type: 'string',
    short: 'r',
    value: 'size|low-high',
    help: 'list structs and unions of this size, or of sizes in a range',
  },
  member: {
    type: 'string',
    short: 'm',
    value: 'member',
    help: 'list those with a member of this type, or of a pointer to it; part of its name is enough',
  },
} as const

type Values = CommandArgs<typeof OPTIONS>['values']

export const whatis = defineCommand({
  name: 'whatis',
  summary: 'the definition of a type, variable or function',
  operands: '[struct | union | enum] name[.member]',
  examples: [
    { text: 'a struct', command: 'whatis list_head' },
    { text: 'a function', command: 'whatis schedule' },
    { text: 'a variable', command: 'whatis init_task' },
    { text: 'who points to an mm_struct', command: 'whatis -m mm_struct' },
    { text: 'structs of a size', command: 'whatis -r 256-512' },
  ],
  options: OPTIONS,
  needs: ['types'],
  code: (args, session) =>
    isSearch(args.values) ? searchCode(args.values) : whatisCode(args, session),
  *run(session, { values, operands }) {
    if (isSearch(values)) {
      yield searchTable(session.program, parseQuery(values))
      return
    }
    if (operands.length === 0) throw new UsageError('argument missing')
    const name = operands.join(' ')
    const declaration = declarationOf(session.program, name)
    if (declaration !== undefined) {
      yield lines(`${declaration};`)
      return
    }
    const reference = parseStructReference(session, name)
    const { radix } = session.format()
    const some = reference.members.length > 0 ? { members: reference.members } : {}
    const offsets = values.offsets || reference.members.length > 0 ? { offsetsFrom: 0n } : {}
    const block: Block = { kind: 'definition', type: reference.type, radix, ...offsets, ...some }
    yield block
  },
})

function parseQuery({ range, member }: Values): TypeQuery {
  const query = member === undefined ? {} : { member }
  if (range === undefined) return query
  const [low = '', high = low] = range.split('-')
  const [sizeMin, sizeMax] = [parseCount(low), parseCount(high)]
  if (sizeMin > sizeMax) throw new UsageError(`invalid range: ${range}`)
  return { ...query, sizeMin, sizeMax }
}

function searchTable(program: Program, query: TypeQuery): Block {
  const found = searchTypes(program, query)
  if (found.length === 0) return lines('(none found)')
  const columns: readonly Column[] = [
    { title: 'SIZE', kind: 'decimal' },
    { title: 'TYPE', kind: 'text' },
  ]
  const width = Math.max(4, `${found.at(-1)?.size}`.length)
  return table(
    columns,
    found.map(({ name, size }) => [size, name]),
    {
      heading: `${'SIZE'.padStart(width)}  TYPE`,
      line: ([size, name]) => `${cellText(size).padStart(width)}  ${cellText(name)}`,
    },
  )
}

const isSearch = ({ range, member }: Values): boolean => range !== undefined || member !== undefined

function searchCode(values: Values): string {
  const query = JSON.stringify(parseQuery(values))
  return `for (const { size, name } of searchTypes(program, ${query})) console.log(size, name)`
}

/** `struct task_struct init_task`, `void schedule(void)`; undefined if no such symbol, or its type is unknown. */
function declarationOf(program: Program, name: string): string | undefined {
  const symbol = program.findSymbol(name)
  if (!symbol) return undefined
  for (const provider of program.typeProviders()) {
    const type = provider.findFunction(name)
    if (type && /^[tTwW]$/.test(symbol.type)) return formatType(type, name)
  }
  const type = program.findGlobalType(name)
  if (type) return formatType(type, name)
  if (program.hasType(name)) return undefined
  throw new UsageError(`the dump does not say the type of '${name}'`)
}
