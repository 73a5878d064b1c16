// Every task a dump still holds, also where pages of the task list are missing: makedumpfile 1.7.x leaves some out of
// dumps of newer kernels. Source: include/linux/sched/signal.h, kernel/pid.c.
import { KdumpError } from '../base/errors.ts'
import type { Program } from '../program/program.ts'
import { containerOf, forEachNode } from './list.ts'
import { forEachPid, initPidNs, pidTask } from './pid.ts'
import { forEachTask, forEachThread, type Task } from './sched.ts'

/** What a search found. */
export interface TaskSearch {
  /** Task-list order as far as the list goes, then as found. */
  readonly tasks: readonly Task[]
  /** Threads the kernel itself counted (`nr_threads`); undefined if it is not known. */
  readonly expected: number | undefined
  /** Why the list broke off; '' when it was whole. */
  readonly problem: string
}

/**
 * Find every task. A whole list costs one walk of it; a broken one is also walked from its end, and every process id is
 * looked up.
 *
 * @returns tasks once each, idle tasks not among them
 */
export function searchTasks(program: Program): TaskSearch {
  const found = new Map<bigint, Task>()
  const expected = program.hasSymbol('nr_threads')
    ? program.object('nr_threads').number()
    : undefined
  const problem = collect(found, forEachTask(program))
  if (problem !== '') {
    collect(found, forEachTaskBackwards(program))
    collect(found, forEachTaskByPid(program))
  }
  return {
    tasks: [...found.values()],
    expected,
    problem: problem === '' ? '' : describe(problem, found.size, expected),
  }
}

function describe(problem: string, found: number, expected: number | undefined): string {
  const of = expected === undefined ? '' : ` of ${expected}`
  const tasks = found === 1 && of === '' ? 'task' : 'tasks'
  return `task list is broken, ${found}${of} ${tasks} found around the gap: ${problem}`
}

/** Take tasks whose PID can be read; returns why the walk ended early, or ''. */
function collect(found: Map<bigint, Task>, tasks: Iterable<Task>): string {
  try {
    for (const task of tasks) {
      if (found.has(task.address)) continue
      task.number('pid')
      found.set(task.address, task)
    }
    return ''
  } catch (error) {
    if (error instanceof KdumpError) return error.message
    throw error
  }
}

/** From the newest process back to the gap, each with its threads. */
function* forEachTaskBackwards(program: Program): Generator<Task> {
  const head = program.object('init_task').get('tasks')
  const prev = BigInt(program.offsetof('struct list_head', 'prev'))
  const read = (node: bigint): bigint => program.memory.u64(node + prev)
  for (const node of forEachNode(read, read(head.address), (at) => at === head.address)) {
    const leader = containerOf<'task_struct'>(head, node, 'struct task_struct', 'tasks')
    yield leader
    yield* tolerant(() => forEachThread(leader))
  }
}

function* forEachTaskByPid(program: Program): Generator<Task> {
  for (const { nr, pid } of forEachPid(initPidNs(program))) {
    yield* tolerant(() => {
      const task = pidTask(pid)
      return task?.number('pid') === nr ? [task] : []
    })
  }
}

/** What can be read of one part; the rest of it is given up. */
function* tolerant<T>(read: () => Iterable<T>): Generator<T> {
  try {
    yield* read()
  } catch (error) {
    if (!(error instanceof KdumpError)) throw error
  }
}
