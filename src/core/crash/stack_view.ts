// A task's stack as raw material: words, text symbols, exception frames, the overflow mark.
import { FaultError } from '../base/errors.ts'
import { formatAddress } from '../base/hex.ts'
import type { Cell } from '../base/table.ts'
import { kernelStack } from '../kernel/stack_bounds.ts'
import type { Task } from '../kernel/sched.ts'
import type { Program } from '../program/program.ts'
import { readPtRegs, type Registers } from '../program/registers.ts'
import type { StackTrace } from '../program/stack_trace.ts'
import { addressText, cellText } from './cell_text.ts'
import { lines, table, type Block, type TableBlock } from './command.ts'
import { registersBlock } from './registers_block.ts'
import { forEachTaskAndIdle, taskHeading } from './task_operand.ts'

/** Written at the far end of every stack. Source: include/uapi/linux/magic.h */
const STACK_END_MAGIC = 0x57ac_6e9dn

interface WordRange {
  readonly start: bigint
  /** Exclusive. */
  readonly end: bigint
  readonly symbolic: boolean
}

/** Words of a whole stack, or of a part: two a line, as `bt -r` and `bt -f` print them. */
export function rawStackBlock(
  program: Program,
  task: Task | undefined,
  part?: WordRange,
): TableBlock {
  const bounds = task && kernelStack(task)
  const { start, end, symbolic } = part ?? {
    start: bounds?.start ?? 0n,
    end: bounds?.end ?? 0n,
    symbolic: false,
  }
  const indent = part ? '    ' : ''
  const colon = part ? ': ' : ':  '
  const show = (word: Cell): string => {
    if (typeof word !== 'bigint') return '(excluded)'.padEnd(16)
    const text = symbolic ? program.symbolize(word) : undefined
    return (text ?? formatAddress(word)).padEnd(16)
  }
  return table(
    [
      { title: 'ADDRESS', kind: 'address' },
      { title: 'WORD0', kind: 'address' },
      { title: 'WORD1', kind: 'address' },
    ],
    wordRows(program, start, end),
    {
      heading: '',
      line: ([address, first, second]) => {
        const words =
          second === null ? show(first ?? null) : `${show(first ?? null)} ${show(second ?? null)}`
        return `${indent}${formatAddress(address as bigint)}${colon}${words} `.trimEnd()
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

/** Every word that is an address of kernel text: what may have been called, stale ones included. */
export function textSymbolBlock(
  program: Program,
  task: Task,
  trace: StackTrace,
  whole: boolean,
): TableBlock {
  const { start, end } = kernelStack(task)
  const first = trace.frames[0]
  const from = !whole && first && first.sp >= start && first.sp < end ? first.sp : start
  const heading = first
    ? `              START: ${program.symbolize(first.ip) ?? ''} at ${formatAddress(first.ip)}`
    : ''
  return table(
    [
      { title: 'SLOT', kind: 'address' },
      { title: 'FUNCTION', kind: 'text' },
      { title: 'ADDRESS', kind: 'address' },
    ],
    textRows(program, from, end),
    {
      heading,
      line: ([slot, name, address]) =>
        `  [${addressText(slot)}] ${cellText(name)} at ${addressText(address)}`,
    },
  )
}

function* textRows(program: Program, start: bigint, end: bigint): Generator<Cell[]> {
  for (let slot = start & ~7n; slot < end; slot += 8n) {
    const word = readWord(program, slot)
    if (word === undefined || !program.arch.isKernelAddress(word)) continue
    const symbol = program.symbolAt(word)
    // An address of a function's very start is a pointer, hardly a return address.
    if (!symbol || !/^[tTwW]$/.test(symbol.type) || symbol.address === word) continue
    yield [slot, `${symbol.name}${symbol.module === '' ? '' : ` [${symbol.module}]`}`, word]
  }
}

/** `pt_regs` on the stack that could be real: plausible segments, flags, and addresses. */
export function* exceptionFrameBlocks(program: Program, task: Task): Generator<Block> {
  const { start, end } = kernelStack(task)
  const { ptRegs } = program.arch
  const size = BigInt(ptRegs.size)
  for (let at = start; at + size <= end; at += 8n) {
    const registers = readRegisters(program, at)
    const mode = registers && frameMode(program, registers)
    if (!registers || !mode) continue
    yield lines('', `  ${mode}-MODE EXCEPTION FRAME AT: ${formatAddress(at)}`)
    if (mode === 'KERNEL')
      yield lines(`    [exception RIP: ${program.symbolize(registers.ip ?? 0n)}]`)
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

function frameMode(program: Program, registers: Registers): 'KERNEL' | 'USER' | undefined {
  const { ip = 0n, sp = 0n, ss, flags = 0n } = registers
  // Bit 1 of RFLAGS is always set, bits above 21 never.
  if ((flags & 2n) === 0n || flags > 0x3f_ffffn) return undefined
  if (program.arch.isUserMode(registers))
    return ss === 0x2bn && !program.arch.isKernelAddress(ip) ? 'USER' : undefined
  const kernelSp = program.arch.isKernelAddress(sp)
  return (ss === 0x18n || ss === 0n) && kernelSp && program.symbolAt(ip) ? 'KERNEL' : undefined
}

/** `bt -v`: tasks whose stack's end mark is gone. */
export function* overflowBlocks(program: Program): Generator<Block> {
  let damaged = 0
  for (const task of forEachTaskAndIdle(program)) {
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
}
