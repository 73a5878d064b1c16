// A disk that has had a write for long, and a task that waits for it with a bio on its stack.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sceneOf, type SceneRecipe } from '../../../../test/support/scene.ts'
import type { Finding } from '../rule.ts'
import { stuckIo } from './stuck_io.ts'

const HUNG = [
  'INFO: task writer:20 blocked for more than 120 seconds.',
  'Kernel panic - not syncing: hung_task: blocked tasks',
]
const SYSRQ = ['Kernel panic - not syncing: sysrq triggered crash']
const NSEC = 1_000_000_000n

const disk: SceneRecipe = {
  types: `
    struct klist { int k_lock; struct list_head k_list; };
    struct klist_node { void *n_klist; struct list_head n_node; };
    struct kobject { const char *name; struct list_head entry; };
    struct kset { struct list_head list; struct kobject kobj; };
    struct class { const char *name; };
    struct subsys_private { struct kset subsys; struct klist klist_devices; struct class *class; };
    struct device;
    struct device_private { struct klist_node knode_class; struct device *device; };
    struct device { struct device_private *p; };
    struct gendisk;
    struct block_device { atomic_t __bd_flags; struct gendisk *bd_disk; struct device bd_device; };
    struct sbitmap_word { unsigned long word; unsigned long cleared; };
    struct sbitmap { u32 depth; u32 shift; u32 map_nr; struct sbitmap_word *map; };
    struct sbitmap_queue { struct sbitmap sb; };
    struct bio { struct bio *bi_next; };
    struct request_queue;
    enum req_op { REQ_OP_READ, REQ_OP_WRITE };
    struct request { struct request_queue *q; u32 cmd_flags; u32 state; u64 __sector; struct bio *bio; u64 start_time_ns; };
    struct blk_mq_tags { u32 nr_reserved_tags; struct sbitmap_queue bitmap_tags; struct sbitmap_queue breserved_tags;
      struct request **rqs; };
    struct blk_mq_hw_ctx { struct blk_mq_tags *tags; };
    struct blk_mq_ops { void *queue_rq; };
    struct request_queue { struct blk_mq_ops *mq_ops; u32 nr_hw_queues; struct blk_mq_hw_ctx **queue_hw_ctx; };
    struct block_device_operations { void *submit_bio; };
    struct gendisk { char disk_name[32]; struct block_device *part0; struct block_device_operations *fops;
      struct request_queue *queue; };
    struct timespec64 { s64 tv_sec; long tv_nsec; };
    struct timekeeper { u64 xtime_sec; struct timespec64 wall_to_monotonic; u32 coarse_nsec; };`,
  functions: { vda_queue_rq: 0x80 },
  variables: {
    block_class: ['struct class'],
    class_kset: ['struct kset *', '&kset'],
    timekeeper: ['struct timekeeper', { xtime_sec: 1000 }],
  },
  objects: {
    kset: ['struct kset'],
    subsys: ['struct subsys_private', { class: '&block_class' }],
    vda: ['struct gendisk', { disk_name: 'vda', part0: '&vda_part', queue: '&queue' }],
    vda_part: ['struct block_device', { bd_disk: '&vda', bd_device: { p: '&vda_private' } }],
    vda_private: ['struct device_private', { device: '&vda_part.bd_device' }],
    queue: ['struct request_queue', { mq_ops: '&ops', nr_hw_queues: 1, queue_hw_ctx: '&contexts' }],
    ops: ['struct blk_mq_ops', { queue_rq: '&vda_queue_rq' }],
    contexts: ['struct blk_mq_hw_ctx *[1]', ['&context']],
    context: ['struct blk_mq_hw_ctx', { tags: '&tags' }],
    tags: [
      'struct blk_mq_tags',
      { rqs: '&requests', bitmap_tags: { sb: { depth: 1, shift: 6, map_nr: 1, map: '&bits' } } },
    ],
    bits: ['struct sbitmap_word [1]', [{ word: 1 }]],
    requests: ['struct request *[1]', ['&write']],
    write: [
      'struct request',
      {
        ...{ q: '&queue', cmd_flags: 1, state: 1, __sector: 2048, bio: '&bio' },
        start_time_ns: 800n * NSEC,
      },
    ],
    bio: ['struct bio'],
  },
  lists: {
    'kset.list': ['subsys.subsys.kobj.entry'],
    'subsys.klist_devices.k_list': ['vda_private.knode_class.n_node'],
  },
  tasks: {
    writer: {
      ...{ pid: 20, state: 2 },
      frames: [
        'schedule',
        { name: 'submit_bio_wait', words: ['&bio'] },
        'write_super',
        'ksys_write',
      ],
    },
  },
}

const find = (recipe: SceneRecipe): Finding[] => [...stuckIo.find(sceneOf(recipe))]

test('a request that hung a task names the disk, its driver and who waits', () => {
  const [finding, ...more] = find({ ...disk, log: HUNG })
  assert.deepEqual(more, [])
  assert.equal(finding?.role, 'cause')
  assert.equal(
    finding?.title,
    'I/O of disk vda does not end: 1 request in flight, the oldest for 200 s; 1 task waits for 200 s',
  )
  assert.deepEqual(
    [finding?.culprit?.function, finding?.culprit?.unit],
    ['vda_queue_rq', 'disk vda'],
  )
  const texts = finding?.evidence.map(({ text }) => text) ?? []
  assert.equal(texts[0], 'WRITE at sector 2048 has been with the driver for 200 s')
  assert.match(texts[1] ?? '', /PID 20 "writer" has waited in write_super\(\) for I\/O of vda/)
})

test('on a machine that somebody crashed an old request is worth knowing, and no cause', () => {
  const [finding] = find({ ...disk, log: SYSRQ })
  assert.equal(finding?.role, 'state')
})

test('requests of the last seconds are no news', () => {
  const variables = {
    ...disk.variables,
    timekeeper: ['struct timekeeper', { xtime_sec: 802 }],
  } as const
  assert.deepEqual(find({ ...disk, log: SYSRQ, variables }), [])
})
