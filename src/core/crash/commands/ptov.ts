// ptov: where a physical address lies in the direct map, or a per-CPU offset in the memory of each CPU.
import { wrap64 } from '../../base/addr.ts'
import { UsageError } from '../../base/errors.ts'
import type { Cell, Column } from '../../base/table.ts'
import { physToVirt } from '../../kernel/page.ts'
import { perCpuOffset } from '../../kernel/percpu.ts'
import { addressText, cellText, hexText } from '../cell_text.ts'
import { defineCommand, lines, table, type Block } from '../command.ts'
import { parseHexInput, parsePerCpuOperand } from '../operand.ts'
import type { Session } from '../session.ts'
import { virtualTable } from '../virtual_table.ts'

export const ptov = defineCommand({
  name: 'ptov',
  summary: 'physical to virtual, per-cpu to virtual',
  operands: '[address | offset:cpuspec] ...',
  operandsMin: 1,
  description:
    "The kernel's address of a hexadecimal physical address, or of a per-CPU offset for the CPUs that follow the colon: " +
    'a or all, a list such as 1,3-5, or nothing for the CPU of the current task.',
  examples: [
    { text: 'a physical address', command: 'ptov 56e000' },
    { text: 'a per-CPU offset, for each CPU', command: 'ptov b0c0:a' },
  ],
  options: {},
  needs: ['symbols'],
  code: ({ operands }) =>
    operands
      .map((text) => {
        const [hex, cpus] = text.split(':') as [string, string?]
        return cpus === undefined
          ? `console.log(physToVirt(program, 0x${hex}).toString(16))`
          : `for (const cpu of forEachCpu(program, 'possible')) console.log(cpu, (perCpuOffset(program, cpu) + 0x${hex}n).toString(16))`
      })
      .join('\n'),
  *run(session, { operands }) {
    for (const [i, operand] of operands.entries()) {
      if (i > 0) yield lines('')
      yield block(session, operand)
    }
  },
})

const CPU_COLUMNS: readonly Column[] = [
  { title: 'CPU', kind: 'decimal' },
  { title: 'VIRTUAL', kind: 'address' },
]

function block(session: Session, operand: string): Block {
  const { program } = session
  const { text, cpus } = perCpuOperand(session, operand)
  const value = parseHexInput(text)
  if (cpus === undefined)
    return virtualTable([[physToVirt(program, Number(value)), value]], 'kernel')
  const rows = cpus.map((cpu): Cell[] => [cpu, wrap64(perCpuOffset(program, cpu) + value)])
  return table(CPU_COLUMNS, rows, {
    heading: `PER-CPU OFFSET: ${hexText(value)}\n  CPU    VIRTUAL`,
    line: ([cpu, virtual]) => `  [${cellText(cpu)}]  ${addressText(virtual)}`,
  })
}

function perCpuOperand(session: Session, operand: string): ReturnType<typeof parsePerCpuOperand> {
  try {
    return parsePerCpuOperand(session, operand)
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    throw new UsageError(`invalid cpu specification: ${operand.split(':')[1]}`)
  }
}
