// A tree of three nodes, two of them leaves for two CPUs each.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  buildKernel,
  type BuiltKernel,
  type KernelRecipe,
} from '../../../test/support/kernel_recipe.ts'
import { CorruptError } from '../base/errors.ts'
import { runningGracePeriod } from './rcu.ts'

const types = (node: string): string => `
  struct list_head { struct list_head *next, *prev; };
  struct task_struct { int pid; char comm[16]; struct list_head rcu_node_entry; };
  struct rcu_node { unsigned long qsmask; int grplo, grphi; struct list_head blkd_tasks; ${node} };
  struct rcu_state { struct rcu_node node[3]; struct rcu_node *level[3]; unsigned long gp_seq;
    struct task_struct *gp_kthread; unsigned long gp_start; unsigned long gp_activity; const char *name; };`

function kernel(
  state: Record<string, number | string>,
  more: Partial<KernelRecipe> = {},
  node = 'struct list_head *gp_tasks;',
): BuiltKernel {
  return buildKernel({
    types: types(node),
    variables: {
      rcu_num_lvls: ['int', 2],
      rcu_num_nodes: ['int', 3],
      jiffies: ['unsigned long', 10_000],
      rcu_state: [
        'struct rcu_state',
        {
          ...{ 'node[0].qsmask': 3, 'node[1].grplo': 0, 'node[1].grphi': 1, 'node[2].grplo': 2 },
          ...{ 'node[2].grphi': 3, 'level[0]': '&rcu_state.node[0]', gp_start: 4000 },
          ...{ 'level[1]': '&rcu_state.node[1]', name: 'rcu_preempt', gp_kthread: '&kthread' },
          gp_activity: 9900,
          ...state,
        },
      ],
    },
    objects: {
      kthread: ['struct task_struct', { pid: 15, comm: 'rcu_preempt' }],
      early: ['struct task_struct', { pid: 20 }],
      reader: ['struct task_struct', { pid: 21 }],
      other: ['struct task_struct', { pid: 22 }],
    },
    lists: {
      'rcu_state.node[1].blkd_tasks': ['early.rcu_node_entry', 'reader.rcu_node_entry'],
      'rcu_state.node[2].blkd_tasks': ['other.rcu_node_entry'],
    },
    ...more,
  })
}

test('a grace period waits for the CPUs in the leaves and for the tasks from gp_tasks on', () => {
  const { program } = kernel({
    gp_seq: 0x11,
    'node[1].qsmask': 2,
    'node[2].qsmask': 1,
    'node[1].gp_tasks': '&reader.rcu_node_entry',
  })
  const period = runningGracePeriod(program)
  assert.ok(period)
  assert.deepEqual(
    [period.name, period.ageJiffies, period.idleJiffies, period.cpus],
    ['rcu_preempt', 6000, 100, [1, 2]],
  )
  // The one queued before gp_tasks, and those of a leaf without gp_tasks, wait for the next.
  assert.deepEqual(
    period.tasks.map((task) => task.number('pid')),
    [21],
  )
  assert.equal(period.kthread?.number('pid'), 15)
})

test('between grace periods there is none', () => {
  assert.equal(runningGracePeriod(kernel({ gp_seq: 0x10 }).program), undefined)
})

test('a kernel without preemptible RCU has no tasks that block it', () => {
  const { program } = kernel({ gp_seq: 1, 'node[1].qsmask': 1 }, {}, '')
  const period = runningGracePeriod(program)
  assert.deepEqual([period?.cpus, period?.tasks], [[0], []])
})

test('a tree with an impossible shape is corrupt', () => {
  const { program } = kernel({ gp_seq: 1, 'level[1]': '&kthread' })
  assert.throws(() => runningGracePeriod(program), CorruptError)
})
