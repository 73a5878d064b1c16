// dis: machine code as instructions, the way gdb prints them within crash.
import { commandLineCode } from '../code/script.ts'
import { wrap64 } from '../../base/addr.ts'
import { NotFoundError, UnsupportedError, UsageError } from '../../base/errors.ts'
import type { Cell, Column } from '../../base/table.ts'
import type { KernelSymbol } from '../../debuginfo/symbol_index.ts'
import { findBug } from '../../kernel/bug.ts'
import { sourceFile, sourceLine } from '../../kernel/source_lines.ts'
import { forEachInstruction, type Instruction } from '../../program/disassemble.ts'
import type { Program } from '../../program/program.ts'
import { cellText, hexText } from '../cell_text.ts'
import {
  defineCommand,
  lines,
  record,
  table,
  type Block,
  type CommandArgs,
  type TableBlock,
} from '../command.ts'
import { codeAddress, parseAddress, parseCount } from '../operand.ts'
import type { Session } from '../session.ts'
import { SOURCE_COLUMNS, sourceCells, sourceCellsText } from '../source_text.ts'
import { UserMemory } from '../user_memory.ts'

const OPTIONS = {
  reverse: {
    type: 'boolean',
    short: 'r',
    help: 'from the start of the function up to the address',
  },
  forward: { type: 'boolean', short: 'f', help: 'from the address to the end of the function' },
  lines: { type: 'boolean', short: 'l', help: 'source files, and lines of BUG() and WARN()' },
  user: { type: 'boolean', short: 'u', help: 'a user address of the current task' },
  decimal: { type: 'boolean', short: 'd', help: 'offsets in decimal' },
  hex: { type: 'boolean', short: 'x', help: 'offsets in hexadecimal' },
  source: { type: 'boolean', short: 's', help: 'the source file (its text is not in a dump)' },
  bugBytes: { type: 'boolean', short: 'b', help: 'bytes skipped behind ud2: none, they are code' },
} as const

type Args = CommandArgs<typeof OPTIONS>

export const dis = defineCommand({
  name: 'dis',
  summary: 'disassemble',
  operands: '[address | symbol | (expression)] [count]',
  description:
    'A symbol without a count is disassembled as a whole, an address alone gives one instruction. Code is shown as ' +
    'it was in memory: patched by alternatives, ftrace and kprobes. Source files are those of the bug table and of link ' +
    'order, lines those of BUG() and WARN(); both say how they are known.',
  examples: [
    { text: 'a function', command: 'dis schedule' },
    { text: 'what led to an address', command: 'dis -r schedule+44' },
    { text: 'five instructions from an address', command: 'dis ffffffff810c2f34 5' },
  ],
  options: OPTIONS,
  needs: ['symbols'],
  code: equivalentCode,
  *run(session, args) {
    const { values } = args
    if (values.bugBytes) {
      yield lines(bugBytes(args))
      return
    }
    const range = parseRange(session, args)
    if (values.source) yield* sourceBlocks(session.program, args, range.start)
    else yield instructionTable(session, args, range)
  },
})

function equivalentCode({ operands: [operand = '', count], values }: Args): string {
  if (operand === '') return commandLineCode('dis', values.bugBytes ? ['-b'] : [])
  const start = codeAddress(operand)
  const user =
    '{ littleEndian: true, readVirtual: (at, into) => program.memory.readWithRoot(root, at, into) }'
  const range = values.user || count !== undefined ? 'start, undefined' : 'start, end'
  return [
    ...(values.reverse
      ? [`const start = program.symbolAt(${start}).address`, `const end = ${start} + 1n`]
      : [`const start = ${start}`]),
    ...(range === 'start, end' && !values.reverse
      ? ['const { address, size } = program.symbolAt(start)', 'const end = address + BigInt(size)']
      : []),
    ...(values.user ? ["const root = program.memory.toPhysical(task.pointer('mm.pgd'))"] : []),
    ...(range === 'start, end' ? [] : [`let count = ${count ?? 1}`]),
    `for (const instruction of forEachInstruction(program, ${range}${values.user ? `, ${user}` : ''})) {`,
    '  const { mnemonic, operands, target } = instruction',
    '  const where = program.symbolize(instruction.address) ?? instruction.address.toString(16)',
    '  console.log(where, mnemonic, target === undefined ? operands : program.symbolize(target))',
    ...(range === 'start, end' ? [] : ['  if (--count === 0) break']),
    '}',
  ].join('\n')
}

/** crash skips so many bytes behind ud2, which once held file and line; they are in a table now. */
function bugBytes({ operands }: Args): string {
  const count = operands[0] === undefined ? 0 : parseCount(operands[0])
  if (count !== 0)
    throw new UsageError(`cannot skip ${count} bytes behind ud2: they are instructions`)
  return 'encoded bytes being skipped after ud2a: 0'
}

