// Queues of both kinds, asked by type and by bare address, and entries behind which there is no task.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { buildKernel, type BuiltKernel } from '../../../test/support/kernel_recipe.ts'
import { waitqueueActive, waitqueueForEach, waitqueueForEachTask } from './wait.ts'

const NEW = `
  struct list_head { struct list_head *next, *prev; };
  struct wait_queue_head { int lock; struct list_head head; };
  struct wait_queue_entry { unsigned flags; void *private; void *func; struct list_head entry; };`
const OLD = `
  struct list_head { struct list_head *next, *prev; };
  struct __wait_queue_head { int lock; struct list_head task_list; };
  struct __wait_queue { unsigned flags; void *private; void *func; struct list_head task_list; };`
const COMMON = `
  struct swait_queue_head { int lock; struct list_head task_list; };
  struct task_struct { int pid; struct list_head thread_node; };
  struct swait_queue { struct task_struct *task; struct list_head task_list; };
  struct poll_wqueues { void *pt; struct task_struct *polling_task; };`

function build(isNew: boolean): BuiltKernel {
  const entry = isNew ? 'struct wait_queue_entry' : 'struct __wait_queue'
  const head = isNew ? 'struct wait_queue_head' : 'struct __wait_queue_head'
  const link = isNew ? 'entry' : 'task_list'
  const list = isNew ? 'head' : 'task_list'
  return buildKernel({
    types: (isNew ? NEW : OLD) + COMMON,
    functions: { autoremove_wake_function: 16, pollwake: 16, ep_poll_callback: 16 },
    variables: {
      full: [head],
      simple: ['struct swait_queue_head'],
      empty: [head],
    },
    objects: {
      task: ['struct task_struct', { pid: 5 }],
      poller: ['struct task_struct', { pid: 6 }],
      table: ['struct poll_wqueues', { polling_task: '&poller' }],
      sleeps: [entry, { private: '&task', func: '&autoremove_wake_function' }],
      polls: [entry, { private: '&table', func: '&pollwake' }],
      epoll: [entry, { func: '&ep_poll_callback' }],
      other: [entry, { private: '&table', func: '&ep_poll_callback' }],
      swaits: ['struct swait_queue', { task: '&task' }],
    },
    lists: {
      [`full.${list}`]: ['sleeps', 'polls', 'epoll', 'other'].map((name) => `${name}.${link}`),
      'simple.task_list': ['swaits.task_list'],
      [`empty.${list}`]: [],
      'task.thread_node': [],
      'poller.thread_node': [],
    },
  })
}

for (const [name, isNew] of [
  ['since v4.13', true],
  ['before v4.13', false],
] as const) {
  test(`sleepers and pollers are found, others are known by what they call, ${name}`, () => {
    const { program, addressOf } = build(isNew)
    const head = program.objectAt('struct list_head', addressOf('full'))
    const found = Array.from(waitqueueForEach(head), ({ task, wake }) => [
      task?.number('pid'),
      program.symbolize(wake),
    ])
    assert.deepEqual(found, [
      [5, 'autoremove_wake_function'],
      [6, 'pollwake'],
      [undefined, 'ep_poll_callback'],
      [undefined, 'ep_poll_callback'],
    ])
    assert.equal(waitqueueActive(head), true)
  })

  test(`a simple queue is told by its entries or its type, ${name}`, () => {
    const { program, addressOf } = build(isNew)
    for (const type of ['list_head', 'swait_queue_head']) {
      const head = program.objectAt(`struct ${type}`, addressOf('simple'))
      assert.deepEqual(
        Array.from(waitqueueForEachTask(head), (task) => task.number('pid')),
        [5],
      )
    }
  })

  test(`nobody waits in an empty queue, ${name}`, () => {
    const { program, addressOf } = build(isNew)
    const head = program.objectAt('struct list_head', addressOf('empty'))
    assert.equal(waitqueueActive(head), false)
    assert.deepEqual([...waitqueueForEach(head)], [])
  })
}
