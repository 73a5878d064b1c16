// Who will complete what a task waits for, where the kernel's own functions say so: the worker that runs a work, the
// thread that is to stop, the child of a vfork. Source: kernel/workqueue.c, kernel/kthread.c, kernel/fork.c.
import { attempt } from '../base/errors.ts'
import { formatHex } from '../base/hex.ts'
import type { KObject } from '../program/kobject.ts'
import type { Program } from '../program/program.ts'
import { toKthread } from './kthread.ts'
import { listForEach, listForEachEntry } from './list.ts'
import { isKthread, type Task } from './sched.ts'
import { taskWork, type BusyWorker } from './workqueue.ts'

const LIST_MAX = 100_000

/** Who completes something, and what it is. */
export interface Completer {
  readonly owners: readonly Task[]
  /** `work of do_work()`; '' if the completion's own name is the best there is. */
  readonly name: string
  readonly note: string
}

/** The completer of a completion that a task waits for in a function of the kernel's own; undefined if not known. */
export function findCompleter(
  program: Program,
  {
    task,
    by,
    completion,
  }: { readonly task: Task; readonly by: string; readonly completion: bigint },
  tasks: ReadonlyMap<bigint, Task>,
): Completer | undefined {
  if (completion === 0n) return undefined
  if (/flush_workqueue|drain_workqueue/.test(by)) return ofWorkqueue(program, completion, tasks)
  if (by.includes('work')) return ofBarrier(program, task, completion, tasks)
  if (by.startsWith('kthread_')) return ofKthread(program, completion, tasks)
  return ofVfork(completion, tasks)
}

/** flush_work() queues a barrier behind the work and waits for that. @source kernel/workqueue.c insert_wq_barrier() */
function ofBarrier(
  program: Program,
  task: Task,
  completion: bigint,
  tasks: ReadonlyMap<bigint, Task>,
): Completer | undefined {
  const offset = BigInt(program.offsetof('struct wq_barrier', 'done'))
  const barrier = program.objectAt('struct wq_barrier', completion - offset)
  if (barrier.has('task') && barrier.pointer('task') !== task.address) return undefined
  const node = barrier.get('work.entry').address
  for (const { address, task: owner, function: work } of workers(tasks)) {
    const scheduled = program.objectAt('struct worker', address).get('scheduled')
    if (attempt(() => isInList(scheduled, node)) !== true) continue
    return { owners: [owner], name: `work ${program.symbolize(work) ?? formatHex(work)}`, note: '' }
  }
  return { owners: [], name: '', note: 'the work is queued, and no worker runs it' }
}

function isInList(head: KObject, node: bigint): boolean {
  let count = 0
  for (const each of listForEach(head)) {
    if (each === node) return true
    if (++count > LIST_MAX) break
  }
  return false
}

/** flush_workqueue() waits for every work of a queue. @source kernel/workqueue.c struct wq_flusher */
function ofWorkqueue(
  program: Program,
  completion: bigint,
  tasks: ReadonlyMap<bigint, Task>,
): Completer | undefined {
  const flusher = completion - BigInt(program.offsetof('struct wq_flusher', 'done'))
  const queues = program.object('workqueues', 'struct list_head')
  for (const queue of listForEachEntry(queues, 'struct workqueue_struct', 'list')) {
    if (queue.pointer('first_flusher') !== flusher) continue
    const isOfQueue = ({ address }: BusyWorker): boolean =>
      program.objectAt('struct worker', address).pointer('current_pwq.wq') === queue.address
    const owners = workers(tasks).filter((worker) => attempt(() => isOfQueue(worker)))
    const name = `workqueue ${queue.string('name')}`
    return { owners: owners.map(({ task }) => task), name, note: '' }
  }
  return undefined
}

const workersOf = new WeakMap<ReadonlyMap<bigint, Task>, readonly BusyWorker[]>()

/** Workers that work; remembered, as everyone who flushes a work asks. */
function workers(tasks: ReadonlyMap<bigint, Task>): readonly BusyWorker[] {
  const known = workersOf.get(tasks)
  if (known) return known
  const found = Array.from(tasks.values()).flatMap((task) => attempt(() => taskWork(task)) ?? [])
  workersOf.set(tasks, found)
  return found
}

/** kthread_stop() waits for the thread's own completion. */
function ofKthread(
  program: Program,
  completion: bigint,
  tasks: ReadonlyMap<bigint, Task>,
): Completer | undefined {
  const size = BigInt(program.sizeof('struct kthread'))
  for (const owner of tasks.values()) {
    if (!isKthread(owner)) continue
    const kthread = attempt(() => toKthread(owner)?.address)
    if (kthread !== undefined && completion >= kthread && completion < kthread + size)
      return { owners: [owner], name: `end of kernel thread ${owner.string('comm')}`, note: '' }
  }
  return undefined
}

const vforksOf = new WeakMap<ReadonlyMap<bigint, Task>, ReadonlyMap<bigint, Task>>()

/** vfork() sleeps until the child execs or ends. @source kernel/fork.c wait_for_vfork_done() */
function ofVfork(completion: bigint, tasks: ReadonlyMap<bigint, Task>): Completer | undefined {
  let children = vforksOf.get(tasks)
  if (!children) {
    children = new Map(
      Array.from(tasks.values(), (task) => [attempt(() => task.pointer('vfork_done')) ?? 0n, task]),
    )
    vforksOf.set(tasks, children)
  }
  const owner = children.get(completion)
  if (!owner) return undefined
  return { owners: [owner], name: `exec or exit of PID ${owner.number('pid')}`, note: '' }
}
