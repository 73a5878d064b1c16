// A task by its PID, for lines that name its structures by address.
import { forEachTask, type Task } from '../../../src/core/kernel/sched.ts'
import type { Program } from '../../../src/core/program/program.ts'

/** The task of a PID. Throws Error if there is none: the guests of claims have it. */
export function getTask(program: Program, pid: number): Task {
  for (const task of forEachTask(program)) if (task.number('pid') === pid) return task
  throw new Error(`no task ${pid}`)
}
