// search: where in memory a value or a text is. Source of options and layout: crash's `search`.
import { activeTask } from '../active_task.ts'
import { wrap64 } from '../../base/addr.ts'
import { FaultError, UsageError } from '../../base/errors.ts'
import { formatAddress } from '../../base/hex.ts'
import type { Cell, Column } from '../../base/table.ts'
import {
  KERNEL_RANGE,
  kernelPieces,
  physicalPieces,
  stackPieces,
  USER_RANGE,
  userPieces,
  type AddressSpan,
} from '../../kernel/address_space.ts'
import { forEachCpu } from '../../kernel/percpu.ts'
import {
  searchTexts,
  searchWords,
  type MemoryPiece,
  type SearchRun,
  type SearchUnit,
} from '../../program/search_memory.ts'
import {
  defineCommand,
  lines,
  table,
  type Block,
  type CommandArgs,
  type TableBlock,
} from '../command.ts'
import { cellText } from '../cell_text.ts'
import { memoryTable, type ByteReader } from '../memory_table.ts'
import { codeAddress, parseAddress, parseCount, parseHex } from '../operand.ts'
import { physicalReader } from '../physical_reader.ts'
import type { Session } from '../session.ts'
import { listTasks } from '../task_selection.ts'
import { taskHeading } from '../task_operand.ts'
import { UserMemory } from '../user_memory.ts'

/** Characters shown of what begins with a text. */
const TEXT_SHOWN = 56
/** Words shown before and after a hit, at most. */
const CONTEXT_MAX = 4096

const OPTIONS = {
  start: { type: 'string', short: 's', value: 'start', help: 'begin at this address' },
  kernel: { type: 'boolean', short: 'k', help: 'kernel addresses, the default' },
  unmapped: {
    type: 'boolean',
    short: 'K',
    help: 'as -k, without what vmalloc, modules and the page array have mapped',
  },
  mapped: { type: 'boolean', short: 'V', help: 'as -k, only what -K leaves out' },
  user: { type: 'boolean', short: 'u', help: 'user addresses of the current task' },
  physical: { type: 'boolean', short: 'p', help: 'physical addresses' },
  stacks: { type: 'boolean', short: 't', help: 'the kernel stack of every task' },
  activeStacks: { type: 'boolean', short: 'T', help: 'the kernel stacks of active tasks' },
  end: { type: 'string', short: 'e', value: 'end', help: 'stop at this address' },
  length: { type: 'string', short: 'l', value: 'length', help: 'search so many bytes' },
  mask: { type: 'string', short: 'm', value: 'mask', help: 'bits set in it may be anything' },
  context: {
    type: 'string',
    short: 'x',
    value: 'count',
    help: 'show so many values before and after each that is found',
  },
  text: { type: 'boolean', short: 'c', help: 'search for texts, anywhere' },
  words: { type: 'boolean', short: 'w', help: 'values of 32 bits' },
  halves: { type: 'boolean', short: 'h', help: 'values of 16 bits' },
} as const

type Args = CommandArgs<typeof OPTIONS>

export const search = defineCommand({
  name: 'search',
  summary: 'search memory',
  operands: '[value | (expression) | symbol | string] ...',
  operandsMin: 1,
  description:
    'Finds values at multiples of their size, and with -c texts anywhere. What is not in the dump is passed over. Kernel ' +
    'memory is searched by address: what the direct map shows of a page is found there, and again where else it is mapped.' +
    '\n\nA value is hexadecimal, a symbol (its address), or an expression in parentheses. Several are searched for at once.',
  examples: [
    { text: 'who points to a task', command: 'search ffff8e36c1232100' },
    { text: 'which stacks hold an address', command: 'search -t ffff8e36c1232100' },
    { text: 'a text, with what follows it', command: 'search -p -c "Linux version"' },
    { text: 'values under a mask', command: 'search -s init_task -l 4096 -m ffff -w deadbeef' },
  ],
  options: OPTIONS,
  needs: ['symbols'],
  code: ({ values, operands }) => searchCode(values, operands),
  *run(session, args) {
    checkArguments(args)
    const { values } = args
    const wanted = values.text ? parseTexts(args.operands) : parseValues(session, args)
    if (values.stacks || values.activeStacks) {
      yield* stackBlocks(session, args, wanted)
      return
    }
    const range = parseRange(session, values)
    if (range.rounded !== undefined)
      yield lines(`search: rounding down start address to: ${range.rounded.toString(16)}`)
    const view = { memory: chooseMemory(session, values), wanted, context: parseContext(values) }
    const pieces = choosePieces(session, values, range)
    yield* hitBlocks(session, view, forEachHit(session, wanted, pieces))
  },
})

/** What is searched for. */
type Wanted =
  | { readonly kind: 'texts'; readonly texts: readonly Uint8Array[] }
  | { readonly kind: 'values'; readonly unit: SearchUnit; readonly values: readonly WantedValue[] }

