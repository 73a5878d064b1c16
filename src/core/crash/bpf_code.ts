// The code of a BPF program: bytecode as text, and machine code. Layout: crash's `bpf -t` and `bpf -j`.
import { wrap64 } from '../base/addr.ts'
import { formatHardwareAddress } from '../base/ip_text.ts'
import type { Cell, Column } from '../base/table.ts'
import { bpfMapIdAt, bpfProgInstructions, bpfProgJitCode, type BpfProg } from '../kernel/bpf.ts'
import { forEachBpfInstruction, type BpfNames } from '../kernel/bpf_disasm.ts'
import type { Program } from '../program/program.ts'
import { cellText } from './cell_text.ts'
import { lines, table, type Block, type TableBlock } from './command.ts'
import { memoryTable } from './memory_table.ts'

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
  return {
    constant: (value) => {
      const id = value === 0n ? undefined : bpfMapIdAt(program, value)
      return id === undefined ? undefined : `map[id:${id}]`
    },
    helper: (imm) =>
      base === undefined ? undefined : program.symbolAt(wrap64(base + BigInt(imm)))?.name,
  }
}

/** The machine code of a program, as bytes. */
export function* jitBlocks(prog: BpfProg): Generator<Block> {
  const parts = bpfProgJitCode(prog)
  if (parts.length === 0) yield lines('(not jited)')
  for (const { start, size } of parts)
    yield memoryTable({ memory: prog.program.memory, start, size, unit: 1 })
}
