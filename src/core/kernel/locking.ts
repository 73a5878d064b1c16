// Sleeping locks, and who holds them as far as the lock itself tells. Source: include/linux/mutex.h, kernel/locking/mutex.c,
// rwsem.c, rwbase_rt.c, rtmutex_common.h, percpu-rwsem.c, include/linux/semaphore.h.
import { stripType } from '../debuginfo/type.ts'
import type { KObject } from '../program/kobject.ts'
import type { WaitQuality } from './wait_graph.ts'

/** Who holds a lock. */
export interface LockHolders {
  /** Addresses of `task_struct`s; the tasks may be gone. [] if it is free, or the lock does not tell. */
  readonly owners: readonly bigint[]
  readonly quality: WaitQuality
  /** What is to be said of it; '' for nothing. */
  readonly note: string
}

/** The low bits of an owner are flags: waiters, handoff, pickup of a mutex; read-owned, not to be spun on of a rwsem. */
const OWNER_FLAGS = 7n
/** @source kernel/locking/rwsem.c RWSEM_WRITER_LOCKED, RWSEM_READER_SHIFT */
const RWSEM_WRITER_LOCKED = 1n
const RWSEM_READER_SHIFT = 8n
const RWSEM_READER_OWNED = 1n
/** Readers are counted below the biases. @source include/linux/rwbase_rt.h */
const RWBASE_READERS = 0x3fff_ffff

const NOBODY: LockHolders = { owners: [], quality: 'exact', note: '' }

const held = (owner: bigint, quality: WaitQuality = 'exact', note = ''): LockHolders => ({
  owners: owner === 0n ? [] : [owner],
  quality,
  note,
})

/** The task that holds a mutex. @source kernel/locking/mutex.c __mutex_owner() */
export function mutexHolders(mutex: KObject<'mutex'>): LockHolders {
  // CONFIG_PREEMPT_RT builds it on a rt_mutex.
  const rtMutex = mutex.find('rtmutex')
  if (rtMutex) return rtMutexHolders(rtMutex)
  // Before v4.10, commit 3ca0ff571b09 ("locking/mutex: Rework mutex::owner"), it was a pointer without flags, kept for
  // spinning and debugging only.
  const owner = mutex.find('owner')
  return owner ? held(owner.pointer() & ~OWNER_FLAGS) : NOBODY
}

/** The task that holds a rt_mutex, whose lowest bit says that others wait. @source kernel/locking/rtmutex_common.h rt_mutex_owner() */
export function rtMutexHolders(rtMutex: KObject): LockHolders {
  // Since v5.15, commit 830e6acc8a1c ("locking/rtmutex: Split out the inner parts of 'struct rtmutex'"), it has a base.
  return held(rtMutex.pointer('owner', 'rtmutex.owner') & ~1n)
}

/**
 * The writer of a rwsem; of readers the one that came last, which may have gone while others have stayed.
 *
 * @source kernel/locking/rwsem.c rwsem_owner_flags()
 */
export function rwsemHolders(sem: KObject<'rw_semaphore'>): LockHolders {
  const base = sem.find('rwbase')
  if (base) return rwbaseHolders(base)
  const count = sem.find('count')?.bigint('counter') ?? 0n
  const owner = sem.find('owner')
  const word = owner?.pointer() ?? 0n
  const task = word & ~OWNER_FLAGS
  // Since v5.3, commits 94a9717b3c40 and 64489e78004c, the owner is an atomic_long_t, and the count has another meaning.
  const isNew = owner !== undefined && stripType(owner.type).kind !== 'pointer'
  const isWritten = isNew
    ? (count & RWSEM_WRITER_LOCKED) !== 0n
    : task !== 0n && (word & RWSEM_READER_OWNED) === 0n
  if (isWritten) return held(task)
  // Before, the lower half counted those that hold it.
  const readers = isNew ? count >> RWSEM_READER_SHIFT : count & 0xffff_ffffn
  return readers > 0n ? heldByReaders(task, Number(readers)) : NOBODY
}

function rwbaseHolders(base: KObject): LockHolders {
  // A writer holds the rt_mutex also while it waits for readers to leave.
  const writer = rtMutexHolders(base.get('rtmutex'))
  const readers = base.number('readers.counter') & RWBASE_READERS
  return writer.owners.length > 0 || readers === 0 ? writer : heldByReaders(0n, readers)
}

function heldByReaders(last: bigint, count: number): LockHolders {
  const known = last === 0n ? 'none of whom is known' : 'of whom the last known is shown'
  return held(last, 'guess', `read-locked by ${count}, ${known}`)
}

/**
 * Who took a semaphore last, which need not be who has to give it back: it knows no owner.
 *
 * @source kernel/locking/semaphore.c hung_task_sem_set_holder()
 */
export function semaphoreHolders(semaphore: KObject<'semaphore'>): LockHolders {
  if (semaphore.number('count') > 0) return NOBODY
  // Since v6.16 with CONFIG_DETECT_HUNG_TASK_BLOCKER, commit 194a9b9e843b ("hung_task: show the blocker task if the task is hung on semaphore").
  const holder = semaphore.find('last_holder')?.pointer() ?? 0n
  const note = holder === 0n ? 'a semaphore knows no owner' : 'who took it last is shown'
  return held(holder, 'guess', note)
}

/** The writer of a percpu_rw_semaphore, known while it waits for readers to leave. @source kernel/locking/percpu-rwsem.c */
export function percpuRwsemHolders(sem: KObject<'percpu_rw_semaphore'>): LockHolders {
  // Until v5.7, commit 7f26482a872c ("locking/percpu-rwsem: Remove the embedded rwsem"), writers held a rwsem within.
  const rwsem = sem.find('rw_sem')
  if (rwsem) return rwsemHolders(rwsem.cast('struct rw_semaphore'))
  if (sem.number('block.counter') === 0)
    return { ...NOBODY, note: 'held by readers, of whom none is known' }
  const writer = sem.get('writer').pointer()
  return writer === 0n
    ? { ...NOBODY, note: 'held for writing, by whom is not known' }
    : held(writer)
}