interface WantedValue {
  readonly value: bigint
  readonly mask: bigint
  /** `(init_task)`, behind a hit; '' for a value that says what it is. */
  readonly label: string
}

function checkArguments({ values }: Args): void {
  if (values.stacks && values.activeStacks)
    throw new UsageError('-t and -T options are mutually exclusive')
  if (values.end !== undefined && values.length !== undefined)
    throw new UsageError('-e and -l options are mutually exclusive')
  if (values.text && values.context !== undefined)
    throw new UsageError('-x option is not allowed with -c')
  if (values.text && values.mask !== undefined)
    throw new UsageError('-m option is not allowed with -c')
  const spaces = [values.user, values.physical, values.kernel || values.unmapped || values.mapped]
  if (spaces.filter(Boolean).length > 1)
    throw new UsageError('-k, -u and -p options are mutually exclusive')
}

function parseTexts(operands: readonly string[]): Wanted {
  const texts = operands.map((text) => new TextEncoder().encode(text))
  if (texts.some(({ length }) => length === 0)) throw new UsageError('empty string')
  return { kind: 'texts', texts }
}

function parseValues(session: Session, { values, operands }: Args): Wanted {
  const unit = values.halves ? 2 : values.words ? 4 : 8
  const option = values.halves ? '-h' : '-w'
  const mask = values.mask === undefined ? 0n : parseHex(values.mask)
  if (mask === undefined) throw new UsageError(`invalid input: "${values.mask}"`)
  return {
    kind: 'values',
    unit,
    values: operands.map((text) => {
      const value = parseHex(text) ?? parseSymbolic(session, text)
      if (value >> BigInt(unit * 8) !== 0n)
        throw new UsageError(`value too large for ${option} option: ${text}`)
      const bare = text.replace(/^\((.*)\)$/, '$1')
      return { value, mask, label: parseHex(text) === undefined ? `(${bare})` : '' }
    }),
  }
}

function parseSymbolic(session: Session, text: string): bigint {
  try {
    return parseAddress(session.program, text)
  } catch (cause) {
    throw new UsageError(
      text.startsWith('(') ? `invalid expression: ${text}` : `invalid input: "${text}"`,
      { cause },
    )
  }
}

interface ParsedRange extends AddressSpan {
  /** The start, where it was not a multiple of a word's size. */
  readonly rounded: bigint | undefined
}

function parseRange(session: Session, values: Args['values']): ParsedRange {
  const space: AddressSpan = values.user
    ? USER_RANGE
    : values.physical
      ? { start: 0n, last: wrap64(-1n) }
      : KERNEL_RANGE
  const given = values.start === undefined ? undefined : parseAddress(session.program, values.start)
  if (given !== undefined && (given < space.start || given > space.last)) {
    const what = values.user ? 'user' : 'kernel'
    throw new UsageError(`invalid ${what} virtual address: ${given.toString(16)}`)
  }
  const aligned = given === undefined || values.text ? given : given & ~7n
  const start = aligned ?? space.start
  const last = parseLast(session, values, start) ?? space.last
  if (last > space.last || last < start)
    throw new UsageError(`invalid ending address: ${(last + 1n).toString(16)}`)
  return { start, last, rounded: aligned === given ? undefined : aligned }
}

function parseLast(session: Session, values: Args['values'], start: bigint): bigint | undefined {
  if (values.end !== undefined) return parseAddress(session.program, values.end) - 1n
  if (values.length === undefined) return undefined
  const length = parseCount(values.length)
  if (length <= 0) throw new UsageError(`invalid length: ${values.length}`)
  return start + BigInt(length) - 1n
}

function choosePieces(
  session: Session,
  values: Args['values'],
  range: AddressSpan,
): Iterable<MemoryPiece> {
  const { program } = session
  // The current task is looked for only here: a damaged dump may have none.
  if (values.user) return userPieces(session.task, range)
  if (values.physical) return physicalPieces(program, range)
  // -K and -V together leave nothing out.
  const part = values.unmapped === values.mapped ? 'all' : values.unmapped ? 'direct' : 'other'
  return kernelPieces(program, range, part)
}

function chooseMemory(session: Session, values: Args['values']): ByteReader {
  if (values.user) return new UserMemory(session.program, session.task)
  return values.physical ? physicalReader(session.program) : session.program.memory
}

/** Values before and after a hit; 0 without -x. */
function parseContext({ context }: Args['values']): number {
  const count = context === undefined ? 0 : parseCount(context)
  if (count < 0 || count > CONTEXT_MAX) throw new UsageError(`invalid count: ${context}`)
  return count
}

/** Each stack with hits below the heading of its task. */
function* stackBlocks(session: Session, args: Args, wanted: Wanted): Generator<Block> {
  const { program } = session
  const { values } = args
  const view = { memory: program.memory, wanted, context: parseContext(values) }
  const tasks = values.activeStacks
    ? forEachCpu(program, 'online').map((cpu) => activeTask(program, cpu))
    : listTasks(program).tasks
  for (const task of tasks) {
    if (session.aborted) return
    const hits = [...forEachHit(session, wanted, stackPieces(task))]
    if (hits.length === 0) continue
    yield { kind: 'section', heading: taskHeading(task), blocks: hitBlocks(session, view, hits) }
  }
}

