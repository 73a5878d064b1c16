// The system call table. Source: arch/x86/entry/syscall_64.c, arch/arm64/kernel/sys.c.
import type { Program } from '../program/program.ts'

/** One entry of the table. */
export interface SystemCall {
  readonly number: number
  readonly address: bigint
  /** The function it leads to, '' if the entry points at nothing known. */
  readonly name: string
}

/** Linux has some 470 system calls. */
const SYSCALL_LIMIT = 4096

/**
 * Walk the system call table, by number.
 *
 * Since v6.9 x86 dispatches by a switch and keeps the table for tracing; it says the same.
 *
 * @throws {NotFoundError} if the kernel has none
 */
export function* forEachSystemCall(program: Program): Generator<SystemCall> {
  const table = program.symbol('sys_call_table')
  const size = program.findSymbol('sys_call_table')?.size ?? 0
  const count = Math.min(SYSCALL_LIMIT, Math.floor(size / 8))
  for (let number = 0; number < count; number++) {
    const address = program.memory.u64(table + BigInt(number * 8))
    // What follows the table up to the next symbol is padding.
    if (address === 0n) return
    const symbol = program.symbolAt(address)
    yield { number, address, name: symbol?.address === address ? symbol.name : '' }
  }
}
