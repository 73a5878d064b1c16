// The code of a BPF program: bytecode as text, and machine code. Layout: crash's `bpf -t` and `bpf -j`.
import { wrap64 } from '../base/addr.ts'
import { formatHardwareAddress } from '../base/ip_text.ts'
import type { Cell, Column } from '../base/table.ts'
import { bpfProgInstructions, bpfProgJitCode, forEachBpfMap, type BpfProg } from '../kernel/bpf.ts'
import { forEachBpfInstruction, type BpfNames } from '../kernel/bpf_disasm.ts'
import type { Program } from '../program/program.ts'
import { forEachInstruction } from '../program/disassemble.ts'
import { cellText, hexText } from './cell_text.ts'
import { lines, table, type Block, type TableBlock } from './command.ts'

/** Every instruction on a line; `withBytes` on two. */
export function bytecodeBlock(prog: BpfProg, withBytes: boolean): TableBlock {
  const { program } = prog
  function* rows(): Generator<Cell[]> {
    const { littleEndian } = program.memory
    const code = bpfProgInstructions(prog)
    for (const { index, bytes, text } of forEachBpfInstruction(
      code,
      littleEndian,
      bpfNames(program),
    ))
      yield [index, text, formatHardwareAddress(bytes, ' ')]
  }
  const columns: readonly Column[] = [
    { title: 'INDEX', kind: 'decimal' },
    { title: 'TEXT', kind: 'text' },
    { title: 'BYTES', kind: 'text' },
  ]
  return table(columns, rows(), {
    heading: '',
    line: ([index, text, bytes]) =>
      `${cellText(index).padStart(4)}: ${cellText(text)}${withBytes ? `\n       ${cellText(bytes)}` : ''}`,
  })
}

/** Maps by address, and helpers by their distance from the function all are counted from. */
function bpfNames(program: Program): BpfNames {
  const base = program.kernelSymbols?.find('__bpf_call_base')?.address
  let ids: Map<bigint, number> | undefined
  return {
    constant: (value) => {
      ids ??= new Map(Array.from(forEachBpfMap(program), (map) => [map.address, map.number('id')]))
      const id = ids.get(value)
      return id === undefined ? undefined : `map[id:${id}]`
    },
    helper: (imm) =>
      base === undefined ? undefined : program.symbolAt(wrap64(base + BigInt(imm)))?.name,
  }
}

/** The machine code of a program and its subprograms, as gdb disassembles it. */
export function* jitBlocks(prog: BpfProg): Generator<Block> {
  const parts = bpfProgJitCode(prog)
  if (parts.length === 0) yield lines('(not jited)')
  for (const { start, size } of parts) yield jitTable(prog.program, start, size)
}

function jitTable(program: Program, start: bigint, size: number): TableBlock {
  function* rows(): Generator<Cell[]> {
    const code = forEachInstruction(program, start, wrap64(start + BigInt(size)))
    for (const { address, length, mnemonic, operands, target } of code) {
      const name = target === undefined ? undefined : program.symbolize(target)
      yield [address, length, mnemonic, operands, target ?? null, name ?? null]
    }
  }
  const columns: readonly Column[] = [
    { title: 'ADDRESS', kind: 'address' },
    { title: 'LENGTH', kind: 'decimal' },
    { title: 'MNEMONIC', kind: 'text' },
    { title: 'OPERANDS', kind: 'text' },
    { title: 'TARGET', kind: 'address' },
    { title: 'TARGET SYMBOL', key: 'target_symbol', kind: 'text' },
  ]
  return table(columns, rows(), {
    heading: '',
    line: ([address, , mnemonic, operands, target, name]) => {
      const where =
        target === null ? '' : `0x${hexText(target)}${name === null ? '' : ` <${cellText(name)}>`}`
      const text = `${cellText(mnemonic).padEnd(6)} ${cellText(operands)}${where}`.trimEnd()
      return `   0x${hexText(address)}:\t${text}`
    },
  })
}
