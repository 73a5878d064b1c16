// How findings call a task.
import { attempt } from '../base/errors.ts'
import { taskName } from '../kernel/kthread.ts'
import type { Task } from '../kernel/sched.ts'
import type { Evidence } from './rule.ts'

/** `PID 812 "hog"`; what cannot be read is left out. */
export function taskText(task: Task): string {
  const pid = attempt(() => task.number('pid'))
  const name = attempt(() => taskName(task))
  return `PID ${pid ?? '?'}${name === undefined ? '' : ` "${name}"`}`
}

/** A task as evidence; the command shows its stack. */
export function taskEvidence(task: Task, text: string): Evidence {
  const pid = attempt(() => task.number('pid'))
  // PID 0 is every CPU's idle task.
  const command = pid === undefined || pid === 0 ? `bt ${task.address.toString(16)}` : `bt ${pid}`
  return { text, address: task.address, command }
}

/** The command that lists the tasks of a name; all tasks where the name would be taken apart. */
export function psCommand(comm: string): string {
  return /^[\w.:/+-]+$/.test(comm) && !/^[\d-]/.test(comm) ? `ps ${comm}` : 'ps'
}
