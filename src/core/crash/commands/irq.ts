// irq: interrupts, their handlers and counts. Source of names and layout: crash's `irq`.
import { UnsupportedError, UsageError } from '../../base/errors.ts'
import { readCell, type Cell, type Column } from '../../base/table.ts'
import { formatCpuList } from '../../kernel/cpumask.ts'
import {
  forEachIdtGate,
  forEachIrqAction,
  forEachIrqDesc,
  forEachSoftirq,
  forEachTasklet,
  irqChipName,
  irqDescActionNames,
  irqDescAffinity,
  irqToDesc,
  kstatIrqsCpu,
  nrIrqs,
  taskletFunction,
  type IrqDesc,
  type NumberedIrq,
} from '../../kernel/irq.ts'
import { forEachCpu } from '../../kernel/percpu.ts'
import type { Program } from '../../program/program.ts'
import { addressText, cellText } from '../cell_text.ts'
import { centreTitle } from '../centre_text.ts'
import { cpusCode } from '../code/cpus_code.ts'
import { defineCommand, table, type Block, type CommandArgs, type TableBlock } from '../command.ts'
import { parseCpuList } from '../cpu_list.ts'
import type { Session } from '../session.ts'

const OPTIONS = {
  used: { type: 'boolean', short: 'u', help: 'interrupts with a descriptor only' },
  idt: { type: 'boolean', short: 'd', help: 'the interrupt descriptor table of x86' },
  bottomHalves: { type: 'boolean', short: 'b', help: 'softirqs, and the tasklets that wait' },
  affinity: { type: 'boolean', short: 'a', help: 'which CPUs interrupts in use may go to' },
  statistics: { type: 'boolean', short: 's', help: 'how often each came to each CPU' },
  cpus: {
    type: 'string',
    short: 'c',
    value: 'cpu',
    help: 'with -s: these CPUs only: 1,3,5-7 or a',
  },
} as const

type Args = CommandArgs<typeof OPTIONS>

export const irq = defineCommand({
  name: 'irq',
  summary: 'interrupts: who handles them, where, how often',
  operands: '[index ...]',
  description:
    'Every interrupt there can be, its descriptor and its handlers; numbers choose some. Counts and names are those ' +
    'of /proc/interrupts, CPU sets those of /proc/irq/N/smp_affinity_list.',
  examples: [
    { text: 'who handles interrupt 24', command: 'irq 24' },
    { text: 'how often interrupts came', command: 'irq -s' },
    { text: 'which CPUs they may go to', command: 'irq -a' },
  ],
  options: OPTIONS,
  needs: ['symbols', 'types'],
  code: (args) => codeOf(args),
  *run(session, args) {
    const { program } = session
    const { values } = args
    if (values.idt) yield idtTable(program)
    else if (values.bottomHalves) yield* bottomHalfBlocks(program)
    else if (values.affinity) yield affinityTable(session)
    else if (values.statistics) yield statisticsTable(session, values.cpus)
    else yield irqTable(session, args)
  },
})

function codeOf({ values, operands }: Args): string {
  if (values.idt)
    return 'for (const gate of forEachIdtGate(program)) console.log(program.symbolize(gate))'
  if (values.bottomHalves)
    return 'for (const { index, action } of forEachSoftirq(program)) console.log(index, program.symbolize(action))'
  const show = values.affinity
    ? 'console.log(irq, irqDescActionNames(desc), formatCpuList(irqDescAffinity(desc)))'
    : `console.log(irq, irqDescActionNames(desc), ${cpusCode(values.cpus)}.map((cpu) => kstatIrqsCpu(desc, cpu)))`
  if (operands.length === 0)
    return `for (const { irq, desc } of forEachIrqDesc(program)) {\n  ${show}\n}`
  return `for (const irq of [${operands.map(Number).join(', ')}]) {\n  const desc = irqToDesc(program, irq)\n  if (desc) ${show}\n}`
}

const IRQ_COLUMN: Column = { title: 'IRQ', kind: 'decimal' }

