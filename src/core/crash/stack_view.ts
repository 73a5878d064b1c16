// A task's stack as raw material: words, text symbols, exception frames, the overflow mark.
import { FaultError, UnsupportedError } from '../base/errors.ts'
import { formatAddress } from '../base/hex.ts'
import type { Cell } from '../base/table.ts'
import { cpuStacks } from '../kernel/cpu_stacks.ts'
import { kernelStack } from '../kernel/stack_bounds.ts'
import type { Task } from '../kernel/sched.ts'
import type { Program } from '../program/program.ts'
import { readPtRegs, type Registers } from '../program/registers.ts'
import type { StackTrace } from '../program/stack_trace.ts'
import { addressText, cellText } from './cell_text.ts'
import { lines, table, type Block, type TableBlock } from './command.ts'
import { registersBlock } from './registers_block.ts'
import { describeWord, type WordDetail } from './stack_words.ts'
import { taskHeading } from './task_operand.ts'
import { listTasks } from './task_selection.ts'

/** Written at the far end of every stack. Source: include/uapi/linux/magic.h */
const STACK_END_MAGIC = 0x57ac_6e9dn

interface WordRange {
  readonly start: bigint
  /** Exclusive. */
  readonly end: bigint
}

/** What `bt -r`, `-f` and `-F` show of each word. */
export interface WordFormat {
  readonly detail: WordDetail
  /** Offsets in hexadecimal. */
  readonly hex: boolean
}

/** Words of a whole stack: two a line, as `bt -r` prints them. */
export function rawStackBlock(program: Program, task: Task, format: WordFormat): TableBlock {
  return wordTable(program, kernelStack(task), format, '', ':  ')
}

/** Words of a part of a stack, as `bt -f` and `bt -F` print them below a frame. */
export function frameWordsBlock(program: Program, part: WordRange, format: WordFormat): TableBlock {
  return wordTable(program, part, format, '    ', ': ')
}

function wordTable(
  program: Program,
  { start, end }: WordRange,
  { detail, hex }: WordFormat,
  indent: string,
  colon: string,
): TableBlock {
  const show = (word: Cell, name: Cell): string => {
    if (typeof name === 'string') return name.padEnd(16)
    return typeof word === 'bigint' ? formatAddress(word) : '(excluded)'.padEnd(16)
  }
  const name = (word: Cell): Cell =>
    typeof word === 'bigint' ? (describeWord(program, word, detail, hex) ?? null) : null
  const rows = function* (): Generator<Cell[]> {
    for (const [address = null, first = null, second = null] of wordRows(program, start, end))
      yield [address, first, second, name(first), name(second)]
  }
  return table(
    [
      { title: 'ADDRESS', kind: 'address' },
      { title: 'WORD0', kind: 'address' },
      { title: 'WORD1', kind: 'address' },
      { title: 'NAME0', kind: 'text' },
      { title: 'NAME1', kind: 'text' },
    ],
    rows(),
    {
      heading: '',
      line: ([address, first = null, second = null, name0 = null, name1 = null]) => {
        const words = [show(first, name0), ...(second === null ? [] : [show(second, name1)])]
        return `${indent}${formatAddress(address as bigint)}${colon}${words.join(' ')} `
      },
    },
  )
}

function* wordRows(program: Program, start: bigint, end: bigint): Generator<Cell[]> {
  for (let at = start; at < end; at += 16n) {
    yield [
      at,
      readWord(program, at) ?? '(excluded)',
      at + 8n < end ? (readWord(program, at + 8n) ?? '(excluded)') : null,
    ]
  }
}

function readWord(program: Program, address: bigint): bigint | undefined {
  try {
    return program.memory.u64(address)
  } catch (error) {
    if (error instanceof FaultError) return undefined
    throw error
  }
}

/** Every word that is an address of kernel text: what may have been called, stale ones and plain pointers included. */
export function* textSymbolBlocks(
  program: Program,
  task: Task,
  trace: StackTrace,
  whole: boolean,
): Generator<Block> {
  const { start, end } = kernelStack(task)
  const first = trace.frames[0]
  // Whole means: from just above the mark at the far end.
  const from = whole || !first || first.sp < start || first.sp >= end ? start : first.sp
  const name = first ? program.symbolAt(first.ip - (first.interrupted ? 0n : 1n))?.name : undefined
  const heading =
    first && !whole
      ? `              START: ${name ?? '(unknown)'} at ${formatAddress(first.ip)}`
      : ''
  yield table(
    [
      { title: 'SLOT', kind: 'address' },
      { title: 'FUNCTION', kind: 'text' },
      { title: 'ADDRESS', kind: 'address' },
      { title: 'MODULE', kind: 'text' },
    ],
    textRows(program, from, end),
    {
      heading,
      line: ([slot, function_, address, module]) =>
        `  [${addressText(slot)}] ${cellText(function_)} at ${addressText(address)}${module === '' ? '' : ` [${cellText(module)}]`}`,
    },
  )
  if (trace.userRegisters) yield registersBlock(trace.userRegisters)
}

