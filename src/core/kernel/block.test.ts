// A blk-mq disk with a read and a write in flight, and one that takes bios: in the layouts of 6.1 and of 7.2.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  buildKernel,
  type BuiltKernel,
  type KernelRecipe,
} from '../../../test/support/kernel_recipe.ts'
import { diskInFlight, forEachBusyRequest, forEachDisk } from './block.ts'
import { sbitmapBytes, sbitmapForEachSet, sbitmapWeight } from './sbitmap.ts'

interface Layout {
  readonly name: string
  /** C of members that moved. */
  readonly partition: string
  readonly contexts: string
  readonly klass: string
  readonly subsys: string
  readonly isOld: boolean
}

const LAYOUTS: readonly Layout[] = [
  {
    name: 'class.p, hctx_table and bd_partno',
    partition: 'unsigned char bd_partno;',
    contexts: 'struct xarray hctx_table;',
    klass: 'const char *name; struct subsys_private *p;',
    subsys: '',
    isOld: true,
  },
  {
    name: 'class_kset, queue_hw_ctx and __bd_flags',
    partition: 'atomic_t __bd_flags;',
    contexts: 'struct blk_mq_hw_ctx **queue_hw_ctx;',
    klass: 'const char *name;',
    subsys: 'struct class *class;',
    isOld: false,
  },
]

const types = ({ partition, contexts, klass, subsys }: Layout): string => `
  typedef struct { int counter; } atomic_t; typedef unsigned int u32;
  struct list_head { struct list_head *next, *prev; };
  struct xarray { void *xa_head; };
  struct xa_node { unsigned char shift; void *slots[64]; };
  struct klist { int k_lock; struct list_head k_list; };
  struct klist_node { void *n_klist; struct list_head n_node; };
  struct kobject { const char *name; struct list_head entry; };
  struct kset { struct list_head list; struct kobject kobj; };
  struct subsys_private { struct kset subsys; struct klist klist_devices; ${subsys} };
  struct class { ${klass} };
  struct device;
  struct device_private { struct klist_node knode_class; struct device *device; };
  struct device { struct device_private *p; };
  struct disk_stats { long in_flight[2]; };
  struct gendisk;
  struct block_device {
    ${partition} struct gendisk *bd_disk; struct disk_stats *bd_stats; struct device bd_device;
  };
  struct sbitmap_word { unsigned long word; unsigned long cleared; };
  struct sbitmap { u32 depth; u32 shift; u32 map_nr; struct sbitmap_word *map; };
  struct sbitmap_queue { struct sbitmap sb; };
  struct request_queue;
  struct request { struct request_queue *q; u32 cmd_flags; u32 state; };
  struct blk_mq_tags {
    u32 nr_reserved_tags; struct sbitmap_queue bitmap_tags; struct sbitmap_queue breserved_tags;
    struct request **rqs;
  };
  struct blk_mq_hw_ctx { struct blk_mq_tags *tags; };
  struct request_queue { void *mq_ops; u32 nr_hw_queues; ${contexts} };
  struct gendisk {
    int major; char disk_name[32]; struct block_device *part0; struct request_queue *queue;
  };
  percpu struct disk_stats bio_stats;`

/** One reserved tag, four others, of which the last is free. */
const TAGS: NonNullable<KernelRecipe['objects']> = {
  tags: [
    'struct blk_mq_tags',
    {
      ...{ nr_reserved_tags: 1, rqs: '&requests' },
      bitmap_tags: { sb: { depth: 4, shift: 6, map_nr: 1, map: '&words8' } },
      breserved_tags: { sb: { depth: 1, shift: 6, map_nr: 1, map: '&words0' } },
    },
  ],
  // Tag 3 is freed, though its bit is not taken out yet.
  words8: ['struct sbitmap_word [1]', [{ word: 15, cleared: 8 }]],
  words0: ['struct sbitmap_word [1]', [{ word: 1 }]],
  requests: ['struct request *[5]', ['&flush', '&read', '&write', '&idle', '&read']],
  flush: ['struct request', { q: '&bios', cmd_flags: 2, state: 1 }],
  read: ['struct request', { q: '&queue', state: 1 }],
  write: ['struct request', { q: '&queue', cmd_flags: 0x801, state: 1 }],
  idle: ['struct request', { q: '&queue', state: 0 }],
}

