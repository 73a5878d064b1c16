// Work that waits behind a worker: seen in memory, told by the log, and not there.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sceneOf } from '../../../../test/support/scene.ts'
import { HZ, TICK_TYPES, tickVariables } from '../../../../test/support/tick_recipe.ts'
import { WORKQUEUE_TYPES, workqueueRecipe } from '../../../../test/support/workqueue_recipe.ts'
import { diagnose } from '../diagnose.ts'
import type { Scene } from '../scene.ts'
import { workqueueLockup } from './workqueue_lockup.ts'

const NOW = 100_000
const SYSRQ = 'Kernel panic - not syncing: sysrq triggered crash'

/** The pool took no work for so long. */
function waiting(seconds: number, log: readonly string[] = [SYSRQ]): Scene {
  const recipe = workqueueRecipe({ log, progressAt: BigInt(NOW - seconds * HZ) })
  const types = WORKQUEUE_TYPES.replace('PROGRESS', 'watchdog_ts') + TICK_TYPES
  return sceneOf({ ...recipe, types, variables: { ...recipe.variables, ...tickVariables(NOW) } })
}

test('a pool whose work waits names the worker and what it does', () => {
  const { verdict } = diagnose(waiting(35))
  assert.equal(
    verdict?.title,
    'work of CPU 1 had waited for 35 s: PID 33 "kworker/1:1" was busy in flush_wait()',
  )
  assert.deepEqual(
    [verdict.kind, verdict.confidence, verdict.culprit?.function],
    ['workqueue-lockup', 'likely', 'flush_wait'],
  )
  const said = verdict.evidence.map(({ text }) => text)
  assert.ok(said.includes('PID 33 "kworker/1:1" runs flush_work_fn() of workqueue events'))
  assert.ok(said.some((text) => text.includes('1 works waiting, late_work_fn() first')))
})

test('work that waited for less is none', () => {
  assert.deepEqual([...workqueueLockup.find(waiting(20))], [])
})

test('behind a crash of another kind it is only told of', () => {
  const scene = waiting(35, [
    'kernel BUG at fs/x.c:1!',
    'Kernel panic - not syncing: Fatal exception',
  ])
  assert.deepEqual(
    [...workqueueLockup.find(scene)].map(({ role }) => role),
    ['state'],
  )
})

test('what only the log tells of had passed', () => {
  const log = ['BUG: workqueue lockup - pool cpus=1 node=0 flags=0x0 nice=0 stuck for 31s!']
  assert.deepEqual(
    [...workqueueLockup.find(waiting(1, log))].map(({ role, kind }) => [role, kind]),
    [['earlier', 'workqueue-lockup']],
  )
})