/** What to disassemble. */
interface Range {
  readonly start: bigint
  /** Exclusive; undefined where only a count ends it. */
  readonly end: bigint | undefined
  /** Instructions at most; with -r the last ones. */
  readonly count: number | undefined
  readonly isReverse: boolean
  readonly isUser: boolean
}

function parseRange(session: Session, { values, operands }: Args): Range {
  const [operand, countText] = operands
  if (operand === undefined) throw new UsageError('an address or a symbol is missing')
  if (values.reverse && values.forward) throw new UsageError('-r and -f are mutually exclusive')
  const { program } = session
  const count = countText === undefined ? undefined : parseCount(countText)
  if (count !== undefined && count <= 0) throw new UsageError(`invalid count argument: ${count}`)
  const address = parseAddress(program, operand)
  refuseAmbiguous(program, operand)
  if (values.user)
    return { start: address, end: undefined, count: count ?? 1, isReverse: false, isUser: true }
  const symbol = program.symbolAt(address)
  const common = { start: address, end: undefined, count, isReverse: values.reverse, isUser: false }
  if (values.reverse) {
    const start = getFunction(symbol, address).address
    return { ...common, start, end: wrap64(address + 1n) }
  }
  if (values.forward) return { ...common, end: endOf(getFunction(symbol, address)) }
  if (count !== undefined) return common
  // As in crash: what begins a routine means all of it, unless it is an expression.
  const isWhole = symbol?.address === address && /^[\w$.]+$/.test(operand)
  return isWhole ? { ...common, end: endOf(symbol) } : { ...common, count: 1 }
}

/** Static functions may share a name: which one is meant only the person knows. @throws {UsageError} */
function refuseAmbiguous(program: Program, operand: string): void {
  const [name = ''] = operand.split('+')
  const symbols = [program.kernelSymbols, ...program.modules.map((module) => module.symbols())]
    .flatMap((index) => index?.findAll(name) ?? [])
    .filter(({ type }) => /^[tTwW]$/.test(type))
  if (new Set(symbols.map(({ address }) => address)).size < 2) return
  const all = symbols.map((symbol) => {
    const source = sourceFile(program, symbol)
    return [symbol.address.toString(16), symbol.module, source?.file].filter(Boolean).join(' ')
  })
  throw new UsageError(`${name}: duplicate text symbols found: ${all.join(', ')}`)
}

function getFunction(symbol: KernelSymbol | undefined, address: bigint): KernelSymbol {
  if (!symbol) throw new NotFoundError('symbol', `of address ${address.toString(16)}`)
  return symbol
}

/** A last symbol's size is not known: one instruction then, rather than a megabyte. */
const endOf = ({ address, size }: KernelSymbol): bigint => address + BigInt(Math.max(1, size))

const COLUMNS: readonly Column[] = [
  { title: 'ADDRESS', kind: 'address' },
  { title: 'SYMBOL', kind: 'text' },
  { title: 'OFFSET', kind: 'decimal' },
  { title: 'LENGTH', kind: 'decimal' },
  { title: 'MNEMONIC', kind: 'text' },
  { title: 'OPERANDS', kind: 'text' },
  { title: 'TARGET', kind: 'address' },
  { title: 'TARGET SYMBOL', key: 'target_symbol', kind: 'text' },
  { title: 'BUG', kind: 'text' },
  ...SOURCE_COLUMNS,
]

function instructionTable(session: Session, args: Args, range: Range): TableBlock {
  const { values } = args
  const format: TextFormat = {
    hex: values.hex || (!values.decimal && session.radix === 16),
    lines: values.lines && !range.isUser,
    program: session.program,
    isUser: range.isUser,
    lastSource: '',
  }
  const rows = function* (): Generator<readonly Cell[]> {
    for (const instruction of chooseInstructions(session, range)) {
      if (session.aborted) return
      yield instructionRow(format, instruction)
    }
  }
  return table(COLUMNS, rows(), { heading: '', line: (row) => instructionLine(format, row) })
}

function* chooseInstructions(session: Session, range: Range): Generator<Instruction> {
  const { program } = session
  const memory = range.isUser ? new UserMemory(program, session.task) : program.memory
  const all = forEachInstruction(program, range.start, range.end, memory)
  const { count } = range
  if (count === undefined) yield* withoutPadding(all)
  else if (range.isReverse) yield* [...all].slice(-count)
  else yield* first(all, count)
}

/** What fills the space up to the next function: kallsyms has no sizes, so a function ends there for us. */
const PADDING = /^(?:(?:data16|cs) )*nop[wlq]?$/

