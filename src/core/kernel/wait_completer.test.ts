// Who flushes a work waits for a worker, who stops a kernel thread for that thread, who has called vfork() for the child.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { waitKernel, type WaitRecipe } from '../../../test/support/wait_kernel.ts'

const TYPES = `
  struct swait_queue_head { int lock; struct list_head task_list; };
  struct swait_queue { struct task_struct *task; struct list_head task_list; };
  struct completion { unsigned int done; struct swait_queue_head wait; };
  struct work_struct { long data; struct list_head entry; void *func; };
  struct wq_barrier { struct work_struct work; struct completion done; struct task_struct *task; };
  struct worker { struct list_head scheduled; void *current_work; void *current_func; struct task_struct *task; };
  struct kthread { unsigned long flags; void *data; struct completion exited; };
  struct waiter { struct swait_queue queue; struct wq_barrier barrier; };`
const KTHREAD = 0x0020_0000
const WORKER = KTHREAD | 0x20

const recipe: WaitRecipe = {
  types: TYPES,
  taskMembers: 'void *worker_private; void *vfork_done;',
  functions: { sync_mirror: 64 },
  objects: {
    worker: ['struct worker', { current_work: 1, current_func: '&sync_mirror', task: '&kworker' }],
    thread: ['struct kthread', { data: '&worker' }],
  },
  tasks: {
    flusher: {
      frames: ['schedule_timeout', 'wait_for_completion', '__flush_work', 'flush_work', 'stop'],
      entry: ['struct waiter', { queue: { task: '&flusher' }, barrier: { task: '&flusher' } }],
    },
    kworker: { state: 1, value: { flags: WORKER, worker_private: '&thread' } },
  },
  lists: {
    'flusher_stack.entry.barrier.done.wait.task_list': ['flusher_stack.entry.queue.task_list'],
    'worker.scheduled': ['flusher_stack.entry.barrier.work.entry'],
  },
}
const build = (changes: Partial<WaitRecipe>): ReturnType<typeof waitKernel> =>
  waitKernel({ ...recipe, ...changes })

test('who flushes a work waits for the worker that runs it', () => {
  const [wait] = build({}).graph.waits
  assert.equal(wait?.on.kind, 'work')
  assert.equal(wait?.on.name, 'work sync_mirror')
  assert.deepEqual(
    wait?.on.owners.map((owner) => owner.string('comm')),
    ['kworker'],
  )
})

test('a work that no worker has is queued still', () => {
  const lists = { ...recipe.lists, 'worker.scheduled': [] }
  const { graph } = build({ lists })
  assert.deepEqual(graph.waits[0]?.on.owners, [])
  assert.equal(graph.groups[0]?.root?.state, 'the work is queued, and no worker runs it')
})

/** A thread that is no worker. */
const thread: WaitRecipe['objects'] = { thread: ['struct kthread'] }

test('who stops a kernel thread waits for that thread', () => {
  const { graph } = build({
    objects: thread,
    tasks: {
      stopper: {
        frames: ['schedule_timeout', 'wait_for_completion', 'kthread_stop', 'unload'],
        entry: ['struct swait_queue', { task: '&stopper' }],
      },
      scrubber: { state: 1, value: { flags: KTHREAD, worker_private: '&thread' } },
    },
    lists: { 'thread.exited.wait.task_list': ['stopper_stack.entry.task_list'] },
  })
  const [wait] = graph.waits
  assert.equal(wait?.on.name, 'end of kernel thread scrubber')
  assert.equal(graph.groups[0]?.root?.owner?.string('comm'), 'scrubber')
})

test('who has called vfork() waits for the child', () => {
  const { graph } = build({
    types: `${TYPES} struct vfork { struct swait_queue queue; struct completion done; };`,
    objects: thread,
    tasks: {
      shell: {
        frames: ['schedule', 'wait_for_completion_state', 'kernel_clone', '__do_sys_vfork'],
        entry: ['struct vfork', { queue: { task: '&shell' } }],
      },
      child: { state: 1, value: { vfork_done: '&shell_stack.entry.done' } },
    },
    lists: { 'shell_stack.entry.done.wait.task_list': ['shell_stack.entry.queue.task_list'] },
  })
  // The child is known by its own pointer, whatever the function is called.
  assert.equal(graph.waits[0]?.on.name, 'exec or exit of PID 101')
})
