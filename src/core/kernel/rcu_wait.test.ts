// A grace period that two of three CPUs and a preempted reader hold up.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { buildKernel, type BuiltKernel } from '../../../test/support/kernel_recipe.ts'
import { rcuHolders } from './rcu_wait.ts'

function build(qsmask: number, gpTasks: string | 0): BuiltKernel {
  const cpu = (task: string, idle: string): Record<string, Record<string, string> | string> => ({
    runqueues: { curr: `&${task}`, idle: `&${idle}` },
    current_task: `&${task}`,
  })
  return buildKernel({
    types: `
      struct list_head { struct list_head *next, *prev; };
      struct task_struct { int pid; struct list_head rcu_node_entry; };
      struct rcu_node { unsigned long qsmask; int grplo; int grphi; unsigned char level;
        struct list_head blkd_tasks; struct list_head *gp_tasks; };
      struct rcu_state { struct rcu_node node[3]; };
      struct rq { struct task_struct *curr, *idle; };
      percpu struct rq runqueues; percpu struct task_struct *current_task;`,
    variables: {
      rcu_num_lvls: ['int', 2],
      rcu_state: [
        'struct rcu_state',
        {
          node: [
            { qsmask: 1, grplo: 0, grphi: 3, level: 0 },
            { qsmask, grplo: 0, grphi: 2, level: 1, gp_tasks: gpTasks },
            { grplo: 3, grphi: 3, level: 1 },
          ],
        },
      ],
    },
    objects: Object.fromEntries(
      ['spinner', 'idle0', 'idle1', 'idle2', 'newer', 'older'].map((name, i) => [
        name,
        ['struct task_struct', { pid: 10 + i }] as const,
      ]),
    ),
    cpus: [cpu('spinner', 'idle0'), cpu('idle1', 'idle1'), cpu('idle2', 'idle2')],
    lists: {
      'rcu_state.node[0].blkd_tasks': [],
      'rcu_state.node[1].blkd_tasks': ['newer.rcu_node_entry', 'older.rcu_node_entry'],
      'rcu_state.node[2].blkd_tasks': [],
    },
  })
}

const pids = ({ program }: BuiltKernel): number[] =>
  rcuHolders(program).tasks.map((task) => task.number('pid'))

test('CPUs that have not reported are named, with what they run; idle tasks are nobody', () => {
  const kernel = build(0b011, 0)
  assert.deepEqual(rcuHolders(kernel.program).cpus, [0, 1])
  assert.deepEqual(pids(kernel), [10])
})

test('of preempted readers those from gp_tasks on hold up the grace period', () => {
  assert.deepEqual(pids(build(0, '&older.rcu_node_entry')), [15])
  assert.deepEqual(pids(build(0, '&newer.rcu_node_entry')), [14, 15])
})

test('without a grace period nobody holds one up', () => {
  const { cpus, tasks } = rcuHolders(build(0, 0).program)
  assert.deepEqual([cpus, tasks], [[], []])
})