/** Words above `from` that follow a call, or at least point into text: `bt -o`. */
export function* returnAddresses(
  program: Program,
  task: Task,
  from: bigint,
): Generator<{ readonly slot: bigint; readonly ip: bigint }> {
  const { start, end } = kernelStack(task)
  if (from < start || from >= end) return
  for (const [slot, , ip] of textRows(program, from, end)) {
    const symbol = program.symbolAt(ip as bigint)
    // An address of a function's very start is a pointer, hardly a return address.
    if (symbol?.address !== ip) yield { slot: slot as bigint, ip: ip as bigint }
  }
}

function* textRows(program: Program, start: bigint, end: bigint): Generator<Cell[]> {
  for (let slot = start & ~7n; slot < end; slot += 8n) {
    const word = readWord(program, slot)
    if (word === undefined || !program.arch.isKernelAddress(word)) continue
    const symbol = program.symbolAt(word)
    if (!symbol || !/^[tTwW]$/.test(symbol.type)) continue
    yield [slot, symbol.name, word, symbol.module]
  }
}

/** `pt_regs` on a task's stack that could be real. */
export function* exceptionFrameBlocks(
  program: Program,
  task: Task,
  hex: boolean,
): Generator<Block> {
  yield* framesWithin(program, kernelStack(task), hex)
}

/** `bt -E`: the same on the stacks of CPUs that interrupts and exceptions run on. */
export function* cpuStackBlocks(
  program: Program,
  cpus: readonly number[],
  hex: boolean,
): Generator<Block> {
  const stacks = cpuStacks(program).filter(({ cpu, isMapped }) => isMapped && cpus.includes(cpu))
  if (stacks.length === 0) throw new UnsupportedError('stacks of interrupts on this machine')
  for (const { name, cpu, start, end } of stacks) {
    yield lines(`CPU ${cpu} ${name}${name === 'IRQ' ? '' : ' EXCEPTION'} STACK:`)
    const found = [...framesWithin(program, { start, end }, hex)]
    if (found.length === 0) yield lines('(none found)')
    else yield* found
    yield lines('')
  }
}

/** Plausible segments, flags, and addresses make a frame. */
function* framesWithin(
  program: Program,
  { start, end }: WordRange,
  hex: boolean,
): Generator<Block> {
  const { ptRegs } = program.arch
  const size = BigInt(ptRegs.size)
  for (let at = start; at + size <= end; at += 8n) {
    const registers = readRegisters(program, at)
    const mode = registers && frameMode(program, registers, at + size)
    if (!registers || !mode) continue
    yield lines('', `  ${mode}-MODE EXCEPTION FRAME AT: ${formatAddress(at)}`)
    const ip = registers.ip ?? 0n
    if (mode === 'KERNEL')
      yield lines(
        `    [exception RIP: ${describeWord(program, ip, 'symbols', hex) ?? '(unknown)'}]`,
      )
    yield registersBlock(registers)
  }
}

function readRegisters(program: Program, at: bigint): Registers | undefined {
  // The cheap test first: cs is in the 18th word.
  const cs = readWord(program, at + 136n)
  if (cs !== 0x10n && cs !== 0x33n && cs !== 0x23n) return undefined
  try {
    return readPtRegs(program, at)
  } catch (error) {
    if (error instanceof FaultError) return undefined
    throw error
  }
}

/** Bits of RFLAGS that are never set: 3, 5, 15 and those above 21. @source Intel SDM vol. 1, 3.4.3 */
const FLAGS_NEVER = 0xffff_ffff_ffc0_8028n

/** Whether these words could be a frame, and of which mode. @param end address behind them @internal */
export function frameMode(
  program: Program,
  registers: Registers,
  end: bigint,
): 'KERNEL' | 'USER' | undefined {
  const { ip = 0n, sp = 0n, ss, flags = 0n } = registers
  // Bit 1 is always set.
  if ((flags & 2n) === 0n || (flags & FLAGS_NEVER) !== 0n) return undefined
  if (program.arch.isUserMode(registers))
    return ss === 0x2bn && !program.arch.isKernelAddress(ip) ? 'USER' : undefined
  if (!program.arch.isKernelAddress(sp) || !program.symbolAt(ip)) return undefined
  // Pushed on the stack that was in use, which the CPU aligns to 16 bytes first, or on another one.
  const isBelow = sp === end || sp === end + 8n
  return isBelow || ss === 0x18n ? 'KERNEL' : undefined
}

/** `bt -v`: tasks whose stack's end mark is gone. */
export function* overflowBlocks(program: Program): Generator<Block> {
  let damaged = 0
  const { tasks, problem } = listTasks(program)
  for (const task of tasks) {
    const { start } = kernelStack(task)
    const mark = readWord(program, start)
    if (mark === undefined || (mark & 0xffff_ffffn) === STACK_END_MAGIC) continue
    damaged++
    yield taskHeading(task)
    yield lines(
      `  possible stack overflow: end of stack holds ${formatAddress(mark)}, not ${STACK_END_MAGIC.toString(16)}`,
    )
  }
  if (damaged === 0) yield lines('No stack overflows detected')
  if (problem !== '') yield { kind: 'problem', command: 'bt', message: problem }
}
