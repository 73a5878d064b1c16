// Who waits for what, and who holds it: for each blocked task a lock, a queue, a completion, a request; the cycles among
// them, and what is at the root of it all. Source: kernel/locking/, kernel/sched/{wait,completion}.c, kernel/hung_task.c.
import type { Task } from './sched.ts'

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
