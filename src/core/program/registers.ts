// Saved registers of the dumped machine, in its architecture's layout: what other rooms need to know of a CPU.
import { parseRegisters, type Registers } from '../arch/arch.ts'
import type { Program } from './program.ts'

export type { Registers } from '../arch/arch.ts'

/** Read a `struct pt_regs` at a kernel address. @throws {FaultError} */
export function readPtRegs(program: Program, address: bigint): Registers {
  const { ptRegs } = program.arch
  const bytes = program.memory.bytes(address, ptRegs.size)
  return parseRegisters(ptRegs, bytes, program.memory.littleEndian)
}

/** Registers in the descriptor of an NT_PRSTATUS note; undefined if it is too short or was never written. */
export function parsePrstatus(program: Program, desc: Uint8Array): Registers | undefined {
  const { prstatusRegsOffset, ptRegs, pc, sp } = program.arch
  if (desc.length < prstatusRegsOffset + ptRegs.size) return undefined
  const bytes = desc.subarray(prstatusRegsOffset)
  const registers = parseRegisters(ptRegs, bytes, program.memory.littleEndian)
  // A call through NULL has a program counter of 0, and a stack.
  return registers[pc] === 0n && registers[sp] === 0n ? undefined : registers
}
