// Who waits for what, and who holds it: for each blocked task a lock, a queue, a completion, a request; the cycles among
// them, and what is at the root of it all. Source: kernel/locking/, kernel/sched/{wait,completion}.c, kernel/hung_task.c.
import { attempt } from '../base/errors.ts'
import type { Program } from '../program/program.ts'
import { frameSymbol } from '../program/stack_trace.ts'
import { BlockedOnFinder, type BlockedOn } from './blocked_on.ts'
import {
  taskState,
  TASK_INTERRUPTIBLE,
  TASK_NOLOAD,
  TASK_UNINTERRUPTIBLE,
  type Task,
} from './sched.ts'
import { stackTrace } from './stack.ts'
import { searchTasks } from './task_search.ts'
import { TaskStacks } from './task_stacks.ts'
import { schedulerClock, sleepSeconds } from './wait_clock.ts'
import type { WaitFrame } from './wait_function.ts'
import { groupWaits } from './wait_groups.ts'
import { WaitedThings } from './waited.ts'
import { WaiterRings } from './waiter_ring.ts'
import { WaiterScan } from './waiter_scan.ts'

/** What sort of thing is waited for. */
export type WaitedKind =
  | 'mutex'
  | 'rwsem-read'
  | 'rwsem-write'
  | 'percpu-rwsem'
  | 'semaphore'
  | 'rt-mutex'
  | 'spinlock'
  | 'completion'
  | 'wait-queue'
  | 'folio'
  | 'buffer'
  | 'block-io'
  | 'rcu'
  | 'work'
  | 'freezer'
  | 'timer'
  | 'unknown'

/** How sure something is: 'exact' by the kernel's own pointer; 'validated' by linked data that fits; 'guess' else. */
export type WaitQuality = 'exact' | 'validated' | 'guess'

/** A thing that tasks wait for; one object for all of them. */
export interface Waited {
  readonly kind: WaitedKind
  /** Where it lies: the lock, the head of the queue, the page; 0n if it has no place. */
  readonly address: bigint
  /** `rtnl_mutex`, `struct inode.i_rwsem of /srv/db (ffff…)`, `jbd2 commit 123 of vda1`. */
  readonly name: string
  /** Tasks that hold it, as far as the kernel knows. */
  readonly owners: readonly Task[]
  /** What is to be said of owners: `read-locked by 3, of which the last is shown`; '' for nothing. */
  readonly ownerNote: string
  /** How sure it is that `owners` hold it; 'exact' where there are none. */
  readonly ownerQuality: WaitQuality
  /** The disk whose I/O is waited for: `vda`; '' if none is. */
  readonly device: string
}

/** A task that waits. */
export interface Wait {
  readonly task: Task
  readonly on: Waited
  /** The function in which it waits, the first that is no part of sleeping. */
  readonly function: string
  /** Seconds since it went to sleep; null if not known. */
  readonly seconds: number | null
  /** Where the waiter's own entry lies, on its stack mostly; 0n if none was found. */
  readonly entry: bigint
  readonly quality: WaitQuality
}

/** What does not wait for anything that is known, and keeps others waiting. */
export interface WaitRoot {
  /** The thing of which it is the end. */
  readonly on: Waited
  /** Who holds it; null if nobody does, or nobody is known. */
  readonly owner: Task | null
  /** `runs on CPU 1`, `sleeps in io_schedule() for request …`, `has exited`, `has no known owner`. */
  readonly state: string
}

/** Tasks that wait, directly or through others, for one root or in one cycle. */
export interface WaitGroup {
  /** The direct waits first. */
  readonly waits: readonly Wait[]
  /** Absent in a cycle. */
  readonly root: WaitRoot | null
  /** Waits that form a ring, each for what the next task holds; [] where there is a root. */
  readonly cycle: readonly Wait[]
}

/** Every wait there is. */
export interface WaitGraph {
  /** The longest first. */
  readonly waits: readonly Wait[]
  /** Cycles first, then the largest first. */
  readonly groups: readonly WaitGroup[]
  /** What could not be read. */
  readonly problems: readonly string[]
}

