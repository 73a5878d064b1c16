// bt: backtraces. Frames come from the kernel's own unwind tables; what does not is marked.
// Source of names and layout: crash's `bt`; truth: arch/x86/kernel/unwind_orc.c.
import { attempt, UnsupportedError, UsageError } from '../../base/errors.ts'
import type { Cell, Column } from '../../base/table.ts'
import { forEachCpu } from '../../kernel/percpu.ts'
import { panicTask } from '../../kernel/panic.ts'
import { forEachThread, idleTask, type Task } from '../../kernel/sched.ts'
import { sourceLine } from '../../kernel/source_lines.ts'
import { cpuTrace, stackTrace } from '../../kernel/stack.ts'
import type { Program } from '../../program/program.ts'
import { frameSymbol, type StackFrame, type StackTrace } from '../../program/stack_trace.ts'
import { unwindStack } from '../../program/unwind_stack.ts'
import {
  defineCommand,
  table,
  type Block,
  type CommandArgs,
  type SectionBlock,
  type TableBlock,
} from '../command.ts'
import { activeTask } from '../active_task.ts'
import { addressText, cellText } from '../cell_text.ts'
import { btCode } from '../code/bt_code.ts'
import { parseCpuList } from '../cpu_list.ts'
import { parseAddress } from '../operand.ts'
import { registersBlock } from '../registers_block.ts'
import type { Session } from '../session.ts'
import { SOURCE_COLUMNS, sourceCells, sourceCellsText } from '../source_text.ts'
import {
  cpuStackBlocks,
  exceptionFrameBlocks,
  frameWordsBlock,
  overflowBlocks,
  rawStackBlock,
  returnAddresses,
  textSymbolBlocks,
} from '../stack_view.ts'
import { getTasks, taskHeading } from '../task_operand.ts'

const OPTIONS = {
  all: { type: 'boolean', short: 'a', help: 'the task of every CPU' },
  cpus: { type: 'string', short: 'c', value: 'cpus', help: 'the task of these CPUs: 0,2-4 or all' },
  panic: { type: 'boolean', short: 'p', help: 'the panic task' },
  skip: {
    type: 'string',
    short: 'n',
    value: 'idle',
    help: "with -a or -c: leave idle tasks out ('idle')",
  },
  group: { type: 'boolean', short: 'g', help: 'every thread of the thread group' },
  frames: { type: 'boolean', short: 'f', help: 'the words of each frame' },
  annotated: { type: 'count', short: 'F', help: 'as -f, words that are symbols shown as such' },
  offsets: { type: 'boolean', short: 's', help: 'symbol plus offset' },
  hex: { type: 'boolean', short: 'x', help: 'offsets in hexadecimal' },
  decimal: { type: 'boolean', short: 'd', help: 'offsets in decimal' },
  source: { type: 'boolean', short: 'l', help: 'source files, as far as known without DWARF' },
  text: {
    type: 'boolean',
    short: 't',
    help: 'every text symbol on the stack, from the last known place',
  },
  allText: {
    type: 'boolean',
    short: 'T',
    help: 'every text symbol on the stack, from its far end',
  },
  raw: { type: 'boolean', short: 'r', help: 'the raw stack' },
  exceptions: { type: 'boolean', short: 'e', help: 'look for exception frames on the stack' },
  cpuExceptions: {
    type: 'boolean',
    short: 'E',
    help: 'look for exception frames on the stacks of interrupts and exceptions',
  },
  stale: {
    type: 'boolean',
    short: 'o',
    help: 'the old method: every text address on the stack as a frame',
  },
  staleDefault: { type: 'boolean', short: 'O', help: 'refused: the old method by default' },
  overflow: { type: 'boolean', short: 'v', help: 'check every stack for overflow' },
  reference: {
    type: 'string',
    short: 'R',
    value: 'symbol',
    help: 'only traces that pass through this symbol',
  },
  ip: { type: 'string', short: 'I', value: 'ip', help: 'start at this instruction' },
  sp: { type: 'string', short: 'S', value: 'sp', help: 'start at this stack pointer' },
} as const

type Args = CommandArgs<typeof OPTIONS>

