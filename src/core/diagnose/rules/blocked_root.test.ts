// Locks whose holder runs, sleeps elsewhere, or died with them.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sceneOf, type SceneRecipe } from '../../../../test/support/scene.ts'
import type { Finding } from '../rule.ts'
import { blockedRoot } from './blocked_root.ts'

const HUNG = [
  'INFO: task reader:20 blocked for more than 120 seconds.',
  'Kernel panic - not syncing: hung_task: blocked tasks',
]
const CLOCK = 500_000_000_000n
const waiting: SceneRecipe = {
  members: {
    task_struct: 'unsigned long blocker; struct { u64 last_arrival; } sched_info;',
    rq: 'u64 clock;',
  },
  types: 'struct mutex { atomic_long_t owner; int wait_lock; struct list_head wait_list; };',
  variables: { table_lock: ['struct mutex', { owner: { counter: '&holder' } }] },
  cpus: [{ runqueues: { clock: CLOCK } }, {}],
  tasks: {
    reader: {
      pid: 20,
      state: 2,
      frames: ['schedule', 'mutex_lock', 'read_table', 'ksys_read', 'do_syscall_64'],
      value: { blocker: '&table_lock', sched_info: { last_arrival: 300_000_000_000n } },
    },
    holder: {
      pid: 21,
      frames: ['schedule', 'wait_for_reply', 'write_table', 'ksys_write', 'do_syscall_64'],
      value: { sched_info: { last_arrival: 250_000_000_000n } },
    },
  },
}

function find(recipe: SceneRecipe): Finding[] {
  return [...blockedRoot.find(sceneOf(recipe))]
}

test('the holder of a lock that hung others is likely the cause, by what it does', () => {
  const [finding, ...more] = find({ ...waiting, log: HUNG })
  assert.deepEqual(more, [])
  assert.equal(finding?.role, 'cause')
  assert.equal(finding?.confidence, 'likely')
  assert.equal(
    finding?.title,
    'PID 20 "reader" waits for 200 s in read_table() for mutex table_lock, held by PID 21 "holder", ' +
      'which sleeps in wait_for_reply() for 250 s',
  )
  assert.equal(finding?.culprit?.function, 'wait_for_reply')
})

test('a machine that somebody crashed is not blamed on a wait that the kernel did not call hung', () => {
  const log = ['Kernel panic - not syncing: sysrq triggered crash']
  assert.equal(find({ ...waiting, log })[0]?.role, 'state')
  const [said = ''] = HUNG
  assert.equal(find({ ...waiting, log: [said, ...log] })[0]?.role, 'cause')
})

test('a short wait is not worth a word', () => {
  const log = ['Kernel panic - not syncing: sysrq triggered crash']
  assert.deepEqual(
    find({ ...waiting, log, cpus: [{ runqueues: { clock: 303_000_000_000n } }, {}] }),
    [],
  )
})

test('a holder that died in an oops is why others hang: of that kind, and by its function', () => {
  const oops = [
    'BUG: kernel NULL pointer dereference, address: 0000000000000010',
    'Oops: 0002 [#1] PREEMPT SMP',
    'CPU: 1 PID: 33 Comm: gone Not tainted 6.1.0 #1',
    'RIP: 0010:touch_entry+0x10/0x80',
    'Call Trace:',
    ' update_table+0x20/0x80',
    ' ksys_write+0x20/0x80',
    '---[ end trace 0000000000000000 ]---',
  ]
  const [finding] = find({
    ...waiting,
    log: [...oops, ...HUNG],
    functions: { touch_entry: 0x80, update_table: 0x80 },
    objects: { dead: ['struct task_struct', { pid: 33, comm: 'gone' }] },
    variables: { table_lock: ['struct mutex', { owner: { counter: '&dead' } }] },
  })
  assert.equal(finding?.kind, 'null-dereference')
  assert.equal(finding?.confidence, 'certain')
  assert.equal(finding?.culprit?.function, 'touch_entry')
  assert.match(
    finding?.title ?? '',
    /table_lock, which PID 33 "gone" held when it died: NULL pointer/,
  )
  assert.ok(finding?.explains.includes('hung-task'))
})
