// Which task a CPU was running: the kernel's word, unless `set -a` says otherwise because the kernel's own is damaged.
import { currentTask, taskCpu, type Task } from '../kernel/sched.ts'
import type { Program } from '../program/program.ts'

const marked = new WeakMap<Program, Map<number, Task>>()

/** What a CPU was running. */
export function activeTask(program: Program, cpu: number): Task {
  return marked.get(program)?.get(cpu) ?? currentTask(program, cpu)
}

/** Take this task for the one its CPU was running. */
export function markActive(task: Task): void {
  let tasks = marked.get(task.program)
  if (!tasks) marked.set(task.program, (tasks = new Map()))
  tasks.set(taskCpu(task), task)
}

/** Believe the kernel again: each session begins so. */
export function forgetActive(program: Program): void {
  marked.delete(program)
}