export const bt = defineCommand({
  name: 'bt',
  summary: 'backtrace of a task',
  operands: '[pid | taskp] ...',
  description:
    'Frames come from the unwind tables of the kernel and its modules, so they are exact. A frame found by ' +
    'a call instruction of exactly its callee is marked (validated), one behind some call is marked (guess). ' +
    'A trace that cannot go on says why.',
  examples: [
    { text: 'the panic task', command: 'bt' },
    { text: 'what every CPU was doing', command: 'bt -a' },
    { text: 'where tasks 1 and 2 sleep', command: 'bt 1 2' },
  ],
  options: OPTIONS,
  perTask: true,
  needs: ['symbols', 'types'],
  code: btCode,
  *run(session, args) {
    const { program } = session
    if (args.values.skip !== undefined && args.values.skip !== 'idle')
      throw new UsageError(`-n: invalid argument: ${args.values.skip}`)
    if (args.values.overflow) {
      yield* overflowBlocks(program)
      return
    }
    if (args.values.ip !== undefined || args.values.sp !== undefined) {
      yield* givenStart(session, args)
      return
    }
    if (args.values.staleDefault) {
      throw new UnsupportedError('-O: stale frames by default; -o shows them once, each marked')
    }
    if (args.values.cpuExceptions) {
      yield* cpuStackBlocks(program, chosenCpus(program, args), isHex(session, args))
      return
    }
    const format = { program, values: args.values, hex: isHex(session, args) }
    for (const { task, cpu } of chosenTasks(session, args)) {
      if (session.aborted) return
      const trace = cpu === undefined ? stackTrace(program, task) : cpuTrace(program, cpu)
      if (!passesThrough(program, trace, args.values.reference)) continue
      yield traceSection(format, task, trace)
    }
  },
})

interface Chosen {
  readonly task: Task
  /** Set when a CPU was asked for, whatever its task. */
  readonly cpu: number | undefined
}

function* chosenTasks(session: Session, { values, operands }: Args): Generator<Chosen> {
  const { program } = session
  if (values.all || values.cpus !== undefined) {
    for (const cpu of chosenCpus(program, { values })) {
      const task = activeTask(program, cpu)
      if (values.skip === 'idle' && task.address === idleTask(program, cpu).address) continue
      yield { task, cpu }
    }
    return
  }
  const named = operands.flatMap((operand) => getTasks(program, operand))
  const start =
    named.length > 0 ? named : [values.panic ? (panicTask(program) ?? session.task) : session.task]
  for (const task of start) {
    const tasks = values.group ? forEachThread(task.get('group_leader').deref()) : [task]
    for (const member of tasks) yield { task: member, cpu: undefined }
  }
}

function chosenCpus(program: Program, { values }: Pick<Args, 'values'>): readonly number[] {
  const online = forEachCpu(program, 'online')
  return values.cpus === undefined ? online : parseCpuList(values.cpus, online)
}

/** Offsets are decimal unless -x, or `set radix 16`, says otherwise. */
const isHex = (session: Session, { values }: Pick<Args, 'values'>): boolean =>
  values.hex || (!values.decimal && session.radix === 16)

/** How one trace is shown. */
interface TraceFormat {
  readonly program: Program
  readonly values: Args['values']
  readonly hex: boolean
}

function traceSection(format: TraceFormat, task: Task, trace: StackTrace): SectionBlock {
  return { kind: 'section', heading: taskHeading(task), blocks: traceBlocks(format, task, trace) }
}

function* traceBlocks(format: TraceFormat, task: Task, trace: StackTrace): Generator<Block> {
  const { program, values, hex } = format
  if (values.raw) yield rawStackBlock(program, task, { detail: 'symbols', hex })
  else if (values.text || values.allText)
    yield* textSymbolBlocks(program, task, trace, values.allText)
  else if (values.exceptions) yield* exceptionFrameBlocks(program, task, hex)
  else yield* frameBlocks(format, values.stale ? staleTrace(program, task, trace) : trace)
}

/**
 * Frames as one table, cut where saved registers are shown in between. What an exception interrupted is
 * the exception's RIP and has no number, as in crash.
 */
function* frameBlocks(format: TraceFormat, trace: StackTrace): Generator<Block> {
  const { program } = format
  let pending: Cell[][] = []
  let number = 0
  for (const [index, frame] of trace.frames.entries()) {
    const numbered = index === 0 || !frame.interrupted
    pending.push(frameRow(format, frame, numbered ? number++ : null))
    const words = frameWords(format, trace, index)
    const registers = savedBySelf(program, frame) ? undefined : frame.registers
    if (!registers && !words) continue
    yield frameTable(format, pending)
    pending = []
    if (registers) yield registersBlock(registers)
    if (words) yield words
  }
  if (pending.length > 0) yield frameTable(format, pending)
  if (trace.userRegisters) yield registersBlock(trace.userRegisters)
  if (trace.end === 'lost') {
    yield { kind: 'problem', command: 'bt', message: `trace ends here: ${trace.why}` }
  }
}

/** Functions that note the registers of the very moment: nothing was interrupted, so they say nothing. */
const SELF_SAVING = ['__crash_kexec', 'crash_kexec']

/** Was this frame's register set saved by the frame itself? @source crash_setup_regs(newregs, NULL) */
function savedBySelf(program: Program, frame: StackFrame): boolean {
  const name = frame.registers && frameSymbol(program, frame)?.symbol.name
  return name !== undefined && SELF_SAVING.includes(name)
}

const FRAME_COLUMNS: readonly Column[] = [
  { title: 'FRAME', kind: 'decimal' },
  { title: 'SP', kind: 'address' },
  { title: 'FUNCTION', kind: 'text' },
  { title: 'OFFSET', kind: 'decimal' },
  { title: 'IP', kind: 'address' },
  { title: 'MODULE', kind: 'text' },
  { title: 'QUALITY', kind: 'text' },
  { title: 'INTERRUPTED', kind: 'text' },
  ...SOURCE_COLUMNS,
]

