// panic() for a reason of its own, for one that another rule knows, and without a log.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sceneOf } from '../../../../test/support/scene.ts'
import { panicCall } from './panic_call.ts'

const tasks = { sh: { pid: 9, cpu: 0, frames: ['panic', 'hub_self_test.cold', 'vfs_write'] } }

test('who gave up is named, with its words', () => {
  const log = ['Kernel panic - not syncing: hub: self test failed: expected 0x5a5a']
  const [finding] = panicCall.find(sceneOf({ log, tasks, panicCpu: 0 }))
  assert.equal(
    finding?.title,
    'panic() was called in hub_self_test(): hub: self test failed: expected 0x5a5a',
  )
  assert.deepEqual([finding?.kind, finding?.confidence], ['panic', 'certain'])
})

test('a reason that has a rule of its own is left to it', () => {
  for (const reason of ['sysrq triggered crash', 'hung_task: blocked tasks', 'Fatal exception']) {
    const log = [
      'BUG: kernel NULL pointer dereference, address: 0',
      `Kernel panic - not syncing: ${reason}`,
    ]
    assert.deepEqual([...panicCall.find(sceneOf({ log, tasks, panicCpu: 0 }))], [], reason)
  }
})

test('without a log the kernel’s own callers say nothing', () => {
  assert.deepEqual([...panicCall.find(sceneOf({ tasks, panicCpu: 0 }))], [])
})
