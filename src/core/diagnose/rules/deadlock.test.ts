// Cycles of mutexes in a machine that hung, that was crashed on purpose, and that died of something else.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sceneOf, type SceneRecipe, type SceneTask } from '../../../../test/support/scene.ts'
import type { Finding } from '../rule.ts'
import { deadlock } from './deadlock.ts'

const HUNG = [
  'INFO: task writer:12 blocked for more than 120 seconds.',
  'Kernel panic - not syncing: hung_task: blocked tasks',
]
const sleeper = (pid: number, name: string, lock: string): SceneTask => ({
  ...{ pid, state: 2, comm: 'writer', value: { blocker: `&${lock}` } },
  frames: ['schedule', '__mutex_lock', name, 'ksys_write', 'do_syscall_64'],
})
const ring: SceneRecipe = {
  members: { task_struct: 'unsigned long blocker;' },
  types: 'struct mutex { atomic_long_t owner; int wait_lock; struct list_head wait_list; };',
  variables: {
    routes_lock: ['struct mutex', { owner: { counter: '&first+1' } }],
    policies_lock: ['struct mutex', { owner: { counter: '&second+1' } }],
  },
  tasks: {
    first: sleeper(12, 'update_routes', 'policies_lock'),
    second: sleeper(13, 'update_policies', 'routes_lock'),
    behind: sleeper(14, 'show_routes', 'routes_lock'),
  },
}

function find(recipe: SceneRecipe): Finding[] {
  return [...deadlock.find(sceneOf(recipe))]
}

test('a ring of mutexes is certain, names every lock and function, and explains the hung task', () => {
  const [finding, ...more] = find({ ...ring, log: HUNG })
  assert.deepEqual(more, [])
  assert.equal(finding?.role, 'cause')
  assert.equal(finding?.confidence, 'certain')
  assert.equal(
    finding?.title,
    'deadlock of 2 tasks: update_policies() of PID 13 waits for mutex routes_lock, ' +
      'update_routes() of PID 12 waits for mutex policies_lock; 1 more wait behind them',
  )
  assert.equal(finding?.culprit?.function, 'update_policies')
  assert.ok(finding?.explains.includes('hung-task'))
  const texts = finding?.evidence.map(({ text }) => text) ?? []
  assert.ok(texts.includes('mutex routes_lock is held by PID 12 "writer"'), texts.join('\n'))
  assert.ok(texts.some((text) => text.includes('PID 14 "writer" waits behind them')))
})

test('who is crashed on purpose while tasks wait for each other was crashed because of that', () => {
  const [finding] = find({ ...ring, log: ['Kernel panic - not syncing: sysrq triggered crash'] })
  assert.equal(finding?.role, 'cause')
  assert.ok(finding?.explains.includes('sysrq'))
})

test('a kernel that died of a fault did not die of a deadlock', () => {
  const log = [
    'BUG: kernel NULL pointer dereference, address: 0000000000000010',
    'Kernel panic - not syncing: Fatal exception',
  ]
  assert.equal(find({ ...ring, log })[0]?.role, 'state')
})

test('a task that waits for its own lock is a deadlock of one', () => {
  const [finding] = find({
    ...ring,
    log: HUNG,
    tasks: { first: sleeper(12, 'update_routes', 'routes_lock') },
    variables: { routes_lock: ['struct mutex', { owner: { counter: '&first' } }] },
  })
  assert.equal(
    finding?.title,
    'deadlock: PID 12 "writer" waits in update_routes() for mutex routes_lock, which it holds itself',
  )
})

test('tasks that wait without a cycle are no deadlock', () => {
  const variables: SceneRecipe['variables'] = {
    routes_lock: ['struct mutex', { owner: { counter: '&first' } }],
    policies_lock: ['struct mutex'],
  }
  assert.deepEqual(find({ ...ring, log: HUNG, variables }), [])
})
