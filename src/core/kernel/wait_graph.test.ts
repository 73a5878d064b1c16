// Tasks that wait for locks of the layouts of several releases, told by entries on their stacks or by the kernel itself.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { waitKernel, type WaitRecipe } from '../../../test/support/wait_kernel.ts'
import { waitChain, type WaitGroup } from './wait_graph.ts'

const MUTEX = `
  struct mutex { atomic_long_t owner; int wait_lock; int osq; struct list_head wait_list; };
  struct mutex_waiter { struct list_head list; struct task_struct *task; void *ww_ctx; };`
/** Since v7.1. */
const HEADLESS = `
  struct mutex_waiter { struct list_head list; struct task_struct *task; void *ww_ctx; };
  struct mutex { atomic_long_t owner; int wait_lock; int osq; struct mutex_waiter *first_waiter; };`
const TAKES = { frames: ['__schedule', 'schedule', 'mutex_lock', 'update_rows', 'sys_write'] }

const waiter = (name: string): WaitRecipe['tasks'][string] => ({
  ...TAKES,
  entry: ['struct mutex_waiter', { task: `&${name}` }],
})

const pids = (group: WaitGroup | undefined): number[] =>
  (group?.waits ?? []).map(({ task }) => task.number('pid'))

const rows: WaitRecipe = {
  types: MUTEX,
  variables: {
    rows_lock: ['struct mutex', { owner: { counter: '&b+1' } }],
    index_lock: ['struct mutex', { owner: { counter: '&a' } }],
  },
  tasks: { a: waiter('a'), b: waiter('b'), c: waiter('c') },
  lists: {
    'rows_lock.wait_list': ['a_stack.entry.list', 'c_stack.entry.list'],
    'index_lock.wait_list': ['b_stack.entry.list'],
  },
}

test('two tasks that wait for each other are a cycle, and who waits for them stands behind it', () => {
  const { graph, addressOf } = waitKernel(rows)
  const [group, ...more] = graph.groups
  assert.deepEqual(more, [])
  assert.deepEqual(
    group?.cycle.map(({ task }) => task.number('pid')),
    [100, 101],
  )
  assert.equal(group?.root, null)
  assert.deepEqual(pids(group), [100, 101, 102])
  const [first] = graph.waits
  assert.equal(first?.on.name, 'rows_lock')
  assert.equal(first?.on.address, addressOf('rows_lock'))
  assert.equal(first?.entry, addressOf('a_stack.entry'))
  assert.equal(first?.function, 'update_rows')
  assert.equal(first?.quality, 'validated')
  assert.equal(first?.seconds, 100)
})

test('waits for one lock share what is said of it', () => {
  const { graph } = waitKernel(rows)
  const things = graph.waits.map(({ on }) => on)
  assert.equal(new Set(things).size, 2)
})

test('a task that waits for what it holds is a cycle of its own', () => {
  const { graph } = waitKernel({
    ...rows,
    tasks: { a: waiter('a') },
    variables: { rows_lock: ['struct mutex', { owner: { counter: '&a+1' } }] },
    lists: { 'rows_lock.wait_list': ['a_stack.entry.list'] },
  })
  assert.deepEqual(
    graph.groups[0]?.cycle.map(({ task }) => task.number('pid')),
    [100],
  )
})

test('the holder of a lock is the root, with what it does, and a chain leads there', () => {
  const { graph, program } = waitKernel({
    ...rows,
    tasks: { ...rows.tasks, holder: { state: 1, frames: ['schedule', 'do_wait', 'sys_wait4'] } },
    variables: {
      rows_lock: ['struct mutex', { owner: { counter: '&b' } }],
      index_lock: ['struct mutex', { owner: { counter: '&holder' } }],
    },
  })
  const [group] = graph.groups
  assert.equal(group?.root?.on.name, 'index_lock')
  assert.equal(group?.root?.owner?.string('comm'), 'holder')
  assert.equal(group?.root?.state, 'sleeps in do_wait() for 97 s')
  assert.deepEqual(pids(group), [101, 100, 102])
  const [first] = graph.waits
  assert.ok(first)
  const chain = waitChain(graph, first.task).map(({ task }) => task.number('pid'))
  assert.deepEqual(chain, [100, 101])
  assert.deepEqual(waitChain(graph, program.object('init_task')), [])
})

test('a holder that is no task any more has exited', () => {
  const { graph } = waitKernel({
    ...rows,
    objects: { gone: ['struct task_struct', { pid: 77, comm: 'gone' }] },
    variables: {
      rows_lock: ['struct mutex', { owner: { counter: '&gone' } }],
      index_lock: ['struct mutex', { owner: { counter: '&gone+2' } }],
    },
  })
  const [group] = graph.groups
  assert.equal(group?.root?.state, 'has exited')
  assert.equal(group?.root?.owner?.number('pid'), 77)
  assert.deepEqual(
    pids(group).toSorted((a, b) => a - b),
    [100, 101, 102],
  )
})

