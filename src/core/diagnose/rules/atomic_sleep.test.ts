// Sleep in atomic context: a panic under panic_on_warn, and one that was survived.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { OOPS_TEXTS } from '../../../../test/support/oops_texts.ts'
import { sceneOf } from '../../../../test/support/scene.ts'
import { atomicSleep } from './atomic_sleep.ts'

test('who sleeps is to blame, not what he sleeps in', () => {
  const log = [
    ...OOPS_TEXTS['sleep, 6.1'],
    'Kernel panic - not syncing: scheduling while atomic: panic_on_warn set ...',
  ]
  const frames = [
    ...['panic', 'check_panic_on_warn', '__schedule_bug', '__schedule', 'schedule', 'msleep'],
    ...['hub_wait_settled', 'hub_flush', 'vfs_write'],
  ]
  const [finding] = atomicSleep.find(
    sceneOf({ log, tasks: { sh: { pid: 182, cpu: 0, frames } }, panicCpu: 0 }),
  )
  assert.equal(
    finding?.title,
    'sleep where sleeping is not allowed in hub_wait_settled(), by msleep()',
  )
  assert.deepEqual([finding?.role, finding?.confidence], ['cause', 'certain'])
  assert.ok(finding?.evidence.some(({ text }) => text.includes('Preemption disabled at')))
})

test('long before a deliberate crash it is no cause', () => {
  const [line = '', ...rest] = OOPS_TEXTS['sleep, 6.1']
  const log = [
    ...[line, ...rest, 'Call Trace:', ' __schedule_bug+0x1/0x2', ' schedule+0x1/0x2'],
    ...[' hub_flush+0x1/0x2', { text: 'sysrq: Trigger a crash', seconds: 100 }],
    { text: 'Kernel panic - not syncing: sysrq triggered crash', seconds: 100 },
  ]
  const [finding] = atomicSleep.find(sceneOf({ log }))
  assert.deepEqual([finding?.role, finding?.culprit?.function], ['earlier', 'hub_flush'])
})
