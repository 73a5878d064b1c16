// A task list with a hole, as makedumpfile 1.7.x leaves in dumps of newer kernels.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { buildKernel, type KernelRecipe, type Placed } from '../../../test/support/kernel_recipe.ts'
import { searchTasks } from './task_search.ts'

const TYPES = `
  struct list_head { struct list_head *next, *prev; };
  struct hlist_node { struct hlist_node *next, **pprev; };
  struct hlist_head { struct hlist_node *first; };
  struct xarray { unsigned int xa_lock; unsigned int xa_flags; void *xa_head; };
  struct xa_node { unsigned char shift; unsigned char offset; void *slots[64]; };
  struct idr { struct xarray idr_rt; unsigned int idr_base; };
  struct pid { int count; struct hlist_head tasks[4]; };
  struct pid_namespace { struct idr idr; };
  struct signal_struct { struct list_head thread_head; };
  struct task_struct { int pid; int tgid; struct list_head tasks; struct signal_struct *signal;
    struct list_head thread_node; struct hlist_node pid_links[4]; };`

/** Processes 1 to 5 of one thread each; `broken` are on pages that the dump lacks. */
function kernel(broken: readonly number[], changes: Partial<KernelRecipe> = {}): KernelRecipe {
  const pids = [1, 2, 3, 4, 5]
  const objects: Record<string, Placed> = {}
  const lists: Record<string, string[]> = {}
  for (const pid of pids) {
    objects[`t${pid}`] = ['struct task_struct', { pid, tgid: pid, signal: `&s${pid}` }]
    objects[`s${pid}`] = ['struct signal_struct']
    objects[`p${pid}`] = ['struct pid', { tasks: [{ first: `&t${pid}.pid_links` }] }]
    lists[`s${pid}.thread_head`] = [`t${pid}.thread_node`]
  }
  const slots = [0, ...pids.map((pid) => `&p${pid}`)]
  return {
    types: TYPES,
    variables: {
      init_task: ['struct task_struct'],
      init_pid_ns: ['struct pid_namespace', { idr: { idr_rt: { xa_head: '&ids+2' } } }],
      nr_threads: ['int', pids.length],
    },
    objects: { ...objects, ids: ['struct xa_node', { slots }] },
    lists: { ...lists, 'init_task.tasks': pids.map((pid) => `t${pid}.tasks`) },
    excluded: broken.map((pid) => `t${pid}`),
    ...changes,
  }
}

const found = (recipe: KernelRecipe): number[] =>
  searchTasks(buildKernel(recipe).program).tasks.map((task) => task.number('pid'))

test('a whole list is walked once, in its order', () => {
  assert.deepEqual(found(kernel([])), [1, 2, 3, 4, 5])
  assert.equal(searchTasks(buildKernel(kernel([])).program).problem, '')
})

test('behind a hole tasks are found from the end of the list', () => {
  assert.deepEqual(
    found(kernel([3])).toSorted((a, b) => a - b),
    [1, 2, 4, 5],
  )
})

test('between two holes tasks are found by their PID', () => {
  const search = searchTasks(buildKernel(kernel([2, 4])).program)
  assert.deepEqual(
    search.tasks.map((task) => task.number('pid')).toSorted((a, b) => a - b),
    [1, 3, 5],
  )
  assert.equal(search.expected, 5)
  assert.match(
    search.problem,
    /^task list is broken, 3 of 5 tasks found around the gap: .*excluded$/,
  )
})

test('a damaged PID table costs only what it alone knows', () => {
  const variables = {
    ...kernel([2, 4]).variables,
    init_pid_ns: ['struct pid_namespace', { idr: { idr_rt: { xa_head: 0xdead_0002n } } }] as const,
  }
  assert.deepEqual(
    found(kernel([2, 4], { variables })).toSorted((a, b) => a - b),
    [1, 5],
  )
})
