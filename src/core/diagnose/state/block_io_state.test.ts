// A disk with two requests that its driver has, of different age, and one that waits.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { buildKernel } from '../../../../test/support/kernel_recipe.ts'
import { readBlockIoState } from './block_io_state.ts'

const TYPES = `
  typedef struct { int counter; } atomic_t; typedef unsigned int u32; typedef unsigned long long u64;
  typedef long long time64_t;
  struct list_head { struct list_head *next, *prev; };
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
  struct request_queue;
  enum req_op { REQ_OP_READ, REQ_OP_WRITE };
  struct request { struct request_queue *q; u32 cmd_flags; u32 state; u32 __data_len; u64 __sector; u64 start_time_ns;
    u64 io_start_time_ns; };
  struct blk_mq_tags { u32 nr_reserved_tags; struct sbitmap_queue bitmap_tags; struct sbitmap_queue breserved_tags;
    struct request **rqs; };
  struct blk_mq_hw_ctx { struct blk_mq_tags *tags; };
  struct request_queue { void *mq_ops; u32 nr_hw_queues; struct blk_mq_hw_ctx **queue_hw_ctx; };
  struct gendisk { int major; char disk_name[32]; struct block_device *part0; struct request_queue *queue; };
  struct timespec64 { time64_t tv_sec; long tv_nsec; };
  struct tk_read_base { u64 xtime_nsec; u32 shift; };
  struct timekeeper { struct tk_read_base tkr_mono; u64 xtime_sec; struct timespec64 wall_to_monotonic; };`

test('requests come oldest first, with their age at the last tick', () => {
  const request = (value: object): readonly [string, never] => [
    'struct request',
    { q: '&queue', ...value } as never,
  ]
  const { program } = buildKernel({
    types: TYPES,
    variables: {
      keep: ['enum req_op'],
      block_class: ['struct class'],
      class_kset: ['struct kset *', '&kset'],
      timekeeper: ['struct timekeeper', { xtime_sec: 1100n, wall_to_monotonic: { tv_sec: -1000 } }],
    },
    objects: {
      kset: ['struct kset'],
      subsys: ['struct subsys_private', { class: '&block_class' }],
      part: ['struct block_device', { bd_disk: '&disk' }],
      private: ['struct device_private', { device: '&part.bd_device' }],
      disk: ['struct gendisk', { disk_name: 'vda', part0: '&part', queue: '&queue' }],
      queue: ['struct request_queue', { mq_ops: 1, nr_hw_queues: 1, queue_hw_ctx: '&contexts' }],
      contexts: ['struct blk_mq_hw_ctx *[1]', ['&context']],
      context: ['struct blk_mq_hw_ctx', { tags: '&tags' }],
      tags: [
        'struct blk_mq_tags',
        { rqs: '&requests', bitmap_tags: { sb: { depth: 3, shift: 6, map_nr: 1, map: '&words' } } },
      ],
      words: ['struct sbitmap_word [1]', [{ word: 7 }]],
      requests: ['struct request *[3]', ['&young', '&old', '&waiting']],
      young: request({
        state: 1,
        __data_len: 4096,
        __sector: 8,
        io_start_time_ns: 99_500_000_000n,
      }),
      old: request({
        cmd_flags: 1,
        state: 1,
        io_start_time_ns: 60_000_000_000n,
        start_time_ns: 1n,
      }),
      waiting: request({ state: 0, start_time_ns: 98_000_000_000n }),
    },
    lists: {
      'kset.list': ['subsys.subsys.kobj.entry'],
      'subsys.klist_devices.k_list': ['private.knode_class.n_node'],
    },
  })
  const { inFlight, requests } = readBlockIoState(program)
  assert.equal(inFlight, 2)
  assert.deepEqual(
    requests.map(({ disk, operation, state, ageSeconds }) => [disk, operation, state, ageSeconds]),
    [
      ['vda', 'WRITE', 'in flight', 40],
      ['vda', 'READ', 'idle', 2],
      ['vda', 'READ', 'in flight', 0.5],
    ],
  )
  assert.deepEqual([requests[2]?.sector, requests[2]?.bytes], [8, 4096])
})
