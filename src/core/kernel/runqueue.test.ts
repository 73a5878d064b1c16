// A CPU with tasks of every class and a group with a quota, in the layouts before and since 7.2.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  buildKernel,
  type BuiltKernel,
  type KernelRecipe,
} from '../../../test/support/kernel_recipe.ts'
import { CorruptError } from '../base/errors.ts'
import {
  cpuRq,
  fairCurrent,
  forEachChildGroup,
  forEachDeadlineTask,
  forEachFairTask,
  forEachRtEntity,
  forEachRunnableTask,
  groupCfsRq,
  isThrottled,
  taskGroupName,
  taskLastArrival,
} from './runqueue.ts'

const types = (groupQueues: string): string => `
  typedef unsigned long long u64;
  struct list_head { struct list_head *next, *prev; };
  struct rb_node { unsigned long __rb_parent_color; struct rb_node *rb_right, *rb_left; };
  struct rb_root { struct rb_node *rb_node; };
  struct rb_root_cached { struct rb_root rb_root; struct rb_node *rb_leftmost; };
  struct kernfs_node { const char *name; };
  struct cgroup { struct kernfs_node *kn; };
  struct cgroup_subsys_state { struct cgroup *cgroup; };
  struct cfs_rq;
  struct sched_entity { struct rb_node run_node; u64 exec_start; struct cfs_rq *my_q; };
  struct task_group {
    struct cgroup_subsys_state css; ${groupQueues} struct list_head siblings; struct list_head children;
  };
  struct cfs_rq {
    struct rb_root_cached tasks_timeline; struct sched_entity *curr; struct task_group *tg; int throttled;
  };
  struct sched_rt_entity { struct list_head run_list; };
  struct rt_prio_array { unsigned long bitmap[2]; struct list_head queue[3]; };
  struct rt_rq { struct rt_prio_array active; };
  struct sched_dl_entity { struct rb_node rb_node; unsigned dl_throttled : 1; unsigned dl_server : 1; };
  struct dl_rq { struct rb_root_cached root; };
  struct task_struct {
    int pid; int prio; struct sched_entity se; struct sched_rt_entity rt; struct sched_dl_entity dl;
  };
  struct rq { u64 clock; struct cfs_rq cfs; struct rt_rq rt; struct dl_rq dl; };
  percpu struct rq runqueues;
  percpu struct cfs_rq group_queue;`

const LAYOUTS: readonly (readonly [name: string, queues: string, value: string])[] = [
  ['arrays of pointers by CPU', 'struct sched_entity **se; struct cfs_rq **cfs_rq;', '&queues'],
  ['percpu memory', 'struct cfs_rq *cfs_rq;', ''],
]

/** Fair: 11 at the top, 12 in a group; real-time: 13; deadline: 14, and a server that is no task. */
function build(queues: string, pointer: string, changes: Partial<KernelRecipe> = {}): BuiltKernel {
  const alone = { __rb_parent_color: 1 }
  return buildKernel({
    types: types(queues),
    variables: {
      root_task_group: ['struct task_group', { css: { cgroup: '&root_cgroup' } }],
    },
    objects: {
      root_cgroup: ['struct cgroup', { kn: '&root_node' }],
      root_node: ['struct kernfs_node', { name: '' }],
      cgroup: ['struct cgroup', { kn: '&node' }],
      node: ['struct kernfs_node', { name: 'lamp.service' }],
      group: [
        'struct task_group',
        // A percpu pointer is an offset like the variable's symbol: the first one's is 0x1000.
        { css: { cgroup: '&cgroup' }, cfs_rq: pointer === '' ? 0x1000n : pointer },
      ],
      queues: ['struct cfs_rq *[1]', ['&group_queue:0']],
      group_entity: [
        'struct sched_entity',
        { my_q: '&group_queue:0', run_node: { __rb_parent_color: '&fair.se.run_node' } },
      ],
      fair: [
        'struct task_struct',
        {
          ...{ pid: 11, prio: 120 },
          se: { exec_start: 77, run_node: { ...alone, rb_right: '&group_entity.run_node' } },
        },
      ],
      grouped: ['struct task_struct', { pid: 12, prio: 110, se: { run_node: alone } }],
      real: ['struct task_struct', { pid: 13, prio: 1 }],
      deadline: ['struct task_struct', { pid: 14, dl: { rb_node: alone } }],
      ...changes.objects,
    },
    cpus: [
      {
        group_queue: {
          tg: '&group',
          throttled: 1,
          tasks_timeline: { rb_root: { rb_node: '&grouped.se.run_node' } },
        },
        runqueues: {
          clock: 100,
          cfs: {
            tg: '&root_task_group',
            tasks_timeline: { rb_root: { rb_node: '&fair.se.run_node' } },
          },
          dl: { root: { rb_root: { rb_node: '&deadline.dl.rb_node' } } },
        },
      },
    ],
    lists: {
      'root_task_group.children': ['group.siblings'],
      'runqueues:0.rt.active.queue[1]': ['real.rt.run_list'],
      'runqueues:0.rt.active.queue[0]': [],
      'runqueues:0.rt.active.queue[2]': [],
    },
  })
}