interface Hit {
  readonly address: bigint
  /** Of a word; undefined for a text. */
  readonly value: bigint | undefined
  readonly label: string
}

function* forEachHit(
  session: Session,
  wanted: Wanted,
  pieces: Iterable<MemoryPiece>,
): Generator<Hit> {
  const { dump } = session.program
  const run: SearchRun = { dump, pieces, isAborted: () => session.aborted }
  if (wanted.kind === 'texts') {
    for (const { address } of searchTexts(run, wanted.texts))
      yield { address, value: undefined, label: '' }
    return
  }
  for (const { address, index, value } of searchWords(run, wanted.unit, wanted.values))
    yield { address, value, label: wanted.values[index]?.label ?? '' }
}

interface View {
  readonly memory: ByteReader
  readonly wanted: Wanted
  readonly context: number
}

const COLUMNS: readonly Column[] = [
  { title: 'ADDRESS', kind: 'address' },
  { title: 'VALUE', kind: 'hex' },
  { title: 'NAME', kind: 'text' },
  { title: 'TEXT', kind: 'text' },
]

function* hitBlocks(session: Session, view: View, hits: Iterable<Hit>): Generator<Block> {
  const { context, wanted } = view
  if (context === 0 || wanted.kind === 'texts') {
    yield hitTable(view, hits)
    return
  }
  for (const hit of hits) {
    if (session.aborted) return
    yield { kind: 'section', heading: undefined, blocks: contextBlocks(view, hit, wanted.unit) }
  }
}

/** What lies before a hit, the hit, and what lies behind. */
function* contextBlocks(view: View, hit: Hit, unit: SearchUnit): Generator<Block> {
  const { memory, context } = view
  const size = context * unit
  yield memoryTable({ memory, start: wrap64(hit.address - BigInt(size)), size, unit })
  yield hitTable(view, [hit], unit * 2)
  yield memoryTable({ memory, start: wrap64(hit.address + BigInt(unit)), size, unit })
}

/** @param digits of the value, among words of memory; absent: as few as it takes */
function hitTable({ memory }: View, hits: Iterable<Hit>, digits?: number): TableBlock {
  function* rows(): Generator<Cell[]> {
    for (const { address, value, label } of hits)
      yield [address, value ?? null, label, value === undefined ? textAt(memory, address) : null]
  }
  return table(COLUMNS, rows(), {
    heading: '',
    line: ([address, value, label, text]) => {
      const at = (address as bigint).toString(16)
      if (typeof value !== 'bigint') return `${at}: ${cellText(text)}`
      if (digits === undefined) return `${at}: ${value.toString(16)} ${cellText(label)}`
      return `${at.padStart(16)}:  ${formatAddress(value, digits)} ${cellText(label)}`
    },
  })
}

/** Some characters from an address on, as far as there is memory; others are dots. */
function textAt(memory: ByteReader, address: bigint): string {
  const bytes = new Uint8Array(1)
  let text = ''
  for (let i = 0; i < TEXT_SHOWN; i++) {
    try {
      memory.readVirtual(wrap64(address + BigInt(i)), bytes)
    } catch (error) {
      if (error instanceof FaultError) break
      throw error
    }
    const byte = bytes[0] as number
    text += byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.'
  }
  return text
}

function searchCode(values: Args['values'], operands: readonly string[]): string {
  const range = values.user ? 'USER_RANGE' : 'KERNEL_RANGE'
  const pieces = values.physical
    ? 'physicalPieces(program, { start: 0n, last: 2n ** 64n - 1n })'
    : values.stacks || values.activeStacks
      ? `[...forEachIdleTask(program), ...forEachTask(program)]${values.activeStacks ? '.filter((each) => runningCpu(program, each) !== undefined)' : ''}.flatMap((each) => [...stackPieces(each)])`
      : values.user
        ? `userPieces(task, ${range})`
        : `kernelPieces(program, ${range})`
  const run = `const run = { dump: program.dump, pieces: ${pieces}, isAborted: () => false }`
  if (values.text) {
    return `${run}
const texts = ${JSON.stringify(operands)}.map((text) => new TextEncoder().encode(text))
for (const { address } of searchTexts(run, texts)) console.log(address.toString(16))`
  }
  const mask = values.mask === undefined ? '0n' : `0x${values.mask}n`
  const wanted = operands.map((text) => `{ value: ${codeAddress(text)}, mask: ${mask} }`)
  const unit = values.halves ? 2 : values.words ? 4 : 8
  return `${run}
for (const { address, value } of searchWords(run, ${unit}, [${wanted.join(', ')}]))
  console.log(address.toString(16), value.toString(16))`
}
