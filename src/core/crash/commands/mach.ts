// mach: the machine. Source of names and layout: crash's `mach`.
import { formatAddress } from '../../base/hex.ts'
import { UsageError } from '../../base/errors.ts'
import { readCell, type Cell, type Column } from '../../base/table.ts'
import { forEachE820Entry } from '../../kernel/e820.ts'
import { presentPages } from '../../kernel/mmzone.ts'
import { forEachCpu, perCpu } from '../../kernel/percpu.ts'
import { idleTask } from '../../kernel/sched.ts'
import { kernelStack } from '../../kernel/stack_bounds.ts'
import { kernelHz } from '../../kernel/timekeeping.ts'
import { utsname } from '../../kernel/uts.ts'
import type { Program } from '../../program/program.ts'
import { cellText } from '../cell_text.ts'
import {
  defineCommand,
  lines,
  record,
  table,
  type Block,
  type RecordBlock,
  type RecordField,
  type TableBlock,
} from '../command.ts'
import { hypervisorName, layoutFields, stackFields } from '../mach_x86_64.ts'
import type { Session } from '../session.ts'
import { formatMemorySize } from '../size_text.ts'

const OPTIONS = {
  memory: { type: 'boolean', short: 'm', help: 'the physical memory map (e820)' },
  cpus: { type: 'boolean', short: 'c', help: "each CPU's cpuinfo structure" },
  hex: { type: 'boolean', short: 'x', help: 'integers in hexadecimal' },
  decimal: { type: 'boolean', short: 'd', help: 'integers in decimal' },
} as const

export const mach = defineCommand({
  name: 'mach',
  summary: 'machine specific data',
  description:
    'The machine: its memory and CPUs, where the kernel is mapped, the stacks of interrupts and exceptions. HZ is ' +
    'what the kernel was built for, by the length of its tick.',
  examples: [
    { text: 'the machine', command: 'mach' },
    { text: 'what the firmware said of memory', command: 'mach -m' },
    { text: 'what each CPU is, in hexadecimal', command: 'mach -cx' },
  ],
  options: OPTIONS,
  needs: ['symbols', 'types'],
  code: ({ values }) => {
    if (values.memory) return 'for (const entry of forEachE820Entry(program)) console.log(entry)'
    if (values.cpus)
      return `for (const cpu of forEachCpu(program, 'online'))
  console.log(perCpu(program, 'cpu_info', cpu, 'struct cpuinfo_x86').string('x86_model_id'))`
    return 'console.log(presentPages(program), forEachCpu(program, "online").length, kernelHz(program))'
  },
  *run(session, { values, operands }) {
    if (operands.length > 0) throw new UsageError('too many arguments')
    if (values.memory) yield memoryMap(session.program)
    else if (values.cpus) yield* cpuBlocks(session, values)
    else yield machine(session.program)
  },
})

/** Of one width, as in crash: the longest label is not always there. */
const LABEL_WIDTH = 22

function machine(program: Program): RecordBlock {
  const { memory, arch } = program
  const fields: RecordField[] = [
    text('MACHINE TYPE', () => utsname(program).machine),
    {
      ...number('MEMORY SIZE', () => presentPages(program) * memory.pageSize),
      ...sizeText(program),
    },
    number('CPUS', () => forEachCpu(program, 'online').length),
    ...hypervisor(program),
    ...processorSpeed(program),
    number('HZ', () => kernelHz(program)),
    number('PAGE SIZE', () => memory.pageSize),
    ...(arch.name === 'x86_64' ? layoutFields(program) : []),
    number('KERNEL STACK SIZE', () => {
      const { start, end } = kernelStack(idleTask(program, 0))
      return Number(end - start)
    }),
    ...(arch.name === 'x86_64' ? stackFields(program) : []),
  ]
  return { ...record('column', fields), labelWidth: LABEL_WIDTH }
}

const keyOf = (title: string): string => title.toLowerCase().replaceAll(' ', '_')

function text(title: string, read: () => Cell): RecordField {
  return { title, key: keyOf(title), kind: 'text', value: readCell(read) }
}

function number(title: string, read: () => Cell): RecordField {
  return { title, key: keyOf(title), kind: 'decimal', value: readCell(read) }
}

function sizeText(program: Program): { text?: string } {
  const size = readCell(() => presentPages(program) * program.memory.pageSize)
  return typeof size === 'number' ? { text: formatMemorySize(size) } : {}
}

function hypervisor(program: Program): RecordField[] {
  const value = readCell(() => hypervisorName(program) ?? null)
  return value === null ? [] : [{ title: 'HYPERVISOR', kind: 'text', value }]
}

function processorSpeed(program: Program): RecordField[] {
  if (!program.hasSymbol('cpu_khz')) return []
  const value = readCell(() => Math.floor(program.memory.u32(program.symbol('cpu_khz')) / 1000))
  return [
    {
      title: 'PROCESSOR SPEED',
      key: 'processor_mhz',
      kind: 'decimal',
      value,
      text: `${cellText(value)} Mhz`,
    },
  ]
}

const MAP_COLUMNS: readonly Column[] = [
  { title: 'START', kind: 'hex' },
  { title: 'END', kind: 'hex' },
  { title: 'TYPE', kind: 'text' },
]

function memoryMap(program: Program): TableBlock {
  const rows = function* (): Generator<Cell[]> {
    for (const { start, end, type } of forEachE820Entry(program)) yield [start, end, type]
  }
  return table(MAP_COLUMNS, rows(), {
    heading: '      PHYSICAL ADDRESS RANGE         TYPE',
    line: ([start, end, type]) =>
      `${formatAddress(BigInt(Number(start)))} - ${formatAddress(BigInt(Number(end)))}  ${cellText(type)}`,
  })
}

function* cpuBlocks(
  session: Session,
  { hex, decimal }: { readonly hex: boolean; readonly decimal: boolean },
): Generator<Block> {
  const { program } = session
  for (const cpu of forEachCpu(program, 'online')) {
    if (cpu > 0) yield lines('')
    yield lines(`CPU ${cpu}:`)
    yield {
      kind: 'object',
      object: perCpu(program, 'cpu_info', cpu, 'struct cpuinfo_x86'),
      format: session.format({ hex, decimal }),
      prefix: 'struct cpuinfo_x86 ',
    }
  }
}