function frameRow(
  { program, values }: TraceFormat,
  frame: StackFrame,
  number: number | null,
): Cell[] {
  const found = frameSymbol(program, frame)
  const { ip, sp, quality, interrupted } = frame
  const name = found ? found.symbol.name : '(unknown)'
  const offset = found ? Number(found.offset) : null
  const source = values.source
    ? sourceLine(program, interrupted ? ip : BigInt.asUintN(64, ip - 1n))
    : undefined
  const cells = [number, sp, name, offset, ip, found?.symbol.module ?? '', quality, interrupted]
  return [...cells, ...sourceCells(source)]
}

function frameTable({ values, hex }: TraceFormat, rows: Cell[][]): TableBlock {
  const line = (row: readonly Cell[]): string => {
    const [number, sp, name, offset, ip, module, quality, , ...source] = row
    const at = Number(offset ?? 0)
    const plus = `+${hex ? `0x${at.toString(16)}` : at}`
    const where = module === '' ? '' : ` [${cellText(module)}]`
    const file = sourceCellsText(source)
    const below = file === '' ? '' : `\n    ${file}`
    const tail = `${where}${quality === 'exact' ? '' : `  (${cellText(quality)})`}${below}`
    // A frame that was interrupted, not calling: crash shows it as the exception's RIP.
    if (number === null) return `    [exception RIP: ${cellText(name)}${plus}]${tail}`
    const frame = `#${cellText(number)}`.padStart(3)
    const function_ = `${cellText(name)}${values.offsets ? plus : ''}`
    return `${frame} [${addressText(sp)}] ${function_} at ${addressText(ip)}${tail}`
  }
  return table(FRAME_COLUMNS, rows, { heading: '', line })
}

/** The stack words between this frame's return address and the next one's. */
function frameWords(
  { program, values, hex }: TraceFormat,
  trace: StackTrace,
  index: number,
): Block | undefined {
  if (!values.frames && values.annotated === 0) return undefined
  const frame = trace.frames[index] as StackFrame
  const next = trace.frames[index + 1]
  const start = frame.registers && index === 0 ? frame.sp : frame.sp + 8n
  const end = next ? next.sp + 8n : undefined
  // Across a switch of stacks there is nothing in between.
  if (end === undefined || end <= start || end - start > 0x8000n) return undefined
  const detail = (['plain', 'symbols and caches', 'symbols and objects'] as const)[values.annotated]
  return frameWordsBlock(program, { start, end }, { detail: detail ?? 'symbols and objects', hex })
}

/** `bt -o`: the frames of the trace, and between them whatever else looks like a return address. */
function staleTrace(program: Program, task: Task, trace: StackTrace): StackTrace {
  const known = new Map(trace.frames.map((frame) => [frame.sp, frame]))
  const [first] = trace.frames
  if (!first) return trace
  const frames = Array.from(returnAddresses(program, task, first.sp), ({ slot, ip }) => {
    return known.get(slot) ?? { ip, sp: slot, quality: 'guess' as const, interrupted: false }
  })
  const missing = trace.frames.filter(({ sp }) => !frames.some((frame) => frame.sp === sp))
  const all = [...frames, ...missing].toSorted((a, b) => (a.sp < b.sp ? -1 : a.sp > b.sp ? 1 : 0))
  return { ...trace, frames: all }
}

function passesThrough(
  program: Program,
  trace: StackTrace,
  reference: string | undefined,
): boolean {
  if (reference === undefined) return true
  const address = /^(0x)?[\da-f]{8,16}$/i.test(reference)
    ? BigInt(`0x${reference.replace(/^0x/i, '')}`)
    : undefined
  return trace.frames.some(
    (frame) =>
      frame.ip === address ||
      frame.sp === address ||
      frameSymbol(program, frame)?.symbol.name === reference,
  )
}

function* givenStart(session: Session, { values, operands }: Args): Generator<Block> {
  const { program } = session
  const format = { program, values, hex: isHex(session, { values }) }
  const named = operands[0] === undefined ? undefined : getTasks(program, operands[0])[0]
  const task = named ?? session.task
  const { sp: givenSp, ip: givenIp } = values
  const sp = givenSp === undefined ? task.pointer('thread.sp') : parseAddress(program, givenSp)
  const ip = givenIp === undefined ? program.memory.u64(sp) : parseAddress(program, givenIp)
  // Below a return address lies the caller's frame pointer, in kernels that keep one.
  const fp = attempt(() => program.memory.u64(sp - 8n)) ?? 0n
  const start = values.ip === undefined ? { ip, sp: sp + 8n, fp, slot: sp } : { ip, sp, fp: 0n }
  const trace = unwindStack(program, start)
  yield {
    kind: 'section',
    heading: taskHeading(task),
    blocks: frameBlocks(format, trace),
  }
}
