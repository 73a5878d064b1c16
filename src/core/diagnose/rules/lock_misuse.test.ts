// Locks misused, as their debugging prints it.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { OOPS_TEXTS } from '../../../../test/support/oops_texts.ts'
import { sceneOf } from '../../../../test/support/scene.ts'
import { lockMisuse } from './lock_misuse.ts'

test('a spin lock without its magic is none; who takes it is to blame', () => {
  const [finding] = lockMisuse.find(sceneOf({ log: OOPS_TEXTS['spin lock, 5.10'] }))
  assert.equal(
    finding?.title,
    'a lock was used that is none: never initialised, freed or written over in hub_lock() [hub]',
  )
  const lock = finding?.evidence.find(({ address }) => address !== undefined)
  assert.equal(lock?.address, 0xffff_8881_03a4_c808n)
})

test('a check of lock debugging is one; other warnings are none', () => {
  const log = [
    '------------[ cut here ]------------',
    'DEBUG_LOCKS_WARN_ON(lock->magic != lock)',
    'WARNING: CPU: 0 PID: 9 at kernel/locking/mutex.c:579 __mutex_lock+0x9e/0xb0',
    'RIP: 0010:__mutex_lock+0x9e/0xb0',
    'Call Trace:',
    ' hub_open+0x1/0x2 [hub]',
  ]
  const [finding] = lockMisuse.find(sceneOf({ log }))
  assert.equal(finding?.title, 'a lock was used in a way that is wrong in hub_open() [hub]')
  assert.deepEqual([...lockMisuse.find(sceneOf({ log: OOPS_TEXTS['warning, 6.18'] }))], [])
})
