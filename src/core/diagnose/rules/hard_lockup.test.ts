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
    assert.equal(verdict?.title, 'CPU 1 took no interrupts: PID 70 "app" looped in fifo_wait()')
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
    'CPU 1 had taken no interrupts for 15 s: PID 70 "app" looped in fifo_wait()',
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

test('a timer that was due for seconds shows it sooner, also where other CPUs moved the clock of this one', () => {
  const timers = (due: number, flags: Record<string, number>): SceneRecipe => {
    const { types: _, ...recipe } = looping(100, flags)
    return {
      ...recipe,
      types: `struct hrtimer_cpu_base { long long expires_next; }; percpu struct hrtimer_cpu_base hrtimer_bases;
        struct timekeeper { u64 xtime_sec; struct { u64 xtime_nsec; u32 shift; } tkr_mono;
          struct { s64 tv_sec; long tv_nsec; } wall_to_monotonic; u64 ntp_tick; };
        struct tk_data { unsigned int seq; struct timekeeper timekeeper; };`,
      variables: {
        watchdog_thresh: ['int', 10],
        timekeeper_data: ['struct tk_data', { 'timekeeper.xtime_sec': 200 }],
      },
      cpus: [0, due].map((nsec) => ({
        hrtimer_bases: {
          expires_next: nsec === 0 ? 0x7fff_ffff_ffff_ffffn : BigInt(nsec) * SECOND,
        },
        runqueues: { clock: 100n * SECOND },
      })),
    }
  }
  const [finding] = hardLockup.find(sceneOf(timers(195, OFF)))
  assert.equal(finding?.evidence[0]?.command, 'timer -r -C 1')
  assert.match(finding.title, /^CPU 1 had taken no interrupts for 5 s: /)
  assert.deepEqual([...hardLockup.find(sceneOf(timers(199, OFF)))], [])
  assert.deepEqual([...hardLockup.find(sceneOf(timers(150, ON)))], [])
})

test('a CPU that waits for one without interrupts is its victim', () => {
  const { tasks = {}, ...recipe } = looping(85, OFF)
  const waiter = ['smp_call_function_many_cond', 'flush_all', 'do_syscall_64']
  const scene = sceneOf({
    ...recipe,
    log: [
      'watchdog: BUG: soft lockup - CPU#0 stuck for 26s! [waiter:80]',
      'Kernel panic - not syncing: softlockup: hung tasks',
    ],
    tasks: {
      ...tasks,
      waiter: {
        ...{ pid: 80, cpu: 0 },
        frames: ['panic', 'watchdog_timer_fn', 'asm_sysvec_apic_timer_interrupt', ...mark(waiter)],
      },
    },
    panicCpu: 0,
  })
  const { findings } = diagnose(scene)
  assert.deepEqual(
    findings
      .filter(({ role }) => role === 'cause')
      .map(({ kind, culprit }) => [kind, culprit?.function]),
    [
      ['hard-lockup', 'fifo_wait'],
      ['soft-lockup', 'fifo_wait'],
    ],
  )
  assert.match(
    findings[1]?.title ?? '',
    /PID 80 "waiter" waited in flush_all\(\) for CPU 1, which took no interrupts: PID 70 "app" looped in fifo_wait\(\) there$/,
  )
})

test('a CPU that the NMI could not stop is told of, if it stopped others', () => {
  const idle = ['default_idle', 'do_idle', 'x']
  const scene = sceneOf({
    log: ['Kernel panic - not syncing: Fatal exception'],
    cpus: [{}, {}, {}],
    tasks: { app: { pid: 70, cpu: 0, frames: ['panic', 'x'] }, deaf: { pid: 71, cpu: 1 } },
    idleFrames: { 2: idle },
    panicCpu: 0,
  })
  const [finding] = hardLockup.find(scene)
  assert.deepEqual(
    [finding?.role, finding?.title],
    ['state', 'CPU 1 did not answer the NMI that stopped the others'],
  )
  // Of two CPUs, nobody knows how the other was stopped.
  const pair = sceneOf({ tasks: { app: { pid: 70, cpu: 0, frames: ['panic', 'x'] } }, panicCpu: 0 })
  assert.deepEqual([...hardLockup.find(pair)], [])
})

/** The first was interrupted. */
const mark = ([first, ...more]: readonly string[]): string[] => [`${first}!`, ...more]
