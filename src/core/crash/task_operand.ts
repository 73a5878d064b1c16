// Naming a task: `PID` or the address of its task_struct, and the heading crash prints above what it says of one.
import { KdumpError, UsageError } from '../base/errors.ts'
import { forEachIdleTask, forEachTask, taskCpu, type Task } from '../kernel/sched.ts'
import type { Program } from '../program/program.ts'
import { record, type RecordBlock } from './command.ts'
import type { Session } from './session.ts'

/**
 * Tasks an operand names: PID in decimal (or hex with 0x), or task address in hex. PID 0 is every CPU's idle task.
 *
 * @throws {UsageError} in crash's words if there is none
 */
export function getTasks(program: Program, operand: string): Task[] {
  const pid = /^(\d+|0x[\da-f]+)$/i.test(operand) ? Number(operand) : undefined
  const address = /^(0x)?[\da-f]+$/i.test(operand)
    ? BigInt(`0x${operand.replace(/^0x/i, '')}`)
    : undefined
  const found: Task[] = []
  try {
    for (const task of forEachTaskAndIdle(program)) {
      if (task.address === address || task.number('pid') === pid) found.push(task)
    }
  } catch (error) {
    // A broken list hides what comes later, not what was found.
    if (!(error instanceof KdumpError) || found.length === 0) throw error
  }
  if (found.length === 0) throw new UsageError(`invalid task or pid value: ${operand}`)
  return found
}

/** The tasks operands name, in their order; the current one if there are none. @throws {UsageError} in crash's words */
export function chooseTasks(session: Session, operands: readonly string[]): Task[] {
  if (operands.length === 0) return [session.task]
  return operands.flatMap((operand) => getTasks(session.program, operand))
}

/** Every task crash lists: the idle tasks by CPU, then all threads in task-list order. */
export function* forEachTaskAndIdle(program: Program): Generator<Task> {
  yield* forEachIdleTask(program)
  yield* forEachTask(program)
}

/** `PID: 1        TASK: ffff…  CPU: 0    COMMAND: "init"`. */
export function taskHeading(task: Task): RecordBlock {
  const comm = task.string('comm')
  return record('line', [
    { title: 'PID', kind: 'decimal', value: task.number('pid'), width: 7 },
    { title: 'TASK', kind: 'address', value: task.address },
    { title: 'CPU', kind: 'decimal', value: taskCpu(task), width: 3 },
    { title: 'COMMAND', kind: 'text', value: comm, text: `"${comm}"` },
  ])
}
