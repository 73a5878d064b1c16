// sym: symbols to addresses and back; of functions the source file, as far as it is known without DWARF.
import { symCode } from '../code/type_code.ts'
import { UsageError } from '../../base/errors.ts'
import type { Cell, Column } from '../../base/table.ts'
import type { KernelSymbol, SymbolIndex } from '../../debuginfo/symbol_index.ts'
import { sourceLine, type SourceLine } from '../../kernel/source_lines.ts'
import type { ModuleTables } from '../../program/module_tables.ts'
import type { Program } from '../../program/program.ts'
import { defineCommand, table, type CommandArgs, type TableBlock } from '../command.ts'
import { cellText } from '../cell_text.ts'
import { parseHex } from '../operand.ts'
import type { Session } from '../session.ts'
import { SOURCE_COLUMNS, sourceCells, sourceCellsText } from '../source_text.ts'

const OPTIONS = {
  list: { type: 'boolean', short: 'l', help: 'every symbol' },
  modules: { type: 'boolean', short: 'M', help: 'the symbols of every module' },
  module: { type: 'string', short: 'm', value: 'module', help: 'the symbols of one module' },
  previous: { type: 'boolean', short: 'p', help: 'the symbol before it too' },
  next: { type: 'boolean', short: 'n', help: 'the symbol behind it too' },
  query: { type: 'string', short: 'q', value: 'string', help: 'symbols that contain a text' },
} as const

type Args = CommandArgs<typeof OPTIONS>

export const sym = defineCommand({
  name: 'sym',
  summary: 'translate a symbol to its virtual address, or vice-versa',
  operands: '[symbol | vaddr] ...',
  description:
    'Symbols are those of the kernel and of its modules, read out of the dump: address, type letter as nm has it, ' +
    'name, and the module in brackets. An address is shown as symbol plus offset.',
  examples: [
    { text: 'where a function lies', command: 'sym schedule' },
    { text: 'what lies at an address', command: 'sym ffffffff810c2f34' },
    { text: 'its neighbours', command: 'sym -np jiffies' },
    { text: 'symbols by part of the name', command: 'sym -q panic_on' },
  ],
  options: OPTIONS,
  needs: ['symbols'],
  code: symCode,
  *run(session, args) {
    const { values } = args
    if (values.query !== undefined) {
      yield queryTable(session, values.query)
      return
    }
    if (values.list || values.modules || values.module !== undefined) {
      yield symbolTable(session, listRows(session.program, args), true)
      return
    }
    if (args.operands.length === 0) throw new UsageError('a symbol or an address is missing')
    for (const operand of args.operands)
      yield symbolTable(
        session,
        operandRows(session.program, getOperand(session.program, operand), args),
      )
  },
})

const COLUMNS: readonly Column[] = [
  { title: 'ADDRESS', kind: 'address' },
  { title: 'TYPE', kind: 'text' },
  { title: 'NAME', kind: 'text' },
  { title: 'OFFSET', kind: 'decimal' },
  { title: 'MODULE', kind: 'text' },
  { title: 'MARK', kind: 'text' },
  ...SOURCE_COLUMNS,
]

/** `bare`: without the module's name, where the lines around say it. */
function symbolTable(session: Session, rows: Iterable<readonly Cell[]>, bare = false): TableBlock {
  return table(COLUMNS, rows, {
    heading: '',
    line: ([address, type, name, offset, module, mark, ...source]) => {
      const at = (address as bigint).toString(16)
      if (typeof mark === 'string') return `${at} ${mark}: ${cellText(module)}`
      const plus = Number(offset ?? 0)
      const tail = plus === 0 ? '' : `+${session.radix === 16 ? `0x${plus.toString(16)}` : plus}`
      const file = sourceCellsText(source)
      const where = bare || module === '' ? '' : ` [${cellText(module)}]`
      return `${at} (${cellText(type)}) ${cellText(name)}${tail}${where}${file === '' ? '' : ` ${file}`}`
    },
  })
}

/** `source`: where one symbol is asked for; of all of them it would be a long list. */
const symbolRow = (
  { address, type, name, module }: KernelSymbol,
  at = address,
  source?: SourceLine,
): Cell[] => [at, type, name, Number(at - address), module, null, ...sourceCells(source)]

