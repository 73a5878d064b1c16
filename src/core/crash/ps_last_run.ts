// ps -l and -m: when tasks last ran.
import { readCell, type Cell, type Column } from '../base/table.ts'
import { cpuRq, taskLastArrival } from '../kernel/runqueue.ts'
import { taskCpu, taskStateName, type Task } from '../kernel/sched.ts'
import type { Program } from '../program/program.ts'
import { cellText } from './cell_text.ts'
import { table, type TableBlock } from './command.ts'
import { formatElapsed } from './duration_text.ts'
import { TASK_COLUMNS, taskCells, taskLine } from './task_line.ts'

/** How to show the times. */
export interface LastRunOptions {
  /** Show the time since, not the timestamp. */
  readonly elapsed: boolean
}

/** Tasks by the time they last began to run, newest first. Times are of the scheduler's clock of their CPU. */
export function lastRunTable(
  program: Program,
  tasks: readonly Task[],
  { elapsed }: LastRunOptions,
): TableBlock {
  const clock = clockReader(program)
  const rows = tasks
    .map((task) => ({ task, lastRun: taskLastArrival(task) }))
    .sort((a, b) => (a.lastRun < b.lastRun ? 1 : a.lastRun > b.lastRun ? -1 : 0))
    .map(({ task, lastRun }): Cell[] => {
      const since = readCell(() => clock(taskCpu(task)) - lastRun)
      return [lastRun, since, taskStateName(task), ...taskCells(task)]
    })
  const width = Math.max(0, ...rows.map(([lastRun]) => cellText(lastRun).length))
  const columns: readonly Column[] = [
    { title: 'LAST_RUN', kind: 'decimal' },
    { title: 'SINCE', key: 'since_nsec', kind: 'decimal' },
    { title: 'ST', key: 'state', kind: 'text' },
    ...TASK_COLUMNS,
  ]
  return table(columns, rows, {
    heading: '',
    line: ([lastRun, since, state, ...task]) => {
      const time = elapsed ? formatSince(since) : cellText(lastRun).padStart(width)
      return `[${time}] [${cellText(state)}]  ${taskLine(task)}`
    },
  })
}

function formatSince(since: Cell | undefined): string {
  return typeof since === 'bigint' ? formatElapsed(since) : '(unknown)'
}

/** `rq->clock` of a CPU, read once each. */
function clockReader(program: Program): (cpu: number) => bigint {
  const clocks = new Map<number, bigint>()
  return (cpu) => {
    let clock = clocks.get(cpu)
    if (clock === undefined) {
      clock = cpuRq(program, cpu).bigint('clock')
      clocks.set(cpu, clock)
    }
    return clock
  }
}
