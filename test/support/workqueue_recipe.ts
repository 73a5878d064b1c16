// A scene with one pool of workers, of CPU 1: its worker is busy with flush_work_fn(), late_work_fn() waits.
import type { SceneFrame } from './scene_stack.ts'
import type { SceneRecipe } from './scene.ts'

/** Types of kernel/workqueue.c, few members; `PROGRESS` is the stamp's name. */
export const WORKQUEUE_TYPES = `
  struct xarray { unsigned int xa_flags; void *xa_head; };
  struct xa_node { unsigned char shift, offset, count, nr_values; struct xa_node *parent; void *array;
    struct list_head private_list; void *slots[64]; unsigned long tags[3]; };
  struct idr { struct xarray idr_rt; unsigned int idr_base; unsigned int idr_next; };
  struct work_struct { unsigned long data; struct list_head entry; void (*func)(struct work_struct *); };
  struct workqueue_struct { char name[24]; };
  struct pool_workqueue { struct workqueue_struct *wq; };
  struct workqueue_attrs { int nice; };
  struct worker_pool { int cpu, node, id; unsigned long PROGRESS; struct list_head worklist; int nr_workers, nr_idle;
    struct list_head workers; struct workqueue_attrs *attrs; };
  struct worker { struct work_struct *current_work; void (*current_func)(struct work_struct *);
    struct pool_workqueue *current_pwq; struct task_struct *task; struct worker_pool *pool; struct list_head node; };
  struct kthread { void *data; };`

/** What differs. */
export interface WorkqueueChanges {
  readonly progress?: string
  readonly progressAt?: bigint
  readonly log?: readonly string[]
  readonly frames?: readonly SceneFrame[]
  readonly more?: Partial<SceneRecipe>
}

const KTHREAD_WORKER = 0x0020_0020

/** The scene. */
export function workqueueRecipe(changes: WorkqueueChanges): SceneRecipe {
  const { progress = 'watchdog_ts', progressAt = 1000n, more = {} } = changes
  return {
    log: changes.log ?? [],
    types: WORKQUEUE_TYPES.replace('PROGRESS', progress),
    members: { task_struct: 'void *worker_private;' },
    functions: { flush_work_fn: 0x80, late_work_fn: 0x80 },
    ...more,
    tasks: {
      kworker: {
        ...{ pid: 33, comm: 'kworker/1:1', flags: KTHREAD_WORKER, state: 2 },
        frames: changes.frames ?? [
          'schedule',
          'flush_wait',
          'flush_work_fn',
          'process_one_work',
          'kthread',
        ],
        value: { worker_private: '&kthread' },
      },
      other: { pid: 34 },
      ...more.tasks,
    },
    variables: {
      worker_pool_idr: ['struct idr', { 'idr_rt.xa_head': '&pool' }],
      ...more.variables,
    },
    objects: {
      pool: [
        'struct worker_pool',
        { cpu: 1, id: 2, [progress]: progressAt, nr_workers: 1, attrs: '&attrs' },
      ],
      attrs: ['struct workqueue_attrs', { nice: 0 }],
      queue: ['struct workqueue_struct', { name: 'events' }],
      pwq: ['struct pool_workqueue', { wq: '&queue' }],
      kthread: ['struct kthread', { data: '&worker' }],
      work: ['struct work_struct', { func: '&flush_work_fn' }],
      late: ['struct work_struct', { func: '&late_work_fn' }],
      worker: [
        'struct worker',
        {
          ...{ current_work: '&work', current_func: '&flush_work_fn', current_pwq: '&pwq' },
          ...{ task: '&kworker', pool: '&pool' },
        },
      ],
      ...more.objects,
    },
    lists: {
      'pool.workers': ['worker.node'],
      'pool.worklist': ['late.entry'],
      ...more.lists,
    },
  }
}
