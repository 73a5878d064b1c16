// A register that was used as a pointer, and the address that a memory operand means.
import { wrap64 } from '../base/addr.ts'
import type { MemoryOperand } from '../program/function_flow.ts'
import type { Registers } from '../program/registers.ts'
import type { Origin } from '../program/value_origin.ts'

/** A register that was used as a pointer. */
export interface BadPointer {
  readonly register: string
  readonly value: bigint
  /** Undefined where it could not be followed. */
  readonly origin: Origin | undefined
}

/** The address an operand means; undefined if a register of it is not known, or for this CPU's variables. */
export function effectiveAddress(
  { base, index, scale, displacement, isPerCpu }: MemoryOperand,
  registers: Registers,
): bigint | undefined {
  const start = base === '' ? 0n : registers[base]
  const element = index === '' ? 0n : registers[index]
  if (start === undefined || element === undefined || isPerCpu) return undefined
  return wrap64(start + element * BigInt(scale) + displacement)
}

/** Can it be an address at all? With five levels of page tables there are more. */
export function isCanonical(address: bigint, bits = 48n): boolean {
  const upper = BigInt.asIntN(64, address) >> (bits - 1n)
  return upper === 0n || upper === -1n
}
