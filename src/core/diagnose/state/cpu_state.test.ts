// Two CPUs, in each context there is.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sceneOf, type SceneRecipe } from '../../../../test/support/scene.ts'
import type { CpuState } from '../machine_state.ts'
import { readCpuStates } from './cpu_state.ts'

const MEMBERS = {
  rq: 'u64 clock;',
  task_struct: 'struct sched_info { u64 last_arrival; } sched_info;',
}

function states(recipe: SceneRecipe): CpuState[] {
  return readCpuStates(sceneOf({ members: MEMBERS, panicCpu: 0, ...recipe }))
}

const running = (frames: readonly (string | object)[]): SceneRecipe => ({
  tasks: { job: { pid: 7, cpu: 1, frames: frames as never } },
})

test('where a CPU was is told by its stack', () => {
  const place = (frames: readonly (string | object)[]): unknown => {
    const [, state] = states(running(frames))
    return [state?.mode, state?.function]
  }
  assert.deepEqual(place([{ name: 'hash_walk!' }, 'do_syscall_64', 'entry_SYSCALL_64']), [
    'kernel',
    'hash_walk',
  ])
  assert.deepEqual(
    place([
      'nic_poll!',
      'handle_softirqs',
      '__irq_exit_rcu',
      'asm_common_interrupt',
      'work!',
      'kthread',
    ]),
    ['softirq', 'nic_poll'],
  )
  assert.deepEqual(place(['nic_irq!', 'asm_common_interrupt', 'work!', 'kthread']), [
    'hardirq',
    'nic_irq',
  ])
})

test('an idle CPU idles, one that saved no registers missed the NMI', () => {
  const [first, second] = states({
    idleFrames: { 1: ['default_idle!', 'do_idle', 'cpu_startup_entry'] },
  })
  assert.deepEqual([first?.mode, first?.missedNmi], ['unknown', false])
  assert.deepEqual([second?.mode, second?.idle, second?.missedNmi], ['idle', true, false])
  const [, silent] = states({})
  assert.deepEqual([silent?.mode, silent?.missedNmi], ['unknown', true])
})

test('who runs, for how long, and who waits', () => {
  const [, state] = states({
    tasks: { job: { pid: 7, cpu: 1, value: { sched_info: { last_arrival: 2_000_000_000n } } } },
    cpus: [
      { runqueues: { clock: 5_500_000_000n } },
      { runqueues: { clock: 3_000_000_000n, nr_running: 3 } },
    ],
  })
  assert.deepEqual([state?.pid, state?.comm, state?.runSeconds, state?.queued], [7, 'job', 3.5, 2])
})
