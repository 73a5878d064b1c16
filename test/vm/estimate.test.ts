// Two steps of kbox estimate --measure on a real kernel: one size that works, one that does not. The search between them is
// tested in src/host/rehearse/measure_reservation.test.ts; what it found is in docs/crashkernel.md.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { rehearsalTrial } from '../../src/host/rehearse/measure_reservation.ts'
import { UNLESS_WHOLE } from '../support/extent.ts'
import { rehearseOptions } from '../support/rehearsals.ts'

const trial = rehearsalTrial(rehearseOptions('6.1'))

test(
  '16 MB above the smallest reservation a crash is captured, with memory to spare',
  { skip: UNLESS_WHOLE },
  async () => {
    const { ok, failedStep, error, memAvailableMinBytes } = await trial(176)
    assert.deepEqual([ok, failedStep, error], [true, '', ''])
    assert.ok(memAvailableMinBytes !== null && memAvailableMinBytes > 16 * 2 ** 20)
  },
)

test('a reservation far below is told by the step that failed, and why', async () => {
  const { ok, failedStep, error } = await trial(104)
  assert.deepEqual([ok, failedStep], [false, 'crash'])
  assert.match(error, /memory.*raise crashkernel=/)
})