test('a lock without a head is found by its address on the stack', () => {
  const { graph, addressOf } = waitKernel({
    ...rows,
    types: HEADLESS,
    tasks: { a: { ...waiter('a'), word: '&rows_lock' }, b: { state: 0 } },
    variables: {
      rows_lock: ['struct mutex', { owner: { counter: '&b' }, first_waiter: '&a_stack.entry' }],
    },
    lists: { 'a_stack.entry.list': [] },
  })
  const [wait] = graph.waits
  assert.equal(wait?.on.address, addressOf('rows_lock'))
  assert.deepEqual(
    wait?.on.owners.map((owner) => owner.number('pid')),
    [101],
  )
  assert.equal(graph.groups[0]?.root?.state, 'is ready to run on CPU 0, and does not')
})

test("what the kernel notes itself is exact: the lock's kind is in its low bits", () => {
  const { graph } = waitKernel({
    ...rows,
    taskMembers: 'unsigned long blocker;',
    tasks: { a: { ...TAKES, value: { blocker: '&rows_lock' } }, b: { state: 1 } },
    lists: {},
    variables: { rows_lock: ['struct mutex', { owner: { counter: '&b' } }] },
  })
  assert.equal(graph.waits[0]?.quality, 'exact')
  assert.equal(graph.waits[0]?.on.kind, 'mutex')
})

test('who can be woken by a signal counts only while it waits for a lock', () => {
  const interruptible = { ...waiter('a'), state: 1 }
  const { graph } = waitKernel({
    ...rows,
    tasks: { a: interruptible, b: { state: 1, frames: ['schedule', 'do_wait'] } },
    variables: { rows_lock: ['struct mutex', { owner: { counter: '&b' } }] },
    lists: { 'rows_lock.wait_list': ['a_stack.entry.list'] },
  })
  assert.deepEqual(
    graph.waits.map(({ task }) => task.number('pid')),
    [100],
  )
})

test('a stale entry, which the lock does not link, is none', () => {
  const { graph } = waitKernel({
    ...rows,
    tasks: { a: waiter('a') },
    variables: { rows_lock: ['struct mutex'] },
    lists: { 'rows_lock.wait_list': [] },
  })
  assert.equal(graph.waits[0]?.on.address, 0n)
  assert.equal(graph.waits[0]?.quality, 'guess')
})

test('kernel threads that sleep idly wait for nobody', () => {
  const { graph } = waitKernel({
    ...rows,
    tasks: { a: { state: 0x402, frames: ['schedule', 'worker_thread'] } },
    variables: {},
    lists: {},
  })
  assert.deepEqual(graph.waits, [])
})

test('a semaphore knows no owner: who waits for something else in code that names it may be', () => {
  const { graph } = waitKernel({
    types: `${MUTEX} struct semaphore { int lock; unsigned int count; struct list_head wait_list; };
      struct semaphore_waiter { struct list_head list; struct task_struct *task; int up; };`,
    variables: {
      slots: ['struct semaphore'],
      jobs_lock: ['struct mutex', { owner: { counter: '&b' } }],
    },
    tasks: {
      a: { ...waiter('a'), word: '&slots' },
      b: {
        frames: ['schedule', '__down_common', 'down', 'reap_job'],
        entry: ['struct semaphore_waiter', { task: '&b' }],
      },
    },
    lists: {
      'slots.wait_list': ['b_stack.entry.list'],
      'jobs_lock.wait_list': ['a_stack.entry.list'],
    },
  })
  const [group] = graph.groups
  assert.equal(group?.cycle.length, 2)
  const semaphore = group?.waits.find(({ on }) => on.kind === 'semaphore')?.on
  assert.equal(semaphore?.ownerQuality, 'guess')
  assert.match(semaphore?.ownerNote ?? '', /no owner; by its stack it may be PID 100/)
})

test('a completion on a stack is named by whose stack that is', () => {
  const { graph } = waitKernel({
    types: `struct swait_queue_head { int lock; struct list_head task_list; };
      struct swait_queue { struct task_struct *task; struct list_head task_list; };
      struct completion { unsigned int done; struct swait_queue_head wait; };
      struct both { struct swait_queue queue; struct completion completion; };`,
    tasks: {
      a: {
        frames: ['schedule_timeout', 'wait_for_completion', 'send_command'],
        entry: ['struct both', { queue: { task: '&a' } }],
      },
    },
    lists: { 'a_stack.entry.completion.wait.task_list': ['a_stack.entry.queue.task_list'] },
  })
  const [wait] = graph.waits
  assert.equal(wait?.on.kind, 'completion')
  assert.match(wait?.on.name ?? '', /^of PID 100 "a", on its stack$/)
  assert.equal(graph.groups[0]?.root?.state, 'nobody is known who would end it')
})
