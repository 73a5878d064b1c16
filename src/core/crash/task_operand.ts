// Naming a task: `PID` or the address of its task_struct, and the heading crash prints above what it says of one.
import { UsageError } from '../base/errors.ts'
import { taskCpu, type Task } from '../kernel/sched.ts'
import type { Program } from '../program/program.ts'
import { record, type RecordBlock } from './command.ts'
import type { Session } from './session.ts'
import { listTasks } from './task_selection.ts'

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
  const { tasks, problem } = listTasks(program)
  const found = tasks.filter((task) => task.address === address || task.number('pid') === pid)
  if (found.length === 0) {
    const reason = problem === '' ? '' : ` (${problem})`
    throw new UsageError(`invalid task or pid value: ${operand}${reason}`)
  }
  return found
}

/** The tasks operands name, in their order; the current one if there are none. @throws {UsageError} in crash's words */
export function chooseTasks(session: Session, operands: readonly string[]): Task[] {
  if (operands.length === 0) return [session.task]
  return operands.flatMap((operand) => getTasks(session.program, operand))
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
