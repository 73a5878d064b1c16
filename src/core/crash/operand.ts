// Operands shared by commands: addresses, counts, CPU suffixes, written the way crash takes them.
import { wrap64 } from '../base/addr.ts'
import { NotFoundError, UsageError } from '../base/errors.ts'
import { forEachCpu } from '../kernel/percpu.ts'
import { taskCpu } from '../kernel/sched.ts'
import { addressOf, evaluate } from '../program/evaluate.ts'
import type { Program } from '../program/program.ts'
import { parseCpuList } from './cpu_list.ts'
import type { Session } from './session.ts'

/**
 * Parse an address: hex with or without 0x, a symbol, `symbol+8`, `symbol+0x8`, or an expression of C:
 * `(init_task + 8)`, `init_task.comm` (where it lies), `init_task.signal` (a pointer: where it points).
 *
 * Hex digits win over a symbol of the same letters, as in crash.
 *
 * @throws {NotFoundError} kind 'symbol', in crash's words, if it is none of these
 */
export function parseAddress(program: Program, text: string): bigint {
  const hex = parseHex(text)
  if (hex !== undefined) return hex
  // Crash's own arithmetic is in parentheses, and there a symbol is its address.
  const moved = /^\(?\s*([\w.$]+)(?:\s*([+-])\s*(0x[\da-f]+|\d+))?\s*\)?$/i.exec(text)
  const symbol = moved && program.findSymbol(moved[1] as string)
  if (symbol) {
    const offset = BigInt(moved[3] ?? 0)
    return wrap64(symbol.address + (moved[2] === '-' ? -offset : offset))
  }
  if (/^[A-Za-z_$][\w$]*$/.test(text)) throw new NotFoundError('symbol', text)
  return addressOf(evaluate(program, text))
}

/** Code that has the address an operand means, for `--code`: `0xffff…n`, `program.findSymbol('schedule')!.address + 4n`. */
export function codeAddress(text: string): string {
  const hex = parseHex(text)
  if (hex !== undefined) return `0x${hex.toString(16)}n`
  const moved = /^\(?\s*([A-Za-z_]\w*)(?:\s*([+-])\s*(0x[\da-f]+|\d+))?\s*\)?$/i.exec(text)
  if (!moved) return `addressOf(evaluate(program, ${JSON.stringify(text)}))`
  const [, name, sign, offset] = moved
  const symbol = `program.findSymbol('${name}')!.address`
  return offset === undefined ? symbol : `${symbol} ${sign} ${offset}n`
}

/** A number that is hexadecimal without saying so, or undefined. */
export function parseHex(text: string): bigint | undefined {
  const match = /^(?:0x)?([\da-f]{1,16})$/i.exec(text)
  return match ? BigInt(`0x${match[1]}`) : undefined
}

/** A number that must be hexadecimal. @throws {UsageError} in crash's words */
export function parseHexInput(text: string): bigint {
  const value = parseHex(text)
  if (value === undefined) throw new UsageError(`invalid input: "${text}"`)
  return value
}

/** A count: decimal, or hex with 0x. @throws {UsageError} in crash's words */
export function parseCount(text: string): number {
  const value = /^-?(\d+|0x[\da-f]+)$/i.test(text) ? Number(text.replace(/^-/, '')) : Number.NaN
  if (!Number.isSafeInteger(value)) throw new UsageError(`not a valid number: ${text}`)
  return text.startsWith('-') ? -value : value
}

/** An operand that may end in a CPU specification, `runqueues:0,2` or `runqueues:a`. */
export interface PerCpuOperand {
  readonly text: string
  /** CPUs asked for, undefined if there is no suffix. */
  readonly cpus: readonly number[] | undefined
}

/**
 * Cut the `:cpuspec` off an operand; `:` alone is the CPU of the current task.
 *
 * @throws {UsageError} for a CPU that does not exist
 */
export function parsePerCpuOperand(session: Session, operand: string): PerCpuOperand {
  const match = /^(.*):(a|all|[\d,-]*)$/.exec(operand)
  if (!match) return { text: operand, cpus: undefined }
  const spec = match[2] as string
  const possible = forEachCpu(session.program, 'possible')
  const cpus = spec === '' ? [taskCpu(session.task)] : parseCpuList(spec, possible)
  return { text: match[1] as string, cpus }
}

/** Does this address belong to the percpu template, where only `:cpuspec` makes sense of it? */
export function isPerCpuAddress(program: Program, address: bigint): boolean {
  if (!program.hasSymbol('__per_cpu_start') || !program.hasSymbol('__per_cpu_end')) return false
  return address >= program.symbol('__per_cpu_start') && address < program.symbol('__per_cpu_end')
}
