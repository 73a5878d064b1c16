// The text of run queues with tasks of every class and nested groups, which the guests have none of.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { crashText } from '../../../../test/support/crash_text.ts'
import {
  buildKernel,
  type BuiltKernel,
  type Placed,
} from '../../../../test/support/kernel_recipe.ts'

const TYPES = `
  typedef unsigned long long u64;
  struct list_head { struct list_head *next, *prev; };
  struct rb_node { unsigned long __rb_parent_color; struct rb_node *rb_right, *rb_left; };
  struct rb_root { struct rb_node *rb_node; };
  struct rb_root_cached { struct rb_root rb_root; struct rb_node *rb_leftmost; };
  struct kernfs_node { const char *name; };
  struct cgroup { struct kernfs_node *kn; };
  struct cgroup_subsys_state { struct cgroup *cgroup; };
  struct cfs_rq; struct rt_rq;
  struct sched_entity { struct rb_node run_node; struct cfs_rq *my_q; };
  struct task_group {
    struct cgroup_subsys_state css; struct sched_entity **se; struct cfs_rq **cfs_rq;
    struct rt_rq **rt_rq; struct list_head siblings; struct list_head children;
  };
  struct cfs_rq {
    struct rb_root_cached tasks_timeline; struct sched_entity *curr; struct task_group *tg; int throttled;
  };
  struct sched_rt_entity { struct list_head run_list; struct rt_rq *my_q; };
  struct rt_prio_array { unsigned long bitmap[2]; struct list_head queue[2]; };
  struct rt_rq { struct rt_prio_array active; int rt_throttled; struct task_group *tg; };
  struct sched_dl_entity { struct rb_node rb_node; };
  struct dl_rq { struct rb_root_cached root; };
  struct thread_info { unsigned cpu; };
  struct task_struct {
    struct thread_info thread_info; int pid; int prio; char comm[16]; struct sched_entity se;
    struct sched_rt_entity rt; struct sched_dl_entity dl;
  };
  struct rq { u64 clock; struct task_struct *curr; struct cfs_rq cfs; struct rt_rq rt; struct dl_rq dl; };
  percpu struct rq runqueues;`

const alone = { __rb_parent_color: 1 }
const task = (pid: number, prio: number, comm: string, more: object = {}): Placed => [
  'struct task_struct',
  { pid, prio, comm, ...more },
]

function build(): BuiltKernel {
  return buildKernel({
    types: TYPES,
    variables: { root_task_group: ['struct task_group'] },
    objects: {
      group: ['struct task_group', { css: { cgroup: '&cgroup' }, cfs_rq: '&queues' }],
      cgroup: ['struct cgroup', { kn: '&node' }],
      node: ['struct kernfs_node', { name: 'lamp' }],
      queues: ['struct cfs_rq *[1]', ['&group_cfs']],
      // Out of quota, and therefore out of the tree above.
      group_cfs: [
        'struct cfs_rq',
        {
          ...{ tg: '&group', throttled: 1 },
          tasks_timeline: { rb_root: { rb_node: '&waiting.se.run_node' } },
        },
      ],
      group_rt: ['struct rt_rq', { tg: '&group' }],
      group_entity: ['struct sched_rt_entity', { my_q: '&group_rt' }],
      running: task(10, 120, 'sh'),
      queued: task(11, 110, 'make', { se: { run_node: alone } }),
      waiting: task(12, 139, 'nice', { se: { run_node: alone } }),
      real: task(13, 1, 'rtloop'),
      grouped: task(14, 1, 'rtgroup'),
      due: task(15, -1, 'deadline', { dl: { rb_node: alone } }),
    },
    cpus: [
      {
        runqueues: {
          curr: '&running',
          cfs: {
            curr: '&running.se',
            tasks_timeline: { rb_root: { rb_node: '&queued.se.run_node' } },
          },
          dl: { root: { rb_root: { rb_node: '&due.dl.rb_node' } } },
        },
      },
    ],
    lists: {
      'root_task_group.children': ['group.siblings'],
      'group.children': [],
      'runqueues:0.rt.active.queue[0]': ['group_entity.run_list'],
      'runqueues:0.rt.active.queue[1]': ['real.rt.run_list'],
      'group_rt.active.queue[0]': [],
      'group_rt.active.queue[1]': ['grouped.rt.run_list'],
    },
  })
}

/** Addresses by the names they have in the recipe. */
function named({ program, addressOf }: BuiltKernel, line: string): string[] {
  const names = [
    ...['root_task_group', 'group_cfs', 'group_rt', 'group'],
    ...['runqueues:0.cfs', 'runqueues:0.rt', 'runqueues:0.dl', 'runqueues:0'],
    ...['running', 'queued', 'waiting', 'real', 'grouped', 'due'],
  ].map((name) => [addressOf(name).toString(16), name] as const)
  return crashText(program, line).map((text) =>
    names.reduce((done, [address, name]) => done.replace(address, name), text.trimEnd()),
  )
}

test('runq opens groups, and shows deadline tasks where there are any', () => {
  assert.deepEqual(named(build(), 'runq'), [
    'CPU 0 RUNQUEUE: runqueues:0',
    '  CURRENT: PID: 10     TASK: running  COMMAND: "sh"',
    '  DL RB_ROOT: runqueues:0.dl',
    '     [ -1] PID: 15     TASK: due  COMMAND: "deadline"',
    '  RT PRIO_ARRAY: runqueues:0.rt',
    '     [  0] GROUP RT PRIO_ARRAY: group_rt',
    '           [  1] PID: 14     TASK: grouped  COMMAND: "rtgroup"',
    '     [  1] PID: 13     TASK: real  COMMAND: "rtloop"',
    '  CFS RB_ROOT: runqueues:0.cfs',
    '     [110] PID: 11     TASK: queued  COMMAND: "make"',
  ])
})

test('runq -g shows groups that a quota holds back', () => {
  assert.deepEqual(named(build(), 'runq -g'), [
    'CPU 0',
    '  CURRENT: PID: 10     TASK: running  COMMAND: "sh"',
    '  DL RB_ROOT: runqueues:0.dl',
    '     [ -1] PID: 15     TASK: due  COMMAND: "deadline"',
    '  ROOT_TASK_GROUP: root_task_group  RT_RQ: runqueues:0.rt',
    '     [  0] TASK_GROUP: group  RT_RQ: group_rt <lamp>',
    '           [  1] PID: 14     TASK: grouped  COMMAND: "rtgroup"',
    '     [  1] PID: 13     TASK: real  COMMAND: "rtloop"',
    '  ROOT_TASK_GROUP: root_task_group  CFS_RQ: runqueues:0.cfs',
    '     [120] PID: 10     TASK: running  COMMAND: "sh" [CURRENT]',
    '     [110] PID: 11     TASK: queued  COMMAND: "make"',
    '     TASK_GROUP: group  CFS_RQ: group_cfs  <lamp> (THROTTLED)',
    '        [139] PID: 12     TASK: waiting  COMMAND: "nice"',
  ])
})
