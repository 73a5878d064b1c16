// Panics of watchdog devices, as their drivers word them.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sceneOf } from '../../../../test/support/scene.ts'
import { diagnose } from '../diagnose.ts'
import { watchdogDevice } from './watchdog_device.ts'

test('a watchdog that was not fed names who may feed it', () => {
  for (const reason of ['watchdog pretimeout event', 'Software Watchdog Timer expired']) {
    const scene = sceneOf({
      log: [`Kernel panic - not syncing: ${reason}`],
      tasks: { systemd: { pid: 1 }, sbd: { pid: 40 }, app: { pid: 50 } },
    })
    const { verdict } = diagnose(scene)
    assert.equal(verdict?.rule, 'watchdog_device')
    assert.deepEqual(
      verdict.evidence.slice(1).map(({ text }) => text),
      ['PID 1 "systemd" may be what feeds it', 'PID 40 "sbd" may be what feeds it'],
    )
  }
})

test('the watchdog over CPUs is another one', () => {
  const log = ['Kernel panic - not syncing: softlockup: hung tasks']
  assert.deepEqual([...watchdogDevice.find(sceneOf({ log }))], [])
})