const isPadding = ({ mnemonic, operands }: Instruction): boolean =>
  PADDING.test(mnemonic) || (mnemonic === 'xchg' && operands === '%ax,%ax')

/** Leave out the padding at the end, if anything else is there. */
function* withoutPadding(instructions: Iterable<Instruction>): Generator<Instruction> {
  let held: Instruction[] = []
  let isCode = false
  for (const instruction of instructions) {
    if (isCode && isPadding(instruction)) {
      held.push(instruction)
      continue
    }
    yield* held
    held = []
    isCode ||= !isPadding(instruction)
    yield instruction
  }
}

function* first<T>(items: Iterable<T>, count: number): Generator<T> {
  let left = count
  for (const item of items) {
    yield item
    if (--left === 0) return
  }
}

/** How rows become text. */
interface TextFormat {
  readonly program: Program
  /** Offsets in hexadecimal. */
  readonly hex: boolean
  /** A line of the source above the instructions of it. */
  readonly lines: boolean
  readonly isUser: boolean
  /** The source line shown last: it is shown once for all instructions of it. */
  lastSource: string
}

function instructionRow(format: TextFormat, instruction: Instruction): Cell[] {
  const { program, isUser } = format
  const { address, length, mnemonic, operands, memory } = instruction
  const target = instruction.target ?? memory
  const symbol = isUser ? undefined : program.symbolAt(address)
  const bug = isUser ? undefined : findBug(program, address)
  return [
    address,
    symbol?.name ?? null,
    symbol ? Number(address - symbol.address) : null,
    length,
    mnemonic,
    operands,
    target ?? null,
    target === undefined || isUser ? null : symbolText(format, target),
    bug ? `${bug.isWarning ? 'WARN' : 'BUG'} at ${bug.file}:${bug.line}` : null,
    ...sourceCells(format.lines ? sourceLine(program, address) : undefined),
  ]
}

/** `schedule+4` as gdb has it, in the radix asked for. */
function symbolText({ program, hex }: TextFormat, address: bigint): string | null {
  const symbol = program.symbolAt(address)
  if (!symbol) return null
  const offset = address - symbol.address
  return `${symbol.name}${offset === 0n ? '' : `+${hex ? '0x' : ''}${offset.toString(hex ? 16 : 10)}`}`
}

function instructionLine(format: TextFormat, row: readonly Cell[]): string {
  const [address, name, , , , operands, target, targetName, bug, ...source] = row
  const at = `0x${hexText(address)}`
  // gdb sets apart what no symbol stands before.
  const head = name === null ? `   ${at}` : `${at} <${symbolText(format, address as bigint)}>`
  const named = typeof targetName === 'string' ? ` <${targetName}>` : ''
  const memory = target === null ? '' : `        # 0x${hexText(target)}${named}`
  const tail = operands === '' ? named : memory
  const note = typeof bug === 'string' ? `        # ${bug}` : isTraceNop(row) ? ' [FTRACE NOP]' : ''
  return `${sourceHeading(format, source)}${head}:\t${codeText(row)}${tail}${note}`
}

/** Where a function begins with what ftrace makes a call of. */
const isTraceNop = ([, , offset, , mnemonic, operands]: readonly Cell[]): boolean =>
  offset === 0 && mnemonic === 'nopl' && operands === '0x0(%rax,%rax,1)'

/** `call   0xffffffff81000000`, `mov    %rsp,%rbp`. */
function codeText([, , , , mnemonic, operands, target]: readonly Cell[]): string {
  const text = operands === '' && target !== null ? `0x${hexText(target)}` : cellText(operands)
  return text === '' ? cellText(mnemonic) : `${cellText(mnemonic).padEnd(6)} ${text}`
}

/** The source line, when it is not the one above. */
function sourceHeading(format: TextFormat, source: readonly Cell[]): string {
  const text = sourceCellsText(source)
  if (text === '' || text === format.lastSource) return ''
  format.lastSource = text
  return `${text}\n`
}

/** -s: crash names file and line, then lists the source where it finds it on the host. */
function* sourceBlocks(program: Program, { operands }: Args, address: bigint): Generator<Block> {
  const source = sourceLine(program, address)
  if (!source) throw new UnsupportedError(`${operands[0]}: source line without DWARF`)
  yield record('column', [
    { title: 'FILE', kind: 'text', value: source.file },
    {
      title: 'LINE',
      kind: 'decimal',
      value: source.line ?? null,
      text: source.line === undefined ? `unknown (file by ${source.confidence})` : `${source.line}`,
    },
  ])
  throw new UnsupportedError(`${operands[0]}: source code is not available`)
}
