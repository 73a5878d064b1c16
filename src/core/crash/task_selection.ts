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
  const byNumber = indexByNumber(tasks)
  const missing: string[] = []
  const chosen: Task[] = []
  for (const operand of operands) {
    const number = parseNumber(operand)
    if (number === undefined) {
      chosen.push(...tasks.filter(nameMatcher(tasks, operand)))
      continue
    }
    const found = byNumber.get(number)
    if (!found) missing.push(operand)
    else chosen.push(...found)
  }
  return { tasks: chosen, missing }
}

/** Tasks by their address and by their PID, which all idle tasks share. A few thousand operands each look here. */
function indexByNumber(tasks: readonly Task[]): ReadonlyMap<bigint | number, readonly Task[]> {
  const index = new Map<bigint | number, Task[]>()
  for (const task of tasks) {
    for (const key of [task.address, task.number('pid')]) {
      const same = index.get(key)
      if (same) same.push(task)
      else index.set(key, [task])
    }
  }
  return index
}

function nameMatcher(tasks: readonly Task[], operand: string): (task: Task) => boolean {
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

/** `12`, `0xc`: a PID; `ffff8910c11fc180`: an address, as a bigint; undefined for a name. */
function parseNumber(operand: string): bigint | number | undefined {
  if (/^\d{1,10}$/.test(operand) || /^0x[\da-f]{1,8}$/i.test(operand)) return Number(operand)
  if (!/^(0x)?[\da-f]{12,16}$/i.test(operand)) return undefined
  return BigInt(`0x${operand.replace(/^0x/i, '')}`)
}