function build(layout: Layout): BuiltKernel {
  const { isOld } = layout
  const partition = (number: number): object =>
    isOld ? { bd_partno: number } : { __bd_flags: { counter: 0x100 | number } }
  return buildKernel({
    types: types(layout),
    variables: {
      block_class: ['struct class', isOld ? { p: '&subsys' } : {}],
      class_kset: ['struct kset *', '&kset'],
    },
    objects: {
      kset: ['struct kset'],
      subsys: ['struct subsys_private', isOld ? {} : { class: '&block_class' }],
      ...Object.fromEntries(
        ['vda', 'vda1', 'md0'].flatMap((name, i) => [
          [
            `${name}_part`,
            [
              'struct block_device',
              {
                ...partition(i === 1 ? 1 : 0),
                bd_disk: i === 2 ? '&md0' : '&vda',
                ...(i === 2 ? { bd_stats: 0x1000n } : {}),
              },
            ],
          ],
          [`${name}_private`, ['struct device_private', { device: `&${name}_part.bd_device` }]],
        ]),
      ),
      vda: ['struct gendisk', { disk_name: 'vda', part0: '&vda_part', queue: '&queue' }],
      md0: ['struct gendisk', { disk_name: 'md0', part0: '&md0_part', queue: '&bios' }],
      bios: ['struct request_queue'],
      queue: [
        'struct request_queue',
        {
          ...{ mq_ops: 1, nr_hw_queues: 1 },
          ...(isOld ? { hctx_table: { xa_head: '&context' } } : { queue_hw_ctx: '&contexts' }),
        },
      ],
      contexts: ['struct blk_mq_hw_ctx *[1]', ['&context']],
      context: ['struct blk_mq_hw_ctx', { tags: '&tags' }],
      ...TAGS,
    },
    cpus: [{ bio_stats: { in_flight: [3, -1] } }, { bio_stats: { in_flight: [-1, 2] } }],
    lists: {
      'kset.list': ['subsys.subsys.kobj.entry'],
      'subsys.klist_devices.k_list': ['vda', 'vda1', 'md0'].map(
        (name) => `${name}_private.knode_class.n_node`,
      ),
    },
  })
}

for (const layout of LAYOUTS) {
  test(`disks and their requests are found with ${layout.name}`, () => {
    const { program, addressOf } = build(layout)
    const disks = [...forEachDisk(program)]
    assert.deepEqual(
      disks.map((disk) => disk.string('disk_name')),
      ['vda', 'md0'],
    )
    const [vda, md0] = disks
    assert.ok(vda && md0)
    // The reserved tag belongs to another queue, one request waits, one tag is free again.
    assert.deepEqual(diskInFlight(vda), { read: 1, write: 1 })
    assert.deepEqual(
      Array.from(forEachBusyRequest(vda.get('queue').deref()), ({ address }) => address),
      ['read', 'write', 'idle'].map(addressOf),
    )
    assert.deepEqual(diskInFlight(md0), { read: 2, write: 1 })
  })
}

test('bits that are cleared lazily count as free', () => {
  const { program, addressOf } = build(LAYOUTS[0] as Layout)
  const sb = program.objectAt('struct sbitmap', addressOf('tags.bitmap_tags.sb'))
  assert.deepEqual([...sbitmapForEachSet(sb)], [0, 1, 2])
  assert.deepEqual(sbitmapWeight(sb), { set: 4, cleared: 1 })
  assert.deepEqual([...sbitmapBytes(sb)], [7])
})