/**
 * What keeps a task waiting, step by step: its own wait, that of who holds what it waits for, and so on.
 *
 * @returns [] for a task that does not wait; ends where nobody is known to wait, or where the chain meets itself
 */
export function waitChain({ waits }: WaitGraph, task: Task): Wait[] {
  const byTask = new Map(waits.map((wait) => [wait.task.address, wait]))
  const chain = new Set<Wait>()
  for (let wait = byTask.get(task.address); wait && !chain.has(wait);) {
    chain.add(wait)
    const next = wait.on.owners.find(({ address }) => byTask.has(address))
    wait = next && byTask.get(next.address)
  }
  return [...chain]
}

/** What a wait-for graph is made from, where somebody has it already. */
export interface WaitGraphInput {
  /** Every task. */
  readonly tasks?: readonly Task[]
  /** A task's stack with names; asked for tasks that wait, and for who keeps them waiting. */
  readonly trace?: WaitTracer
}

/** Gives a task's stack, innermost frame first. */
export type WaitTracer = (task: Task) => { readonly frames: readonly WaitFrame[] }

/** Sleeps for a lock that spinlock_t is made of with CONFIG_PREEMPT_RT. @source include/linux/sched.h */
const TASK_RTLOCK_WAIT = 0x1000

/**
 * Find out who waits for whom. Tasks that sleep uninterruptibly are taken, and of the others those that wait for a lock.
 *
 * Costs a stack trace for each task that waits, and a look at the stack of each that sleeps.
 */
export function buildWaitGraph(
  program: Program,
  {
    tasks = searchTasks(program).tasks,
    trace = (task) => ({ frames: waitFrames(program, task) }),
  }: WaitGraphInput = {},
): WaitGraph {
  const problems: string[] = []
  const byAddress = new Map(tasks.map((task) => [task.address, task]))
  const rings = new WaiterRings(program, byAddress)
  const finder = new BlockedOnFinder(program, new WaiterScan(program), rings)
  const blocked = findBlocked(finder, tasks, trace)
  const things = new WaitedThings(program, {
    tasks: byAddress,
    stacks: new TaskStacks(tasks),
    blocked,
  })
  const clock = schedulerClock(program)
  if (clock === undefined) problems.push('no scheduler clock: it is not known for how long')
  const waits = Array.from(blocked, ([task, on]): Wait => {
    const { frames, functions, entry, quality } = on
    return {
      task,
      on: things.describe(task, on),
      function: frames[functions.caller]?.name ?? functions.by,
      seconds: sleepSeconds(task, clock),
      entry,
      quality,
    }
  }).toSorted((a, b) => (b.seconds ?? 0) - (a.seconds ?? 0))
  const groups = groupWaits(waits, { program, tasks: byAddress, trace, clock, disks: things.disks })
  return { waits, groups, problems }
}

function waitFrames(program: Program, task: Task): WaitFrame[] {
  return stackTrace(program, task).frames.map((frame) => {
    const symbol = frameSymbol(program, frame)?.symbol
    return { name: symbol?.name ?? null, module: symbol?.module ?? '', ip: frame.ip, sp: frame.sp }
  })
}

function findBlocked(
  finder: BlockedOnFinder,
  tasks: readonly Task[],
  trace: WaitTracer,
): Map<Task, BlockedOn> {
  const found = new Map<Task, BlockedOn>()
  for (const task of tasks) {
    const blocked = attempt(() => {
      const state = taskState(task)
      const isDeep = (state & (TASK_UNINTERRUPTIBLE | TASK_RTLOCK_WAIT)) !== 0
      // Idle kernel threads sleep so that nobody counts them as load.
      if ((state & TASK_NOLOAD) !== 0 || task.find('on_cpu')?.number() === 1) return undefined
      if (isDeep) return finder.find(task, trace(task).frames)
      if ((state & TASK_INTERRUPTIBLE) === 0 || !finder.hasLockWaiter(task)) return undefined
      const on = finder.find(task, trace(task).frames)
      return on.address === 0n || on.kind === 'wait-queue' ? undefined : on
    })
    if (blocked) found.set(task, blocked)
  }
  return found
}
