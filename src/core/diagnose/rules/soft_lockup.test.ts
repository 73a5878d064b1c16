// Soft lockups: the kernel's own panic, one that memory alone shows, one that passed.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sceneOf, type SceneRecipe } from '../../../../test/support/scene.ts'
import { diagnose } from '../diagnose.ts'
import { softLockup } from './soft_lockup.ts'

const SECOND = 1_000_000_000n
const TICK = ['hrtimer_interrupt', 'asm_sysvec_apic_timer_interrupt']
const LOOP = ['ring_fill!', 'ring_open', 'do_syscall_64']
const SAID = 'watchdog: BUG: soft lockup - CPU#1 stuck for 26s! [app:70]'

/** At 100 s, the watchdog's work last ran on each CPU at these seconds. */
function watched(touched: readonly [number, number]): Partial<SceneRecipe> {
  return {
    members: { rq: 'u64 clock;' },
    types: 'percpu unsigned long watchdog_touch_ts;',
    variables: { watchdog_thresh: ['int', 10] },
    cpus: touched.map((seconds) => ({
      watchdog_touch_ts: (BigInt(seconds) * SECOND) >> 30n,
      runqueues: { clock: 100n * SECOND },
    })),
  }
}

test('a panic by the watchdog names the loop it interrupted', () => {
  const scene = sceneOf({
    log: [SAID, 'Kernel panic - not syncing: softlockup: hung tasks'],
    tasks: { app: { pid: 70, cpu: 1, frames: ['panic', 'watchdog_timer_fn', ...TICK, ...LOOP] } },
    panicCpu: 1,
  })
  const { verdict } = diagnose(scene)
  assert.equal(
    verdict?.title,
    'CPU 1 did not schedule for 26 s: PID 70 "app" looped in ring_fill()',
  )
  assert.deepEqual(
    [verdict.kind, verdict.confidence, verdict.culprit?.function],
    ['soft-lockup', 'certain', 'ring_fill'],
  )
})

test('without a log the caller of panic() tells', () => {
  const scene = sceneOf({
    tasks: { app: { pid: 70, cpu: 1, frames: ['panic', 'watchdog_timer_fn', ...TICK, ...LOOP] } },
    panicCpu: 1,
  })
  const { verdict } = diagnose(scene)
  assert.deepEqual(
    [verdict?.kind, verdict?.confidence, verdict?.culprit?.function],
    ['soft-lockup', 'certain', 'ring_fill'],
  )
})

test('memory shows a CPU that hung when somebody crashed the machine for it', () => {
  const scene = sceneOf({
    ...watched([98, 40]),
    log: [{ text: 'Kernel panic - not syncing: sysrq triggered crash', seconds: 100 }],
    tasks: {
      admin: {
        pid: 60,
        cpu: 0,
        frames: ['panic', 'sysrq_handle_crash', 'write_sysrq_trigger', 'x'],
      },
      app: { pid: 70, cpu: 1, frames: LOOP.map((name) => name.replace('!', '')) },
    },
    panicCpu: 0,
  })
  const { findings, verdict } = diagnose(scene)
  assert.equal(
    verdict?.title,
    'CPU 1 had not scheduled for 60 s: PID 70 "app" looped in ring_fill()',
  )
  assert.equal(verdict.confidence, 'likely')
  // That it was deliberate stays true.
  assert.deepEqual(
    findings.filter(({ role }) => role === 'cause').map(({ kind }) => kind),
    ['soft-lockup', 'sysrq'],
  )
})

test('behind a crash of another kind a hang is only told of', () => {
  const scene = sceneOf({
    ...watched([98, 40]),
    log: ['kernel BUG at fs/x.c:1!', 'Kernel panic - not syncing: Fatal exception'],
    tasks: { app: { pid: 70, cpu: 1, frames: ['ring_fill', 'do_syscall_64'] } },
    panicCpu: 0,
  })
  assert.deepEqual(
    [...softLockup.find(scene)].map(({ role }) => role),
    ['state'],
  )
})

test('a CPU is no hang that ran its watchdog lately, idles, panics, or whose watchdog nobody wakes', () => {
  const busy = { pid: 70, cpu: 1, frames: ['ring_fill', 'do_syscall_64'] }
  const recipes: SceneRecipe[] = [
    { ...watched([98, 95]), tasks: { app: busy } },
    { ...watched([98, 40]), idleFrames: { 1: ['default_idle', 'do_idle', 'cpu_startup_entry'] } },
    { ...watched([40, 40]), tasks: { app: busy } },
    {
      ...watched([98, 40]),
      tasks: { app: { ...busy, frames: ['panic', 'driver_fatal', 'x'] } },
      panicCpu: 1,
    },
  ]
  for (const recipe of recipes) assert.deepEqual([...softLockup.find(sceneOf(recipe))], [])
})

test('one that passed is told of as earlier, with the function that the log shows', () => {
  const scene = sceneOf({
    log: [
      'NMI watchdog: BUG: soft lockup - CPU#0 stuck for 22s! [kworker/0:1:12]',
      'RIP: 0010:ring_fill+0x10/0x80',
      'Call Trace:',
      ' ring_open+0x10/0x80',
      'Kernel panic - not syncing: sysrq triggered crash',
    ],
    functions: { ring_fill: 0x80, ring_open: 0x80 },
  })
  const [finding] = softLockup.find(scene)
  assert.deepEqual(
    [finding?.role, finding?.title],
    [
      'earlier',
      'CPU 0 had not scheduled for 22 s in ring_fill(), for PID 12 "kworker/0:1", and later did',
    ],
  )
})
