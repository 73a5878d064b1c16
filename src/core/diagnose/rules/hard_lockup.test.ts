// Hard lockups: by the kernel's detectors, old and new, and by registers and clocks alone.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sceneOf, type SceneRecipe } from '../../../../test/support/scene.ts'
import type { SceneFrame } from '../../../../test/support/scene_stack.ts'
import { diagnose } from '../diagnose.ts'
import { hardLockup } from './hard_lockup.ts'

const SECOND = 1_000_000_000n
const OFF = { flags: 0x46 }
const ON = { flags: 0x246 }

/** The clock of CPU 1 stands at `seconds`, that of CPU 0 at 100; CPU 1 loops with these flags. */
function looping(seconds: number, registers: Record<string, number>): SceneRecipe {
  const loop: SceneFrame[] = [{ name: 'fifo_wait', registers }, 'fifo_open', 'do_syscall_64']
  return {
    members: { rq: 'u64 clock;' },
    cpus: [
      { runqueues: { clock: 100n * SECOND } },
      { runqueues: { clock: BigInt(seconds) * SECOND } },
    ],
    variables: { watchdog_thresh: ['int', 10] },
    tasks: { app: { pid: 70, cpu: 1, frames: loop } },
  }
}

for (const line of [
  'NMI watchdog: Watchdog detected hard LOCKUP on cpu 1',
  'watchdog: CPU0: Watchdog detected hard LOCKUP on cpu 1',
]) {
  test(`a panic by a detector names the loop of the CPU it found: ${line}`, () => {
    const scene = sceneOf({
      ...looping(100, OFF),
      log: [line, 'Kernel panic - not syncing: Hard LOCKUP'],
      panicCpu: 0,
    })
    const { verdict } = diagnose(scene)
    assert.equal(
      verdict?.title,
      'CPU 1 took no interrupts for PID 70 "app": it looped in fifo_wait()',
    )
    assert.deepEqual(
      [verdict.kind, verdict.confidence, verdict.culprit?.function],
      ['hard-lockup', 'certain', 'fifo_wait'],
    )
  })
}

test('a CPU with interrupts disabled whose clock stood still explains the NMI that was sent', () => {
  const scene = sceneOf({
    ...looping(85, OFF),
    log: ['Kernel panic - not syncing: NMI: Not continuing'],
    panicCpu: 0,
  })
  const { findings, verdict } = diagnose(scene)
  assert.equal(
    verdict?.title,
    'CPU 1 had taken no interrupts for 15 s for PID 70 "app": it looped in fifo_wait()',
  )
  assert.deepEqual(
    findings.filter(({ role }) => role === 'cause').map(({ kind }) => kind),
    ['hard-lockup', 'nmi'],
  )
})

test('a clock that stood for less, or a CPU that allowed interrupts, is no lockup', () => {
  assert.deepEqual([...hardLockup.find(sceneOf(looping(95, OFF)))], [])
  assert.deepEqual([...hardLockup.find(sceneOf(looping(40, ON)))], [])
})

test("the detector's counters speak for it", () => {
  const { cpus = [], ...recipe } = looping(85, OFF)
  const counters = { hrtimer_interrupts: 7, hrtimer_interrupts_saved: 7 }
  const scene = sceneOf({
    ...recipe,
    types: 'percpu unsigned int hrtimer_interrupts; percpu unsigned int hrtimer_interrupts_saved;',
    cpus: cpus.map((values) => ({ ...values, ...counters })),
  })
  const [finding] = hardLockup.find(scene)
  assert.ok(
    finding?.evidence.some(({ text }) => text.includes("no interrupt of the watchdog's timer")),
  )
})