function irqTable(session: Session, { values, operands }: Args): TableBlock {
  const columns: readonly Column[] = [
    IRQ_COLUMN,
    { title: 'IRQ_DESC', kind: 'address' },
    { title: 'IRQACTION', kind: 'address' },
    { title: 'NAME', kind: 'text' },
    // 0 for the first handler of an interrupt, 1 for the next on its line.
    { title: 'HANDLER', kind: 'decimal' },
  ]
  const unused = centreTitle('(unused)', 16)
  return table(columns, irqRows(session, parseIndices(session.program, operands), values.used), {
    heading: ' IRQ   IRQ_DESC/_DATA      IRQACTION      NAME',
    line: ([number, desc, action, name, handler]) => {
      const head =
        handler === 0
          ? `${centreTitle(cellText(number), 5)} ${desc === null ? unused : addressText(desc)}  `
          : ' '.repeat(24)
      return action === null
        ? `${head}${unused}  `
        : `${head}${addressText(action)}  "${cellText(name)}"`
    },
  })
}

function* irqRows(session: Session, indices: readonly number[], used: boolean): Generator<Cell[]> {
  const { program } = session
  if (indices.length > 0) {
    for (const number of indices) yield* actionRows(number, irqToDesc(program, number))
    return
  }
  let next = 0
  for (const { irq: number, desc } of forEachIrqDesc(program)) {
    if (session.aborted) return
    if (!used) for (; next < number; next++) yield* actionRows(next, undefined)
    yield* actionRows(number, desc)
    next = number + 1
  }
  if (!used) for (; next < nrIrqs(program); next++) yield* actionRows(next, undefined)
}

function* actionRows(number: number, desc: IrqDesc | undefined): Generator<Cell[]> {
  let handler = 0
  if (desc) {
    for (const action of forEachIrqAction(desc))
      yield [number, desc.address, action.address, readCell(() => action.string('name')), handler++]
  }
  if (handler === 0) yield [number, desc?.address ?? null, null, null, 0]
}

function parseIndices(program: Program, operands: readonly string[]): number[] {
  return operands.map((operand) => {
    const wrong = /[^\d]/.exec(operand)
    if (wrong) throw new UsageError(`${operand}: "${wrong[0]}" is not a digit 0 - 9`)
    const number = Number(operand)
    const last = nrIrqs(program) - 1
    if (number > last) throw new UsageError(`invalid IRQ value: ${operand}  (${last} max)`)
    return number
  })
}

/** Interrupts that someone handles. */
function* handledIrqs(session: Session): Generator<NumberedIrq> {
  for (const numbered of forEachIrqDesc(session.program)) {
    if (session.aborted) return
    if (numbered.desc.pointer('action') !== 0n) yield numbered
  }
}

function affinityTable(session: Session): TableBlock {
  function* rows(): Generator<Cell[]> {
    for (const { irq: number, desc } of handledIrqs(session))
      yield [
        number,
        readCell(() => irqDescActionNames(desc)),
        readCell(() => formatCpuList(irqDescAffinity(desc))),
      ]
  }
  const columns: readonly Column[] = [
    IRQ_COLUMN,
    { title: 'NAME', kind: 'text' },
    { title: 'AFFINITY', kind: 'text' },
  ]
  return table(columns, rows(), {
    heading: 'IRQ NAME                 AFFINITY',
    line: ([number, name, affinity]) =>
      `${cellText(number).padStart(3)} ${cellText(name).padEnd(20)} ${cellText(affinity)}`,
  })
}

