// A wait-for graph with indexes for pointers, and bounded.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sceneOf } from '../../../../test/support/scene.ts'
import type { Wait, Waited, WaitGraph } from '../../kernel/wait_graph.ts'
import { toWaits } from './read_waits.ts'

const { tasks } = sceneOf({ tasks: { holder: { pid: 1 }, waiter: { pid: 2 } } })
const [holder, waiter] = tasks

function graphOf(count: number): WaitGraph {
  if (!holder || !waiter) throw new Error('the scene has two tasks')
  const on: Waited = {
    kind: 'mutex',
    address: 0xffff_8880_0000_1000n,
    name: 'm',
    owners: [holder],
    ...{ ownerNote: '', ownerQuality: 'exact', device: '' },
  }
  const wait: Wait = { task: waiter, on, function: 'f', seconds: 2, entry: 0n, quality: 'exact' }
  const waits = Array.from({ length: count }, () => wait)
  const root = { on, owner: holder, state: 'runs on CPU 1' }
  return { waits, groups: [{ waits, root, cycle: [] }], problems: ['x'] }
}

test('tasks are named, things are listed once and referred to', () => {
  const waits = toWaits(graphOf(2))
  assert.deepEqual(waits.things, [
    {
      kind: 'mutex',
      address: '0xffff888000001000',
      name: 'm',
      owners: [{ pid: 1, comm: 'holder' }],
      ...{ ownerNote: '', ownerQuality: 'exact', device: '' },
    },
  ])
  const wait = {
    task: { pid: 2, comm: 'waiter' },
    on: 0,
    function: 'f',
    seconds: 2,
    quality: 'exact',
  }
  assert.deepEqual(waits.groups[0]?.waits, [wait, wait])
  assert.deepEqual(waits.groups[0]?.root, {
    on: 0,
    owner: { pid: 1, comm: 'holder' },
    state: 'runs on CPU 1',
  })
  assert.deepEqual(waits.problems, ['x'])
})

test('thousands of waits are counted, the first of them listed', () => {
  const waits = toWaits(graphOf(20_000))
  assert.equal(waits.total, 20_000)
  assert.equal(waits.groups[0]?.count, 20_000)
  assert.equal(waits.groups[0]?.waits.length, 100)
})
