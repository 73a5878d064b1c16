// Command lines and logs as text.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { explainNoReservationOf } from './reservation.ts'

test('nothing was asked for', () => {
  assert.match(explainNoReservationOf('ro quiet', ''), /^add crashkernel=192M/)
})

test('auto is a word of old vendor kernels', () => {
  assert.match(explainNoReservationOf('crashkernel=auto', ''), /only the kernels of RHEL/)
})

test("the kernel's own reason is quoted, not its command line", () => {
  const log = `[    0.000000] Command line: crashkernel=192M
[    0.031676] crashkernel reservation failed - No suitable area found.
[    0.068357] Kernel command line: crashkernel=192M
`
  const text =
    'the kernel could not serve crashkernel=192M; the kernel said: crashkernel reservation failed - No suitable area found.'
  assert.equal(explainNoReservationOf('ro crashkernel=192M', log), text)
})

test('without a word in the log, the rule that gave nothing is named', () => {
  assert.equal(
    explainNoReservationOf('ro crashkernel=4G-:256M', '', () => 'no range gives memory'),
    'the kernel could not serve crashkernel=4G-:256M; no range gives memory',
  )
  assert.equal(
    explainNoReservationOf('ro crashkernel=64M', ''),
    'the kernel could not serve crashkernel=64M',
  )
})
