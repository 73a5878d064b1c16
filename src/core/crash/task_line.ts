// A task on one line, as crash's listings have it, and its cells for JSON.
import type { Cell, Column } from '../base/table.ts'
import { taskCpu, type Task } from '../kernel/sched.ts'
import { addressText, cellText } from './cell_text.ts'

/** What {@link taskCells} yields. */
export const TASK_COLUMNS: readonly Column[] = [
  { title: 'PID', kind: 'decimal' },
  { title: 'TASK', kind: 'address' },
  { title: 'CPU', kind: 'decimal' },
  { title: 'COMMAND', kind: 'text' },
]

/** The cells that name a task. */
export function taskCells(task: Task): Cell[] {
  return [task.number('pid'), task.address, taskCpu(task), task.string('comm')]
}

/** `PID: 1        TASK: ffff8910c11fc180  CPU: 0    COMMAND: "init"`. */
export function taskLine(cells: readonly Cell[]): string {
  const [pid, task, cpu, comm] = cells
  return `PID: ${cellText(pid).padEnd(7)}  TASK: ${addressText(task)}  CPU: ${cellText(cpu).padEnd(3)}  COMMAND: "${cellText(comm)}"`
}
