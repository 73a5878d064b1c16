// Operands as TypeScript, for what commands print with --code.
import { parseHex } from './operand.ts'

/** An address operand: `0xffff…n`, or what a symbol's address is. */
export function addressCode(text: string): string {
  const hex = parseHex(text)
  return hex === undefined ? `program.symbol(${JSON.stringify(text)})` : `0x${hex.toString(16)}n`
}

/** A task operand: the one of a PID, the one at an address, or the current one. */
export function taskCode(text: string | undefined): string {
  if (text === undefined) return 'task'
  if (/^\d{1,10}$/.test(text)) return `(findTask(program, ${Number(text)}) ?? task)`
  const hex = parseHex(text)
  return hex === undefined
    ? 'task'
    : `program.objectAt('struct task_struct', 0x${hex.toString(16)}n)`
}
