// What the lockup detectors leave per CPU, as 6.12 has it; and kernels without them.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { buildKernel } from '../../../test/support/kernel_recipe.ts'
import { hasMissedTimer, watchdogThreshold, watchdogTouchedNsec } from './watchdog.ts'

const TYPES = `percpu unsigned long watchdog_touch_ts; percpu unsigned int hrtimer_interrupts;
  percpu unsigned int hrtimer_interrupts_saved;`

test('the stamp counts in 2^30 ns; 0 and all ones are none', () => {
  const { program } = buildKernel({
    types: TYPES,
    variables: { watchdog_thresh: ['int', 10] },
    cpus: [
      { watchdog_touch_ts: 3 },
      { watchdog_touch_ts: 0 },
      { watchdog_touch_ts: 0xffff_ffff_ffff_ffffn },
    ],
  })
  assert.deepEqual(
    [0, 1, 2].map((cpu) => watchdogTouchedNsec(program, cpu)),
    [3n << 30n, undefined, undefined],
  )
  assert.equal(watchdogThreshold(program), 10)
})

test('a CPU missed its timer when the detector counted nothing new; a detector that never counted says nothing', () => {
  const { program } = buildKernel({
    types: TYPES,
    cpus: [
      { hrtimer_interrupts: 7, hrtimer_interrupts_saved: 7 },
      { hrtimer_interrupts: 8, hrtimer_interrupts_saved: 7 },
      { hrtimer_interrupts: 0, hrtimer_interrupts_saved: 0 },
    ],
  })
  assert.deepEqual(
    [0, 1, 2].map((cpu) => hasMissedTimer(program, cpu)),
    [true, false, false],
  )
})

test('a kernel without detectors, or with one that is off, says nothing', () => {
  const { program } = buildKernel({ types: '', cpus: [{}] })
  assert.equal(watchdogTouchedNsec(program, 0), undefined)
  assert.equal(hasMissedTimer(program, 0), false)
  assert.equal(watchdogThreshold(program), undefined)
  const off = buildKernel({ types: '', variables: { watchdog_thresh: ['int', 0] }, cpus: [{}] })
  assert.equal(watchdogThreshold(off.program), undefined)
})
