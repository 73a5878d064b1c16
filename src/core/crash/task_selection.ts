// Which tasks a command line means: PIDs, task addresses, command names and patterns, mixed.
import { taskName } from '../kernel/kthread.ts'
import { forEachIdleTask, type Task } from '../kernel/sched.ts'
import { searchTasks } from '../kernel/task_search.ts'
import type { Program } from '../program/program.ts'

/** The tasks of a dump, as far as they could be walked. */
export interface TaskList {
  /** Idle tasks by CPU, then all others by PID. */
  readonly tasks: readonly Task[]
  /** What is missing, and why; '' when the list is whole. */
  readonly problem: string
}

/** Every task there is, by PID. Where the task list is broken, those found around the gap. */
export function listTasks(program: Program): TaskList {
  const { tasks, problem } = searchTasks(program)
  const byPid = tasks
    .map((task) => ({ pid: task.number('pid'), task }))
    .sort((a, b) => a.pid - b.pid)
  return { tasks: [...forEachIdleTask(program), ...byPid.map(({ task }) => task)], problem }
}

/** What operands chose. */
export interface TaskSelection {
  readonly tasks: readonly Task[]
  /** Operands that name no task, though they look like a PID or an address. */
  readonly missing: readonly string[]
}

/**
 * Choose tasks by operands: all if there are none.
 *
 * A number is a PID (hex with 0x), a longer hex number a task_struct, anything else a command name; what is
 * no task's name but has a pattern's characters is a regular expression. `\7` is the command named 7.
 */
export function selectTasks(tasks: readonly Task[], operands: readonly string[]): TaskSelection {
  if (operands.length === 0) return { tasks, missing: [] }
  const missing: string[] = []
  const chosen: Task[] = []
  for (const operand of operands) {
    const found = tasks.filter(taskMatcher(tasks, operand))
    if (found.length === 0 && parseNumber(operand) !== undefined) missing.push(operand)
    chosen.push(...found)
  }
  return { tasks: chosen, missing }
}

function taskMatcher(tasks: readonly Task[], operand: string): (task: Task) => boolean {
  const number = parseNumber(operand)
  if (number !== undefined)
    return (task) => task.address === number.address || task.number('pid') === number.pid
  const name = operand.replace(/^\\/, '')
  const named = (task: Task): boolean => task.string('comm') === name || taskName(task) === name
  if (!/[*.^$[\]()|+?{}]/.test(name) || tasks.some(named)) return named
  const pattern = parsePattern(name)
  return (task) => pattern?.test(task.string('comm')) ?? false
}

function parsePattern(text: string): RegExp | undefined {
  try {
    return new RegExp(text)
  } catch {
    return undefined
  }
}

interface TaskNumber {
  readonly pid: number | undefined
  readonly address: bigint | undefined
}

/** `12`, `0xc`: a PID; `ffff8910c11fc180`: an address; undefined for a name. */
function parseNumber(operand: string): TaskNumber | undefined {
  if (/^\d{1,10}$/.test(operand) || /^0x[\da-f]{1,8}$/i.test(operand))
    return { pid: Number(operand), address: undefined }
  if (!/^(0x)?[\da-f]{12,16}$/i.test(operand)) return undefined
  return { pid: undefined, address: BigInt(`0x${operand.replace(/^0x/i, '')}`) }
}
