// runq: what the CPUs had to run. Source of names and layout: crash's `runq`.
import { readCell, type Cell, type Column } from '../../base/table.ts'
import { forEachCpu } from '../../kernel/percpu.ts'
import { cpuRq, taskLastArrival } from '../../kernel/runqueue.ts'
import { currentTask } from '../../kernel/sched.ts'
import type { Program } from '../../program/program.ts'
import { cellText } from '../cell_text.ts'
import { cpusCode } from '../code/cpus_code.ts'
import { defineCommand, table, type CommandArgs, type TableBlock } from '../command.ts'
import { parseCpuList } from '../cpu_list.ts'
import { formatElapsed } from '../duration_text.ts'
import { groupTable, queueTable, runqTask } from '../runq_queues.ts'
import type { Session } from '../session.ts'
import { TASK_COLUMNS, taskCells } from '../task_line.ts'

const OPTIONS = {
  timestamps: {
    type: 'boolean',
    short: 't',
    help: "each CPU's scheduler clock, and when its task got the CPU",
  },
  lag: { type: 'boolean', short: 'T', help: 'how far each clock is behind the most recent one' },
  elapsed: { type: 'boolean', short: 'm', help: "how long each CPU's task has been running" },
  groups: { type: 'boolean', short: 'g', help: 'tasks by task group' },
  cpus: { type: 'string', short: 'c', value: 'cpu', help: 'these CPUs only: 3 or 1,8-14' },
} as const

type Args = CommandArgs<typeof OPTIONS>

export const runq = defineCommand({
  name: 'runq',
  summary: 'run queue',
  description:
    'The task each CPU runs and those that wait for it: deadline tasks where there are any, real-time tasks by ' +
    'priority, fair tasks in the order of their timeline (by deadline since Linux 6.6, by run time before). The ' +
    'running task is in its real-time list, but in no fair timeline.',
  examples: [
    { text: 'every run queue', command: 'runq' },
    { text: 'which CPU ran the same task for long', command: 'runq -m' },
    { text: 'by control group, CPU 3 only', command: 'runq -g -c 3' },
  ],
  options: OPTIONS,
  needs: ['symbols', 'types'],
  code: ({ values }) => codeOf(values),
  *run(session, { values }) {
    const cpus = chooseCpus(session, values)
    if (values.timestamps) yield timestampTable(session.program, cpus)
    else if (values.lag) yield lagTable(session.program, cpus)
    else if (values.elapsed) yield elapsedTable(session.program, cpus)
    else {
      for (const cpu of cpus) {
        if (session.aborted) return
        const block = values.groups
          ? groupTable(session.program, cpu)
          : queueTable(session.program, cpu)
        yield { kind: 'section', heading: undefined, blocks: [block] }
      }
    }
  },
})

function codeOf(values: Args['values']): string {
  const loop = `for (const cpu of ${cpusCode(values.cpus)}) {`
  if (values.timestamps || values.lag || values.elapsed)
    return `${loop}
  const running = currentTask(program, cpu)
  console.log(cpu, running.string('comm'), cpuRq(program, cpu).bigint('clock'), taskLastArrival(running))
}`
  return `${loop}
  console.log(cpu, currentTask(program, cpu).string('comm'))
  for (const each of forEachRunnableTask(program, cpu)) console.log('  ', each.number('pid'), each.string('comm'))
}`
}

function chooseCpus({ program }: Session, values: Args['values']): readonly number[] {
  const online = forEachCpu(program, 'online')
  return values.cpus === undefined ? online : parseCpuList(values.cpus, online)
}

const CPU_COLUMN: Column = { title: 'CPU', kind: 'decimal' }

/** crash right-aligns CPU numbers by hand. */
const cpuText = (cpu: Cell | undefined, width: number): string =>
  `${''.padEnd(Math.max(0, width - cellText(cpu).length))}CPU ${cellText(cpu)}`

function timestampTable(program: Program, cpus: readonly number[]): TableBlock {
  const rows = cpus.map((cpu): Cell[] => {
    const task = currentTask(program, cpu)
    const clock = readCell(() => cpuRq(program, cpu).bigint('clock'))
    return [cpu, clock, readCell(() => taskLastArrival(task)), ...taskCells(task)]
  })
  const columns: readonly Column[] = [
    CPU_COLUMN,
    { title: 'CLOCK', key: 'clock_nsec', kind: 'decimal' },
    { title: 'TIMESTAMP', key: 'last_arrival_nsec', kind: 'decimal' },
    ...TASK_COLUMNS.map((column) =>
      column.title === 'CPU' ? { ...column, key: 'task_cpu' } : column,
    ),
  ]
  return table(columns, rows, {
    heading: '',
    line: ([cpu, clock, timestamp, ...task]) =>
      `${cpuText(cpu, 2)}: ${cellText(clock)}\n` +
      `        ${cellText(timestamp).padStart(cellText(clock).length)}  ${runqTask(task)}`,
  })
}

/** The most recent clock first, as in crash. */
function lagTable(program: Program, cpus: readonly number[]): TableBlock {
  const clocks = cpus
    .map((cpu) => ({ cpu, clock: cpuRq(program, cpu).bigint('clock') }))
    .sort((a, b) => (a.clock < b.clock ? 1 : a.clock > b.clock ? -1 : a.cpu - b.cpu))
  const newest = clocks[0]?.clock ?? 0n
  const rows = clocks.map(({ cpu, clock }): Cell[] => [cpu, clock, newest - clock])
  const columns: readonly Column[] = [
    CPU_COLUMN,
    { title: 'CLOCK', key: 'clock_nsec', kind: 'decimal' },
    { title: 'LAG', key: 'lag_nsec', kind: 'decimal' },
  ]
  return table(columns, rows, {
    heading: '',
    line: ([cpu, , lag]) => `${cpuText(cpu, 3)}: ${(Number(lag) / 1e9).toFixed(2)} secs`,
  })
}

function elapsedTable(program: Program, cpus: readonly number[]): TableBlock {
  const rows = cpus.map((cpu): Cell[] => {
    const task = currentTask(program, cpu)
    const elapsed = readCell(() => cpuRq(program, cpu).bigint('clock') - taskLastArrival(task))
    return [cpu, elapsed, ...taskCells(task)]
  })
  const columns: readonly Column[] = [
    CPU_COLUMN,
    { title: 'ELAPSED', key: 'elapsed_nsec', kind: 'decimal' },
    ...TASK_COLUMNS.map((column) =>
      column.title === 'CPU' ? { ...column, key: 'task_cpu' } : column,
    ),
  ]
  return table(columns, rows, {
    heading: '',
    line: ([cpu, elapsed, ...task]) =>
      `${cpuText(cpu, 2)}: [${typeof elapsed === 'bigint' ? formatElapsed(elapsed) : cellText(elapsed)}]  ${runqTask(task)}`,
  })
}