function* operandRows(
  program: Program,
  found: readonly Found[],
  { values }: Args,
): Generator<Cell[]> {
  for (const { symbol, address } of found) {
    const [before, after] = neighbours(program, symbol)
    if (values.previous && before) yield symbolRow(before)
    yield symbolRow(symbol, address, textSource(program, symbol, address))
    if (values.next && after) yield symbolRow(after)
  }
}

/** The source of a function, as far as it is known without DWARF; data has none. */
function textSource(
  program: Program,
  { type }: KernelSymbol,
  address: bigint,
): SourceLine | undefined {
  return /^[tTwW]$/.test(type) ? sourceLine(program, address) : undefined
}

interface Found {
  readonly symbol: KernelSymbol
  readonly address: bigint
}

/** What an operand names. @throws {UsageError} in crash's words if nothing */
function getOperand(program: Program, operand: string): Found[] {
  const found = findOperand(program, operand)
  if (found.length === 0) throw new UsageError(notFound(program, operand))
  return found
}

/** By name, every symbol of it; else by address, `name+offset` included. */
function findOperand(program: Program, operand: string): Found[] {
  const named = indexes(program).flatMap((index) => index.findAll(operand))
  if (named.length > 0) return named.map((symbol) => ({ symbol, address: symbol.address }))
  const moved = /^([\w.$]+)\+(0x[\da-f]+|\d+)$/i.exec(operand)
  const base = moved && program.findSymbol(moved[1] as string)
  const address = base ? base.address + BigInt(moved[2] as string) : parseHex(operand)
  // Low numbers would be found in the percpu template, whose symbols are offsets on older kernels.
  const isKernel = address !== undefined && program.arch.isKernelAddress(address)
  const symbol = isKernel ? program.symbolAt(address) : undefined
  return symbol && address !== undefined ? [{ symbol, address }] : []
}

function notFound(program: Program, operand: string): string {
  if (parseHex(operand) !== undefined) return `invalid address: ${operand}`
  const near = indexes(program).flatMap((index) => index.findAll(operand.replace(/^_+/, '')))
  const names = near.length === 0 ? '(none found)' : near.map(({ name }) => name).join(', ')
  return `symbol not found: ${operand}; possible alternatives: ${names}`
}

function indexes(program: Program): SymbolIndex[] {
  const modules = program.modules.map((module) => module.symbols())
  return [program.kernelSymbols, ...modules].filter((index) => index !== undefined)
}

/** The symbols at the nearest other addresses of the same table. */
function neighbours(
  program: Program,
  symbol: KernelSymbol,
): [KernelSymbol | undefined, KernelSymbol | undefined] {
  const index = indexes(program).find((candidate) => candidate.module === symbol.module)
  let before: KernelSymbol | undefined
  for (const candidate of index?.forEach() ?? []) {
    if (candidate.address > symbol.address) return [before, candidate]
    if (candidate.address < symbol.address) before = candidate
  }
  return [before, undefined]
}

function queryTable(session: Session, text: string): TableBlock {
  return symbolTable(session, queryRows(session.program, text))
}

function* queryRows(program: Program, text: string): Generator<Cell[]> {
  let count = 0
  for (const index of indexes(program)) {
    for (const symbol of index.forEach()) {
      if (!symbol.name.includes(text)) continue
      count++
      yield symbolRow(symbol)
    }
  }
  if (count === 0) throw new UsageError('(none found)')
}

function* listRows(program: Program, { values }: Args): Generator<Cell[]> {
  if (values.list)
    for (const symbol of program.kernelSymbols?.forEach() ?? []) yield symbolRow(symbol)
  const wanted = program.modules.filter(
    ({ name }) => values.module === undefined || name === values.module,
  )
  if (wanted.length === 0 && values.module !== undefined) {
    throw new UsageError(`no module named '${values.module}'; mod lists them`)
  }
  for (const module of wanted) yield* moduleRows(module)
}

/** A module's symbols between its first and last address. */
function* moduleRows(module: ModuleTables): Generator<Cell[]> {
  const starts = module.ranges.map(({ start }) => start)
  const ends = module.ranges.map(({ start, size }) => start + BigInt(size))
  const lowest = starts.reduce((a, b) => (a < b ? a : b), starts[0] ?? 0n)
  const highest = ends.reduce((a, b) => (a > b ? a : b), 0n)
  yield [lowest, null, null, null, module.name, 'MODULE START', null, null, null]
  for (const symbol of module.symbols()?.forEach() ?? []) yield symbolRow(symbol)
  yield [highest, null, null, null, module.name, 'MODULE END', null, null, null]
}
