// Owners as the locks of several releases encode them.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { buildKernel } from '../../../test/support/kernel_recipe.ts'
import type { Value } from '../../../test/support/encode_value.ts'
import {
  mutexHolders,
  percpuRwsemHolders,
  rtMutexHolders,
  rwsemHolders,
  semaphoreHolders,
  type LockHolders,
} from './locking.ts'

const ATOMICS = `
  typedef struct { int counter; } atomic_t; typedef struct { long counter; } atomic_long_t;
  struct task_struct { long pid; };`
const RT = 'struct rt_mutex_base { int wait_lock; void *waiters; struct task_struct *owner; };'

/** What a lock says, its owners by name. */
function holders(
  types: string,
  name: string,
  value: Value,
  read: (lock: never) => LockHolders,
): LockHolders & { readonly names: readonly string[] } {
  const { program, addressOf } = buildKernel({
    types: ATOMICS + types,
    variables: { lock: [`struct ${name}`, value] },
    objects: { tina: ['struct task_struct'], tom: ['struct task_struct'] },
  })
  const found = read(program.objectAt(`struct ${name}`, addressOf('lock')) as never)
  const names = found.owners.map(
    (owner) => ['tina', 'tom'].find((each) => addressOf(each) === owner) ?? '?',
  )
  return { ...found, names }
}

const NEW_RWSEM = 'struct rw_semaphore { atomic_long_t count; atomic_long_t owner; };'
const OLD_RWSEM =
  'struct rw_semaphore { atomic_long_t count; void *list[2]; struct task_struct *owner; };'

test('the low bits of the owner of a mutex are flags', () => {
  const types = 'struct mutex { atomic_long_t owner; };'
  assert.deepEqual(holders(types, 'mutex', { owner: { counter: '&tina+7' } }, mutexHolders).names, [
    'tina',
  ])
  assert.deepEqual(holders(types, 'mutex', { owner: { counter: 1 } }, mutexHolders).names, [])
})

test('a mutex of PREEMPT_RT is held by the owner of its rt_mutex, one bit of which is a flag', () => {
  const types = `${RT} struct mutex { struct rt_mutex_base rtmutex; };`
  const value = { rtmutex: { owner: '&tom+1' } }
  assert.deepEqual(holders(types, 'mutex', value, mutexHolders).names, ['tom'])
})

test('a rt_mutex has its owner in a base since v5.15, in itself before', () => {
  const types = `${RT} struct rt_mutex { struct rt_mutex_base rtmutex; };`
  const value = { rtmutex: { owner: '&tom+1' } }
  assert.deepEqual(holders(types, 'rt_mutex', value, rtMutexHolders).names, ['tom'])
  const old = 'struct rt_mutex { int wait_lock; struct task_struct *owner; };'
  assert.deepEqual(holders(old, 'rt_mutex', { owner: '&tina' }, rtMutexHolders).names, ['tina'])
})

test('the writer of a rwsem is exact, in the encoding since v5.3 and in the one before', () => {
  for (const [types, value] of [
    [NEW_RWSEM, { count: { counter: 3 }, owner: { counter: '&tina' } }],
    [OLD_RWSEM, { count: { counter: -0xffff_ffffn }, owner: '&tina' }],
  ] as const) {
    const found = holders(types, 'rw_semaphore', value, rwsemHolders)
    assert.deepEqual([found.names, found.quality], [['tina'], 'exact'])
  }
})

test('of the readers of a rwsem only the last is named, as a guess', () => {
  for (const [types, value] of [
    [NEW_RWSEM, { count: { counter: 0x302 }, owner: { counter: '&tom+1' } }],
    [OLD_RWSEM, { count: { counter: 3 }, owner: '&tom+1' }],
  ] as const) {
    const found = holders(types, 'rw_semaphore', value, rwsemHolders)
    assert.deepEqual([found.names, found.quality], [['tom'], 'guess'])
    assert.match(found.note, /^read-locked by 3,/)
  }
})

test('a rwsem that only waiters have marked is free, whoever is still named in it', () => {
  const value = { count: { counter: 2 }, owner: { counter: '&tom+1' } }
  assert.deepEqual(holders(NEW_RWSEM, 'rw_semaphore', value, rwsemHolders).names, [])
})

test('a rwsem of PREEMPT_RT is held by a writer, or by readers of whom none is known', () => {
  const types = `${RT} struct rwbase_rt { atomic_t readers; struct rt_mutex_base rtmutex; };
    struct rw_semaphore { struct rwbase_rt rwbase; };`
  const written = { rwbase: { rtmutex: { owner: '&tina' }, readers: { counter: 0x4000_0000 } } }
  assert.deepEqual(holders(types, 'rw_semaphore', written, rwsemHolders).names, ['tina'])
  const readBy = { rwbase: { readers: { counter: -0x8000_0000 + 2 } } }
  const found = holders(types, 'rw_semaphore', readBy, rwsemHolders)
  assert.deepEqual(found.names, [])
  assert.match(found.note, /^read-locked by 2, none of whom is known$/)
})

test('a semaphore names at most who took it last, and nobody while it is free', () => {
  const types = 'struct semaphore { unsigned int count; unsigned long last_holder; };'
  const found = holders(types, 'semaphore', { last_holder: '&tina' }, semaphoreHolders)
  assert.deepEqual([found.names, found.quality], [['tina'], 'guess'])
  const free = { count: 1, last_holder: '&tina' }
  assert.deepEqual(holders(types, 'semaphore', free, semaphoreHolders).names, [])
})

test('a percpu rwsem names its writer while that waits for readers, and holds a rwsem before v5.7', () => {
  const types =
    'struct rcuwait { struct task_struct *task; }; struct percpu_rw_semaphore { struct rcuwait writer; atomic_t block; };'
  const waits = { writer: { task: '&tom' }, block: { counter: 1 } }
  assert.deepEqual(holders(types, 'percpu_rw_semaphore', waits, percpuRwsemHolders).names, ['tom'])
  const written = holders(
    types,
    'percpu_rw_semaphore',
    { block: { counter: 1 } },
    percpuRwsemHolders,
  )
  assert.match(written.note, /^held for writing/)
  const old = `${NEW_RWSEM} struct percpu_rw_semaphore { struct rw_semaphore rw_sem; };`
  const value = { rw_sem: { count: { counter: 1 }, owner: { counter: '&tina' } } }
  assert.deepEqual(holders(old, 'percpu_rw_semaphore', value, percpuRwsemHolders).names, ['tina'])
})
