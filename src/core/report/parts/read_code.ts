// The instructions around a fault. They are as long as they like, so they are read from the start of the function.
import { attempt } from '../../base/errors.ts'
import { formatAddress, formatHex } from '../../base/hex.ts'
import { forEachInstruction, type Instruction } from '../../program/disassemble.ts'
import type { Program } from '../../program/program.ts'
import type { ReportInstruction } from '../model/crash_model.ts'

const BEFORE = 8
const AFTER = 6
/** Longer functions are not read from their start. */
const FUNCTION_SIZE_MAX = 65_536n
/** Behind the fault: as many instructions as are shown, of the longest there are. */
const BEHIND = 96n

/** Read the instructions around an address; null if they are not in the dump or cannot be decoded. */
export function readCode(program: Program, ip: bigint): ReportInstruction[] | null {
  const symbol = program.symbolAt(ip)
  const start = symbol && ip - symbol.address < FUNCTION_SIZE_MAX ? symbol.address : ip
  const all: Instruction[] = []
  // What follows may be missing; what came before the gap counts.
  attempt(() => {
    for (const instruction of forEachInstruction(program, start, ip + BEHIND)) all.push(instruction)
  })
  const at = all.findIndex(({ address }) => address === ip)
  if (at < 0) return null
  return all
    .slice(Math.max(0, at - BEFORE), at + AFTER + 1)
    .map((instruction) => toInstruction(program, instruction))
}

function toInstruction(program: Program, instruction: Instruction): ReportInstruction {
  const { address, length, mnemonic, operands, target } = instruction
  const bytes = Array.from(program.memory.bytes(address, length), (byte) =>
    byte.toString(16).padStart(2, '0'),
  )
  const where = target === undefined ? '' : ` ${targetText(program, target)}`
  return {
    address: formatHex(address),
    bytes: bytes.join(' '),
    text: `${mnemonic.padEnd(6)} ${operands}${where}`.trimEnd(),
  }
}

function targetText(program: Program, target: bigint): string {
  const symbol = program.symbolAt(target)
  if (!symbol) return `0x${formatAddress(target)}`
  const offset = target - symbol.address
  return offset === 0n ? symbol.name : `${symbol.name}+0x${offset.toString(16)}`
}
