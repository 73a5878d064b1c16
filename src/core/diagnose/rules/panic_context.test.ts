// In which context the kernel died, told of stacks as different releases leave them.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sceneOf, type SceneTask } from '../../../../test/support/scene.ts'
import { workqueueRecipe } from '../../../../test/support/workqueue_recipe.ts'
import type { Scene } from '../scene.ts'
import { panicContext } from './panic_context.ts'

const KTHREAD = 0x0020_0000
const FAULT = ['panic', 'oops_end', 'asm_exc_page_fault']
const IDLE = ['default_idle!', 'do_idle', 'cpu_startup_entry']

const titleOf = (scene: Scene): string => [...panicContext.find(scene)][0]?.title ?? ''
function died(frames: readonly string[], task: Partial<SceneTask> = {}, log: string[] = []): Scene {
  return sceneOf({ log, tasks: { app: { pid: 70, cpu: 1, frames, ...task } }, panicCpu: 1 })
}

test('a timer function in a softirq: who was interrupted has no part in it', () => {
  for (const softirq of ['__do_softirq', 'handle_softirqs']) {
    const scene = died([
      ...[
        ...FAULT,
        'probe_expired!',
        'call_timer_fn',
        '__run_timers',
        'run_timer_softirq',
        softirq,
      ],
      ...[
        'irq_exit_rcu',
        'sysvec_apic_timer_interrupt',
        'asm_sysvec_apic_timer_interrupt',
        ...IDLE,
      ],
    ])
    assert.equal(
      titleOf(scene),
      'it died in a softirq (TIMER), in the timer function probe_expired() on CPU 1; PID 70 "app" was interrupted in the idle loop, and has no part in it',
    )
  }
})

test('an interrupt handler is named, and its interrupt by the handler', () => {
  const scene = sceneOf({
    tasks: {
      app: {
        ...{ pid: 70, cpu: 1 },
        frames: [
          ...[...FAULT, 'nic_handler!', '__handle_irq_event_percpu', 'handle_irq_event'],
          ...['common_interrupt', 'asm_common_interrupt', 'app_work!', 'do_syscall_64'],
        ],
      },
    },
    types: `struct irqaction { void *handler, *thread_fn; const char *name; struct irqaction *next; };
      struct irq_desc { struct irqaction *action; };`,
    functions: { nic_handler: 0x80 },
    variables: {
      nr_irqs: ['unsigned int', 2],
      irq_desc: ['struct irq_desc [2]', [{ action: 0 }, { action: '&action' }]],
    },
    objects: { action: ['struct irqaction', { handler: '&nic_handler', name: 'eth0' }] },
    panicCpu: 1,
  })
  assert.match(
    titleOf(scene),
    /^it died in interrupt 1 \(eth0\), in the interrupt handler nic_handler\(\) on CPU 1;/,
  )
})

test('a worker is named by its work and its queue', () => {
  const recipe = workqueueRecipe({
    more: { panicCpu: 1 },
    frames: [...FAULT, 'flush_rest!', 'process_one_work', 'worker_thread', 'kthread'],
  })
  const { kworker, ...tasks } = recipe.tasks ?? {}
  assert.ok(kworker)
  const scene = sceneOf({
    ...recipe,
    tasks: { ...tasks, kworker: { ...kworker, cpu: 1, state: 0 } },
  })
  assert.equal(
    titleOf(scene),
    'it died in the work function flush_work_fn() of workqueue events, of PID 33 "kworker/1:1" on CPU 1',
  )
})

test('a kernel thread is named by its function', () => {
  const scene = died([...FAULT, 'poll_once!', 'poll_loop', 'kthread', 'ret_from_fork'], {
    flags: KTHREAD,
  })
  assert.equal(
    titleOf(scene),
    'it died in the kernel thread function poll_loop(), of PID 70 "app" on CPU 1',
  )
})

test('who noticed a hang did not die of anything itself', () => {
  const scene = died(
    [
      ...['panic', 'watchdog_timer_fn', '__hrtimer_run_queues', 'hrtimer_interrupt'],
      ...['asm_sysvec_apic_timer_interrupt', 'ring_fill!', 'kthread'],
    ],
    { flags: KTHREAD },
  )
  assert.equal(
    titleOf(scene),
    'it was noticed in the timer interrupt, in the hrtimer function watchdog_timer_fn(); what that interrupted on CPU 1 was the kernel thread function ring_fill(), of PID 70 "app"',
  )
})

test('that no task could be ended in its place is said', () => {
  const scene = died([...FAULT, 'x!', ...IDLE.slice(1)], {}, [
    'Kernel panic - not syncing: Fatal exception in interrupt',
  ])
  const [finding] = panicContext.find(scene)
  assert.match(finding?.evidence[0]?.text ?? '', /there was no task to end in its place/)
  assert.deepEqual([finding?.role, finding?.culprit], ['context', null])
})

test('a machine that did not panic has no context', () => {
  assert.deepEqual([...panicContext.find(sceneOf())], [])
})
