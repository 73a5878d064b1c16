// Workqueues: the pools of workers, what each works on and what waits. Source: kernel/workqueue.c,
// kernel/workqueue_internal.h.
import { attempt } from '../base/errors.ts'
import type { KObject } from '../program/kobject.ts'
import type { Program } from '../program/program.ts'
import { idrForEach } from './idr.ts'
import { PF_WQ_WORKER, toKthread } from './kthread.ts'
import { listForEachEntry } from './list.ts'
import type { Task } from './sched.ts'

const POOLS_MAX = 100_000
const WORKERS_MAX = 100_000
const PENDING_MAX = 10_000

/** Workers that share a list of work: those of a CPU, or of no CPU in particular. */
export interface WorkerPool {
  readonly address: bigint
  readonly id: number
  /** -1 for a pool of no CPU in particular. */
  readonly cpu: number
  readonly nice: number
  readonly workers: number
  readonly idle: number
  /** When work was last taken from its list, or put onto an empty one; jiffies. */
  readonly progressJiffies: bigint
  readonly pool: KObject
}

/** A worker that works. */
export interface BusyWorker {
  readonly address: bigint
  readonly task: Task
  /** `struct work_struct`; it may be gone. */
  readonly work: bigint
  /** The work's function. */
  readonly function: bigint
  /** Name of the workqueue; '' if it cannot be read. */
  readonly queue: string
}

/** Work that nobody has begun. */
export interface PendingWork {
  readonly work: bigint
  readonly function: bigint
}

/** Walk the pools, by id. @source kernel/workqueue.c for_each_pool() */
export function* forEachWorkerPool(program: Program): Generator<WorkerPool> {
  let count = 0
  for (const { entry } of idrForEach(program.object('worker_pool_idr', 'struct idr'))) {
    if (++count > POOLS_MAX) return
    const pool = program.objectAt('struct worker_pool', entry)
    const attrs = pool.find('attrs')
    yield {
      address: entry,
      id: pool.number('id'),
      cpu: pool.number('cpu'),
      nice: attrs && !attrs.isNull() ? (attempt(() => attrs.number('nice')) ?? 0) : 0,
      workers: pool.number('nr_workers'),
      idle: pool.number('nr_idle'),
      // Renamed in v7.0.
      progressJiffies: pool.bigint('last_progress_ts', 'watchdog_ts'),
      pool,
    }
  }
}

/** Walk a pool's workers that work on something. */
export function* forEachBusyWorker({ pool }: WorkerPool): Generator<BusyWorker> {
  let count = 0
  for (const worker of listForEachEntry<'worker'>(pool.get('workers'), 'struct worker', 'node')) {
    if (++count > WORKERS_MAX) return
    const busy = busyWorker(worker)
    if (busy) yield busy
  }
}

function busyWorker(worker: KObject<'worker'>): BusyWorker | undefined {
  const work = worker.pointer('current_work')
  if (work === 0n) return undefined
  return {
    address: worker.address,
    task: worker.get('task').deref().cast('struct task_struct'),
    work,
    function: worker.pointer('current_func'),
    queue: attempt(() => worker.string('current_pwq.wq.name')) ?? '',
  }
}

/** What a task works on as a worker; undefined for one that is none, or idle. @source current_wq_worker() */
export function taskWork(task: Task): BusyWorker | undefined {
  if ((task.number('flags') & PF_WQ_WORKER) === 0) return undefined
  const worker = toKthread(task)?.pointer('data') ?? 0n
  return worker === 0n ? undefined : busyWorker(task.program.objectAt('struct worker', worker))
}

/** Walk the work that waits for a worker of a pool, the oldest first. */
export function* forEachPendingWork({ pool }: WorkerPool): Generator<PendingWork> {
  let count = 0
  for (const work of listForEachEntry<'work_struct'>(
    pool.get('worklist'),
    'struct work_struct',
    'entry',
  )) {
    if (++count > PENDING_MAX) return
    yield { work: work.address, function: work.pointer('func') }
  }
}
