// What findings call a lock: its symbol, or the member of the object it lies in.
import { formatAddress, formatHex } from '../base/hex.ts'
import type { Program } from '../program/program.ts'
import { thingAt } from './address_text.ts'

/** `stats_lock [lockstep]`, `struct inode.i_lock`-like text for objects, or the address. */
export function lockText(program: Program, lock: bigint): string {
  const thing = thingAt(program, lock)
  const at = formatAddress(lock)
  if (!thing) return `the lock at ${at}`
  const { kind, name, offset = 0n, detail } = thing
  const plus = offset === 0n ? '' : `+${formatHex(offset)}`
  if (kind === 'symbol')
    return `${name}${plus}${/\[\w+\]/.exec(detail) ? ` ${/\[\w+\]/.exec(detail)?.[0]}` : ''}`
  if (kind === 'percpu variable') return `${name}${plus} ${detail}`
  return `the lock in ${kind} ${name}${plus} at ${at}`
}
