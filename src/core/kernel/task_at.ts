// Which task an address belongs to.
import { KdumpError } from '../base/errors.ts'
import type { Program } from '../program/program.ts'
import { forEachIdleTask, forEachTask, type Task } from './sched.ts'
import { kernelStack } from './stack_bounds.ts'

/** A task, and which of its memory an address is in. */
export interface TaskPart {
  readonly task: Task
  readonly part: 'task_struct' | 'stack'
}

/** The task whose `task_struct` or kernel stack holds an address, or undefined. Walks all tasks. */
export function taskAt(program: Program, address: bigint): TaskPart | undefined {
  const size = BigInt(program.sizeof('struct task_struct'))
  try {
    for (const task of allTasks(program)) {
      if (address >= task.address && address < task.address + size)
        return { task, part: 'task_struct' }
      const { start, end } = kernelStack(task)
      if (address >= start && address < end) return { task, part: 'stack' }
    }
  } catch (error) {
    // A broken list hides what comes later.
    if (!(error instanceof KdumpError)) throw error
  }
  return undefined
}

function* allTasks(program: Program): Generator<Task> {
  yield* forEachIdleTask(program)
  yield* forEachTask(program)
}
