// Instructions of the dumped machine. Code is read page by page, so that a count or an end that lies costs nothing.
import { wrap64 } from '../base/addr.ts'
import { FaultError } from '../base/errors.ts'
import { getDisassembler, type Instruction } from '../arch/disassembler.ts'
import type { VirtualReader } from '../io/virtual_reader.ts'
import type { Program } from './program.ts'

export type { Instruction } from '../arch/disassembler.ts'

const WINDOW = 4096

/**
 * Walk the instructions from `start`, up to `end` (exclusive) if given, else until memory ends.
 *
 * An instruction that begins before `end` is yielded whole.
 *
 * @param memory whose memory; the kernel's if not given
 * @throws {FaultError} where code cannot be read, after the instructions before it
 * @throws {UnsupportedError} if there is no disassembler of this architecture
 */
export function* forEachInstruction(
  program: Program,
  start: bigint,
  end?: bigint,
  memory: VirtualReader = program.memory,
): Generator<Instruction> {
  const disassembler = getDisassembler(program.arch.name)
  let at = start
  while (end === undefined || at < end) {
    const wanted = end === undefined ? WINDOW : Number(end - at) + disassembler.lengthMax
    const code = readCode(memory, at, Math.min(WINDOW, wanted))
    let done = 0
    for (const instruction of disassembler.disassemble(code, at)) {
      if (end !== undefined && instruction.address >= end) return
      yield instruction
      done += instruction.length
    }
    at += BigInt(done)
    // What is left is cut off by a page that is not there, or by the end of all addresses.
    if (done === 0)
      throw new FaultError(wrap64(at + BigInt(code.length)), 'virtual', 'no-translation')
  }
}

/** As many bytes as there are, at least one. @throws {FaultError} if there is none */
function readCode(memory: VirtualReader, address: bigint, size: number): Uint8Array {
  const code = new Uint8Array(size)
  try {
    memory.readVirtual(address, code)
    return code
  } catch (error) {
    if (!(error instanceof FaultError)) throw error
    // The fault names the first byte that is missing.
    const readable = Number(BigInt.asUintN(64, error.address - address))
    if (readable === 0 || readable >= size) throw error
    const part = code.subarray(0, readable)
    memory.readVirtual(address, part)
    return part
  }
}
