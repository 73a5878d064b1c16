// Tasks of the report: counts of all, rows of those a reader looks for first.
import { attempt } from '../../base/errors.ts'
import { formatHex } from '../../base/hex.ts'
import type { Scene } from '../../diagnose/scene.ts'
import {
  forEachIdleTask,
  isKthread,
  taskCpu,
  taskStateName,
  type Task,
} from '../../kernel/sched.ts'
import type { ReportTaskRow, ReportTasks } from '../model/task_model.ts'
import type { PartReader } from './part_reader.ts'

const LIST_MAX = 2000

/** States whose tasks are listed first. */
const STATES_FIRST = ['RU', 'UN', 'WA', 'TR', 'ST', 'ZO', 'DE', 'NE']

/** What a row tells besides the task's stack. */
export type TaskFacts = Omit<ReportTaskRow, 'stack'>

/** Read what a row tells of a task. @throws {KdumpError} if it cannot be read */
export function readTaskFacts(task: Task): TaskFacts {
  return {
    pid: task.number('pid'),
    tgid: task.number('tgid'),
    comm: task.string('comm'),
    state: taskStateName(task),
    cpu: attempt(() => taskCpu(task)) ?? null,
    kernelThread: isKthread(task),
    address: formatHex(task.address),
  }
}

/**
 * Count and list the tasks, idle ones included.
 *
 * @param others all but the idle ones
 * @returns null if there is none to be found
 */
export function readTasks(
  { program }: Scene,
  reader: PartReader,
  others: readonly ReportTaskRow[],
): ReportTasks | null {
  const idle = reader.quiet('idle tasks', () => [...forEachIdleTask(program)]) ?? []
  const rows = [
    ...idle.flatMap((task) => attempt(() => ({ ...readTaskFacts(task), stack: null })) ?? []),
    ...others,
  ]
  if (rows.length === 0) return null
  const users = rows.filter(({ kernelThread }) => !kernelThread)
  return {
    total: rows.length,
    processes: users.filter(({ pid, tgid }) => pid === tgid).length,
    kernelThreads: rows.length - users.length,
    byState: countStates(rows),
    list: rows.toSorted((a, b) => rank(a) - rank(b)).slice(0, LIST_MAX),
  }
}

/** Count tasks by their states. */
export function countStates(rows: readonly TaskFacts[]): Record<string, number> {
  const byState: Record<string, number> = {}
  for (const { state } of rows) byState[state] = (byState[state] ?? 0) + 1
  return byState
}

function rank({ state }: ReportTaskRow): number {
  const index = STATES_FIRST.indexOf(state)
  return index < 0 ? STATES_FIRST.length : index
}
