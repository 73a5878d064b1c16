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

/**
 * Count and list the tasks.
 *
 * @param stackOf index of a task's stack by its address
 * @returns null if there is none to be found
 */
export function readTasks(
  scene: Scene,
  reader: PartReader,
  stackOf: ReadonlyMap<bigint, number>,
): ReportTasks | null {
  const idle = reader.quiet('idle tasks', () => [...forEachIdleTask(scene.program)]) ?? []
  const rows = [...idle, ...scene.tasks].flatMap(
    (task) => attempt(() => toRow(task, stackOf)) ?? [],
  )
  if (rows.length === 0) return null
  const byState: Record<string, number> = {}
  for (const { state } of rows) byState[state] = (byState[state] ?? 0) + 1
  const users = rows.filter(({ kernelThread }) => !kernelThread)
  return {
    total: rows.length,
    processes: users.filter(({ pid, tgid }) => pid === tgid).length,
    kernelThreads: rows.length - users.length,
    byState,
    list: rows.toSorted((a, b) => rank(a) - rank(b)).slice(0, LIST_MAX),
  }
}

function rank({ state }: ReportTaskRow): number {
  const index = STATES_FIRST.indexOf(state)
  return index < 0 ? STATES_FIRST.length : index
}

function toRow(task: Task, stackOf: ReadonlyMap<bigint, number>): ReportTaskRow {
  return {
    pid: task.number('pid'),
    tgid: task.number('tgid'),
    comm: task.string('comm'),
    state: taskStateName(task),
    cpu: attempt(() => taskCpu(task)) ?? null,
    kernelThread: isKthread(task),
    address: formatHex(task.address),
    stack: stackOf.get(task.address) ?? null,
  }
}
