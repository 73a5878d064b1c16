// Reference counts in the words of lib/refcount.c, and a counter found again.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { OOPS_TEXTS } from '../../../../test/support/oops_texts.ts'
import { sceneOf } from '../../../../test/support/scene.ts'
import { refcount } from './refcount.ts'

test('who puts one too many is to blame, not the check', () => {
  const [finding] = refcount.find(sceneOf({ log: OOPS_TEXTS['refcount, 6.1'] }))
  assert.equal(
    finding?.title,
    'a reference was put that had been put before in session_abort() [sensorhub]',
  )
  assert.ok(finding?.explains.includes('warning'))
})

test('the saturated counter is found where the check had it, without a log', () => {
  const frames = [
    ...['panic', '__warn', 'report_bug', 'exc_invalid_op', 'asm_exc_invalid_op'],
    { name: 'refcount_warn_saturate!', registers: { bx: '&users' } },
    'session_put',
    'vfs_write',
  ]
  const scene = sceneOf({
    ...{ tasks: { sh: { pid: 182, cpu: 0, frames } }, panicCpu: 0 },
    variables: { users: ['atomic_t', { counter: 0xc000_0000 }] },
  })
  const [finding] = refcount.find(scene)
  assert.equal(finding?.title, 'a reference count went wrong in session_put()')
  const [counter] = finding?.evidence ?? []
  assert.equal(counter?.address, scene.program.symbol('users'))
  assert.match(counter?.text ?? '', /REFCOUNT_SATURATED\), in users/)
})

test('other warnings are none', () => {
  assert.deepEqual([...refcount.find(sceneOf({ log: OOPS_TEXTS['warning, 6.18'] }))], [])
})