function statisticsTable(session: Session, list: string | undefined): TableBlock {
  const { program } = session
  const online = forEachCpu(program, 'online')
  const cpus = list === undefined ? online : parseCpuList(list, online)
  function* rows(): Generator<Cell[]> {
    for (const { irq: number, desc } of handledIrqs(session))
      yield [
        number,
        ...cpus.map((cpu) => readCell(() => kstatIrqsCpu(desc, cpu))),
        readCell(() => irqChipName(desc) ?? 'None'),
        readCell(() => desc.string('name')),
        readCell(() => irqDescActionNames(desc, ', ')),
      ]
  }
  const columns: readonly Column[] = [
    IRQ_COLUMN,
    ...cpus.map((cpu): Column => ({ title: `CPU${cpu}`, kind: 'decimal' })),
    { title: 'CHIP', kind: 'text' },
    { title: 'FLOW', kind: 'text' },
    { title: 'NAME', kind: 'text' },
  ]
  const cell = (text: string): string => `${text.padStart(10)} `
  return table(columns, rows(), {
    heading: `     ${cpus.map((cpu) => cell(`CPU${cpu}`)).join('')}`,
    line: ([number, ...cells]) => {
      const counts = cells.slice(0, cpus.length).map((count) => cell(cellText(count)))
      const [chip, flow, name] = cells.slice(cpus.length)
      const flowText = flow === '' ? '' : `-${cellText(flow).padEnd(8)}`
      return `${cellText(number).padStart(3)}: ${counts.join('')}${cellText(chip).padStart(8)}${flowText} ${cellText(name)}`
    },
  })
}

function idtTable(program: Program): TableBlock {
  if (!program.hasSymbol('idt_table'))
    throw new UnsupportedError('-d: an interrupt descriptor table is an x86 thing')
  function* rows(): Generator<Cell[]> {
    let vector = 0
    for (const address of forEachIdtGate(program))
      yield [vector++, address, program.symbolize(address) ?? null]
  }
  const columns: readonly Column[] = [
    { title: 'VECTOR', kind: 'decimal' },
    { title: 'ADDRESS', kind: 'address' },
    { title: 'NAME', kind: 'text' },
  ]
  return table(columns, rows(), {
    heading: '',
    line: ([vector, address, name]) => {
      // crash counts in decimal here.
      const text =
        name === null
          ? addressText(address)
          : cellText(name).replace(/\+(0x[\da-f]+)/, (_, at) => `+${Number(at)}`)
      return `${`[${cellText(vector)}]`.padStart(5)} ${text}`
    },
  })
}

function* bottomHalfBlocks(program: Program): Generator<Block> {
  const rows = [...forEachSoftirq(program)]
    .filter(({ action }) => action !== 0n)
    .map(({ index, action }): Cell[] => [index, action, nameOf(program, action)])
  const columns: readonly Column[] = [
    { title: 'SOFTIRQ_VEC', kind: 'decimal' },
    { title: 'ACTION', kind: 'address' },
    { title: 'NAME', kind: 'text' },
  ]
  yield table(columns, rows, {
    heading: 'SOFTIRQ_VEC      ACTION     ',
    line: ([index, action, name]) =>
      `    ${`[${cellText(index)}]`.padEnd(7)} ${addressText(action)}  <${cellText(name)}>`,
  })
  yield* taskletBlocks(program)
}

/** Shown only where some wait, as crash does not know of them. */
function* taskletBlocks(program: Program): Generator<Block> {
  if (!program.hasSymbol('tasklet_vec')) return
  const rows: Cell[][] = []
  for (const vector of ['tasklet_hi_vec', 'tasklet_vec'] as const) {
    for (const cpu of forEachCpu(program, 'online')) {
      for (const tasklet of forEachTasklet(program, cpu, vector)) {
        const action = taskletFunction(tasklet)
        rows.push([vector.toUpperCase(), cpu, tasklet.address, action, nameOf(program, action)])
      }
    }
  }
  if (rows.length === 0) return
  const columns: readonly Column[] = [
    { title: 'VECTOR', kind: 'text' },
    { title: 'CPU', kind: 'decimal' },
    { title: 'TASKLET', kind: 'address' },
    { title: 'ACTION', kind: 'address' },
    { title: 'NAME', kind: 'text' },
  ]
  yield table(columns, rows, {
    heading: '\nTASKLET_VEC      CPU      TASKLET           ACTION',
    line: ([vector, cpu, tasklet, action, name]) =>
      `${cellText(vector).padEnd(16)} ${cellText(cpu).padStart(3)}  ${addressText(tasklet)}  ${addressText(action)}  <${cellText(name)}>`,
  })
}

const nameOf = (program: Program, address: bigint): string | null =>
  program.symbolize(address) ?? null
