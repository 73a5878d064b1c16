// Machine code as instructions. What decodes them is large (a table of thousands of opcodes), so a host hands it in and
// it is loaded when the first instruction is asked for: most sessions never ask.
import { UnsupportedError } from '../base/errors.ts'
import type { CallingConvention, Operation } from './operation.ts'

/** One machine instruction. */
export interface Instruction {
  readonly address: bigint
  /** Bytes. */
  readonly length: number
  /** In the assembler syntax of gdb, prefixes included: `lock cmpxchg`; `(bad)` where nothing can be decoded. */
  readonly mnemonic: string
  /** `%rsp,%rbp`; without the target of a branch, which is `target`. '' for none. */
  readonly operands: string
  /** Where a direct call, jump or conditional jump goes. */
  readonly target?: bigint
  /** The address that a pc-relative memory operand means; for a percpu variable the address before the CPU's offset. */
  readonly memory?: bigint
  /** Is `memory` relative to the percpu base? */
  readonly isPerCpu?: boolean
}

/** Decodes the machine code of one architecture. */
export interface Disassembler {
  /** utsname's machine. */
  readonly arch: string
  /**
   * Decode up to the end of `code`, whatever it holds: what is no instruction is `(bad)`, one byte long.
   *
   * @yields instructions without a gap; the last one is left out where `code` ends within it
   */
  disassemble(code: Uint8Array, address: bigint): Iterable<Instruction>
  /**
   * Say what the instructions of `code` do, as `disassemble()` finds them; ten times as dear.
   *
   * @yields operations; nothing for what is no instruction
   */
  operations(code: Uint8Array, address: bigint): Iterable<Operation>
  readonly convention: CallingConvention
  /** Longest instruction in bytes. */
  readonly lengthMax: number
}

const loaders = new Map<string, () => Disassembler>()
const loaded = new Map<string, Disassembler>()

/** Say how the disassembler of an architecture is loaded, when it is needed. */
export function registerDisassembler(arch: string, load: () => Disassembler): void {
  loaders.set(arch, load)
  loaded.delete(arch)
}

/**
 * The disassembler of an architecture, loaded by now.
 *
 * @throws {UnsupportedError} if there is none, or it cannot be loaded
 */
export function getDisassembler(arch: string): Disassembler {
  const known = loaded.get(arch)
  if (known) return known
  const load = loaders.get(arch)
  if (!load) throw new UnsupportedError(`disassembly of ${arch === '' ? 'this machine' : arch}`)
  const disassembler = load()
  loaded.set(arch, disassembler)
  return disassembler
}
