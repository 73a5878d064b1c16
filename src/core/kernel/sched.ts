// Tasks: how to find them, and what they were doing. Source: include/linux/sched.h, kernel/sched/.
import { NotFoundError } from '../base/errors.ts'
import type { KObject } from '../program/kobject.ts'
import type { Program } from '../program/program.ts'
import { listForEachEntry } from './list.ts'
import { forEachCpu, perCpu } from './percpu.ts'

export type Task = KObject<'task_struct'>

// include/linux/sched.h; debug info does not carry macros. Stable since v4.14.
export const TASK_INTERRUPTIBLE = 0x0001
export const TASK_UNINTERRUPTIBLE = 0x0002
export const TASK_STOPPED = 0x0004
export const TASK_TRACED = 0x0008
export const EXIT_DEAD = 0x0010
export const EXIT_ZOMBIE = 0x0020
export const TASK_PARKED = 0x0040
export const TASK_DEAD = 0x0080
export const TASK_WAKEKILL = 0x0100
export const TASK_WAKING = 0x0200
export const TASK_NOLOAD = 0x0400
export const TASK_NEW = 0x0800
export const PF_KTHREAD = 0x0020_0000

/** Raw state bits, exit_state included: 0 is running or runnable. */
export function taskState(task: Task): number {
  // Since v5.14, commit 2f064a59a11f ("sched: Change task_struct::state"), the member is __state.
  return task.number('__state', 'state') | task.number('exit_state')
}

const STATE_NAMES: readonly (readonly [bit: number, name: string])[] = [
  [EXIT_ZOMBIE, 'ZO'],
  [EXIT_DEAD, 'DE'],
  [TASK_DEAD, 'DE'],
  [TASK_STOPPED, 'ST'],
  [TASK_TRACED, 'TR'],
  [TASK_PARKED, 'PA'],
  [TASK_NEW, 'NE'],
  [TASK_INTERRUPTIBLE, 'IN'],
  [TASK_UNINTERRUPTIBLE, 'UN'],
  [TASK_WAKING, 'WA'],
]

/** The state as crash abbreviates it: RU IN UN ID ZO ST TR DE PA NE WA, or ?? . */
export function taskStateName(task: Task): string {
  const state = taskState(task)
  if ((state & 0xfff) === 0) return 'RU'
  if ((state & TASK_UNINTERRUPTIBLE) !== 0 && (state & TASK_NOLOAD) !== 0) return 'ID'
  return STATE_NAMES.find(([bit]) => (state & bit) !== 0)?.[1] ?? '??'
}

/** The CPU a task runs on or last ran on. */
export function taskCpu(task: Task): number {
  // Since v5.16 (THREAD_INFO_IN_TASK everywhere) it is in thread_info again.
  return task.number('thread_info.cpu', 'cpu')
}

/** Is this a kernel thread? (Idle tasks are.) */
export function isKthread(task: Task): boolean {
  return (task.number('flags') & PF_KTHREAD) !== 0
}

/** Walk every process (thread-group leader), PID 0 excluded. @source for_each_process() */
export function* forEachProcess(program: Program): Generator<Task> {
  yield* listForEachEntry(program.object('init_task').get('tasks'), 'struct task_struct', 'tasks')
}

/** Walk the threads of one process, the leader first. @source for_each_thread() */
export function* forEachThread(leader: Task): Generator<Task> {
  yield* listForEachEntry<'task_struct'>(
    leader.get('signal.thread_head'),
    'struct task_struct',
    'thread_node',
  )
}

/**
 * Walk every thread of every process, in task-list order, idle tasks excluded.
 *
 * @throws {FaultError} if the list leaves the dump; what came before was good
 * @source include/linux/sched/signal.h for_each_process_thread()
 */
export function* forEachTask(program: Program): Generator<Task> {
  for (const leader of forEachProcess(program)) yield* forEachThread(leader)
}

/** The idle task of each online CPU. */
export function* forEachIdleTask(program: Program): Generator<Task> {
  for (const cpu of forEachCpu(program, 'online')) yield idleTask(program, cpu)
}

/** The idle task of a CPU. @source kernel/sched/core.c idle_task() */
export function idleTask(program: Program, cpu: number): Task {
  return perCpu(program, 'runqueues', cpu, 'struct rq').get('idle').deref()
}

/**
 * The task a CPU was running.
 *
 * @throws {NotFoundError} if the kernel has none of the known variables
 */
export function currentTask(program: Program, cpu: number): Task {
  // v6.2 to v6.14 kept it in struct pcpu_hot; v6.15, commit a1e4cc0155ad, made it a variable again.
  if (program.hasSymbol('pcpu_hot') && program.hasType('struct pcpu_hot')) {
    return perCpu(program, 'pcpu_hot', cpu, 'struct pcpu_hot').get('current_task').deref()
  }
  if (program.hasSymbol('current_task')) {
    return perCpu(program, 'current_task', cpu, 'struct task_struct *').deref()
  }
  if (program.hasSymbol('runqueues'))
    return perCpu(program, 'runqueues', cpu, 'struct rq').get('curr').deref()
  throw new NotFoundError('symbol', 'current_task')
}

/**
 * The CPU that was running `task`, undefined if none was.
 *
 * Asks that one CPU only: the pages of another CPU may be missing, and a machine has thousands of tasks
 * for hundreds of CPUs.
 */
export function runningCpu(program: Program, task: Task): number | undefined {
  if (task.has('on_cpu') && task.number('on_cpu') === 0) return undefined
  const cpu = taskCpu(task)
  if (!forEachCpu(program, 'online').includes(cpu)) return undefined
  return currentTask(program, cpu).address === task.address ? cpu : undefined
}

/** A task by its global PID (a thread's id included); PID 0 is the idle task of CPU 0. */
export function findTask(program: Program, pid: number): Task | undefined {
  if (pid === 0) return idleTask(program, 0)
  for (const task of forEachTask(program)) if (task.number('pid') === pid) return task
  return undefined
}
