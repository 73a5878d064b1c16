// Grace periods that did not end: for a CPU that loops, for a reader that was preempted.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Value } from '../../../../test/support/encode_value.ts'
import { sceneOf, type SceneRecipe } from '../../../../test/support/scene.ts'
import { HZ, TICK_TYPES, tickVariables } from '../../../../test/support/tick_recipe.ts'
import { diagnose } from '../diagnose.ts'
import { rcuStall } from './rcu_stall.ts'

const NOW = 100_000
const SAID = 'rcu: INFO: rcu_preempt detected stalls on CPUs/tasks:'
const PANIC = 'Kernel panic - not syncing: RCU Stall'

/** A grace period that began `seconds` before, with these members of its one leaf. */
function stalled(
  seconds: number,
  leaf: Record<string, Value>,
  more: SceneRecipe = {},
): SceneRecipe {
  return {
    members: { task_struct: 'struct list_head rcu_node_entry;' },
    types: `${TICK_TYPES}
      struct rcu_node { unsigned long qsmask; int grplo, grphi; struct list_head blkd_tasks; struct list_head *gp_tasks; };
      struct rcu_state { struct rcu_node node[1]; struct rcu_node *level[1]; unsigned long gp_seq;
        struct task_struct *gp_kthread; unsigned long gp_start; unsigned long gp_activity; const char *name; };`,
    variables: {
      ...tickVariables(NOW),
      rcu_state: [
        'struct rcu_state',
        {
          ...{
            'node[0].grphi': 1,
            'level[0]': '&rcu_state.node[0]',
            gp_seq: 5,
            name: 'rcu_preempt',
          },
          ...{ gp_start: NOW - seconds * HZ, gp_activity: NOW },
          ...Object.fromEntries(
            Object.entries(leaf).map(([name, value]) => [`node[0].${name}`, value]),
          ),
        },
      ],
    },
    ...more,
  }
}

const looper = { pid: 70, cpu: 1, frames: ['route_find', 'net_send', 'do_syscall_64'] }

test('a panic for a stall names the CPU that is waited for and what it ran', () => {
  const scene = sceneOf(
    stalled(25, { qsmask: 2 }, { log: [SAID, PANIC], tasks: { app: looper }, panicCpu: 0 }),
  )
  const { verdict } = diagnose(scene)
  assert.equal(
    verdict?.title,
    'RCU could not end a grace period for 25 s: PID 70 "app" looped in route_find() on CPU 1',
  )
  assert.deepEqual(
    [verdict.kind, verdict.confidence, verdict.culprit?.function],
    ['rcu-stall', 'certain', 'route_find'],
  )
})

test('without RCU in memory the CPUs are those of the log', () => {
  const line = 'rcu: \t1-....: (2100 ticks this GP) idle=1b3c/1/0x4 softirq=1/1 fqs=5'
  const scene = sceneOf({ log: [SAID, line, PANIC], tasks: { app: looper }, panicCpu: 0 })
  const [finding] = rcuStall.find(scene)
  assert.match(finding?.title ?? '', /PID 70 "app" looped in route_find\(\) on CPU 1$/)
})

test('a reader that was preempted is named with the function it reads in', () => {
  const scene = sceneOf(
    stalled(
      30,
      { gp_tasks: '&reader.rcu_node_entry' },
      {
        log: [SAID, PANIC],
        tasks: {
          reader: {
            pid: 80,
            state: 0,
            frames: ['__schedule', 'preempt_schedule', 'walk_table', 'x'],
          },
        },
        lists: { 'rcu_state.node[0].blkd_tasks': ['reader.rcu_node_entry'] },
        panicCpu: 0,
      },
    ),
  )
  const [finding] = rcuStall.find(scene)
  assert.equal(
    finding?.title,
    'RCU could not end a grace period for 30 s: PID 80 "reader" was preempted while it read in walk_table()',
  )
  assert.equal(finding.culprit?.function, 'walk_table')
})

test("where only RCU's own thread could not run, whoever kept its CPU is to blame", () => {
  const scene = sceneOf(
    stalled(
      30,
      {},
      {
        log: [SAID, PANIC],
        tasks: {
          app: looper,
          rcu: { pid: 15, comm: 'rcu_preempt', state: 0, value: { 'thread_info.cpu': 1 } },
        },
        panicCpu: 0,
        more: (kernel) => {
          const state = kernel.addressOf('rcu_state')
          const kthread = { gp_kthread: '&rcu', gp_activity: NOW - 20 * HZ }
          kernel.set('struct rcu_state', state, kthread)
        },
      },
    ),
  )
  const [finding] = rcuStall.find(scene)
  assert.match(finding?.title ?? '', /PID 70 "app" looped in route_find\(\) on CPU 1$/)
  assert.ok(finding?.evidence.some(({ text }) => text.includes('waited to run on CPU 1 for 20 s')))
})

test('a stall is found in memory when the machine was crashed for it', () => {
  const more = {
    log: ['Kernel panic - not syncing: sysrq triggered crash'],
    tasks: { app: looper },
    panicCpu: 0,
  }
  const { verdict } = diagnose(sceneOf(stalled(25, { qsmask: 2 }, more)))
  assert.deepEqual([verdict?.kind, verdict?.confidence], ['rcu-stall', 'likely'])
})

test('a grace period that is young, waits for an idle CPU or for nobody is no stall', () => {
  const idle = { idleFrames: { 1: ['default_idle', 'do_idle', 'x'] } }
  for (const recipe of [
    stalled(15, { qsmask: 2 }, { tasks: { app: looper } }),
    stalled(60, { qsmask: 2 }, idle),
    stalled(60, {}, { tasks: { app: looper } }),
  ])
    assert.deepEqual([...rcuStall.find(sceneOf(recipe))], [])
})

test('a stall that passed is told of as earlier', () => {
  const scene = sceneOf({ log: [SAID, 'Kernel panic - not syncing: Fatal exception'] })
  assert.deepEqual(
    [...rcuStall.find(scene)].map(({ role, confidence }) => [role, confidence]),
    [['earlier', 'possible']],
  )
})