const pids = (tasks: Iterable<{ number(member: string): number }>): number[] =>
  Array.from(tasks, (task) => task.number('pid'))

for (const [name, queues, pointer] of LAYOUTS) {
  test(`every class's tasks are found, groups opened, with queues in ${name}`, () => {
    const { program } = build(queues, pointer)
    const rq = cpuRq(program, 0)
    assert.deepEqual(pids(forEachDeadlineTask(rq.get('dl'))), [14])
    assert.deepEqual(pids(forEachFairTask(rq.get('cfs'))), [11, 12])
    assert.deepEqual(
      Array.from(forEachRtEntity(rq.get('rt')), ({ priority }) => priority),
      [1],
    )
    assert.deepEqual(pids(forEachRunnableTask(program, 0)), [14, 13, 11, 12])
  })

  test(`a group's queue of a CPU is found in ${name}`, () => {
    const { program, addressOf } = build(queues, pointer)
    const [group] = forEachChildGroup(program.object('root_task_group').cast('struct task_group'))
    assert.ok(group)
    assert.equal(taskGroupName(group), 'lamp.service')
    const queue = groupCfsRq(group, 0)
    assert.equal(queue?.address, addressOf('group_queue:0'))
    assert.equal(queue && isThrottled(queue), true)
  })
}

test('what runs is a task, a group, or nothing', () => {
  const [, queues, pointer] = LAYOUTS[0] as (typeof LAYOUTS)[0]
  const { program, addressOf } = build(queues, pointer)
  const cfs = cpuRq(program, 0).get('cfs')
  assert.equal(fairCurrent(cfs), undefined)
  const task = program.objectAt('struct task_struct', addressOf('fair'))
  assert.equal(taskLastArrival(task), 77n)
})

test('a server that stands in for other classes is no deadline task', () => {
  const [, queues, pointer] = LAYOUTS[0] as (typeof LAYOUTS)[0]
  const deadline = [
    'struct task_struct',
    { pid: 14, dl: { rb_node: { __rb_parent_color: 1 }, dl_server: 1 } },
  ] as const
  const { program } = build(queues, pointer, { objects: { deadline } })
  assert.deepEqual([...forEachDeadlineTask(cpuRq(program, 0).get('dl'))], [])
})

test('a group that is within itself ends the walk with an error', () => {
  const [, queues, pointer] = LAYOUTS[0] as (typeof LAYOUTS)[0]
  const { program } = build(queues, pointer, {
    objects: {
      grouped: [
        'struct task_struct',
        { pid: 12, se: { run_node: { __rb_parent_color: 1 }, my_q: '&group_queue:0' } },
      ],
    },
  })
  assert.throws(() => [...forEachFairTask(cpuRq(program, 0).get('cfs'))], CorruptError)
})
