// Address spaces of before and after v6.1 (a list, then a maple tree) and v6.2 (atomics, then per-CPU counters).
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Value } from '../../../test/support/encode_value.ts'
import { buildKernel, type BuiltKernel } from '../../../test/support/kernel_recipe.ts'
import { forEachVma, mmRss, taskMm, taskRss, vmaLookup } from './mm.ts'
import type { Task } from './sched.ts'

const COMMON = `
  struct list_head { struct list_head *next, *prev; };
  struct rb_node { unsigned long __rb_parent_color; struct rb_node *rb_right; struct rb_node *rb_left; };
  struct rb_root { struct rb_node *rb_node; };
  typedef struct { long counter; } atomic_long_t;
  struct signal_struct { struct list_head thread_head; };
`
const OLD = `${COMMON}
  struct vm_area_struct { unsigned long vm_start, vm_end; struct vm_area_struct *vm_next; struct rb_node vm_rb; };
  struct mm_rss_stat { atomic_long_t count[4]; };
  struct task_rss_stat { int events; int count[4]; };
  struct mm_struct { struct vm_area_struct *mmap; struct rb_root mm_rb; struct mm_rss_stat rss_stat; };
  struct task_struct { unsigned int flags; struct mm_struct *mm; struct task_struct *group_leader;
    struct signal_struct *signal; struct list_head thread_node; struct task_rss_stat rss_stat; };`
const NEW = `${COMMON}
  struct maple_tree { unsigned int ma_flags; void *ma_root; };
  struct maple_range_64 { void *parent; unsigned long pivot[15]; void *slot[16]; };
  struct maple_arange_64 { void *parent; unsigned long pivot[9]; void *slot[10]; unsigned long gap[10]; };
  struct maple_node { union { struct { void *parent; void *slot[31]; }; struct maple_range_64 mr64;
    struct maple_arange_64 ma64; char size[256]; }; };
  struct vm_area_struct { unsigned long vm_start, vm_end; };
  struct percpu_counter { unsigned int lock; long count; int *counters; };
  struct mm_struct { struct maple_tree mm_mt; struct percpu_counter rss_stat[4]; };
  struct task_struct { unsigned int flags; struct mm_struct *mm; struct task_struct *group_leader;
    struct signal_struct *signal; struct list_head thread_node; };
  percpu int held[4];`

type Fields = Record<string, Value>

const AREAS = [
  [0x40_0000n, 0x40_1000n],
  [0x40_1000n, 0x40_5000n],
  [0x7fff_0000n, 0x7fff_3000n],
] as const
const area = ([vm_start, vm_end]: (typeof AREAS)[number], more: Fields = {}): Fields => ({
  vm_start,
  vm_end,
  ...more,
})

/** Two threads; each holds back a few pages. */
function oldKernel(): BuiltKernel {
  const thread = (count: number[]): Fields => ({
    mm: '&mm',
    group_leader: '&leader',
    signal: '&signal',
    rss_stat: { count },
  })
  return buildKernel({
    types: OLD,
    objects: {
      vma0: [
        'struct vm_area_struct',
        area(AREAS[0], { vm_next: '&vma1', vm_rb: { __rb_parent_color: '&vma1.vm_rb' } }),
      ],
      vma1: [
        'struct vm_area_struct',
        area(AREAS[1], {
          vm_next: '&vma2',
          vm_rb: { rb_left: '&vma0.vm_rb', rb_right: '&vma2.vm_rb' },
        }),
      ],
      vma2: [
        'struct vm_area_struct',
        area(AREAS[2], { vm_rb: { __rb_parent_color: '&vma1.vm_rb' } }),
      ],
      mm: [
        'struct mm_struct',
        {
          mmap: '&vma0',
          mm_rb: { rb_node: '&vma1.vm_rb' },
          // File, anonymous, swapped out, shared: what is swapped out is not resident.
          rss_stat: {
            count: [{ counter: 100 }, { counter: 20 }, { counter: 7777 }, { counter: 3 }],
          },
        },
      ],
      signal: ['struct signal_struct'],
      leader: ['struct task_struct', thread([5, 0, 50, 1])],
      second: ['struct task_struct', thread([-2, 4, 0, 0])],
    },
    lists: { 'signal.thread_head': ['leader.thread_node', 'second.thread_node'] },
  })
}

function newKernel(): BuiltKernel {
  const slot = [0, '&vma0', '&vma1', 0, '&vma2']
  const pivot = [0x3f_ffffn, 0x40_0fffn, 0x40_4fffn, 0x7ffe_ffffn, 0x7fff_2fffn]
  const kernel = {
    types: NEW,
    cpus: [{ held: [5, 1, 50, 0] }, { held: [-2, 3, 0, 1] }],
  }
  // A percpu pointer is an address that each CPU's offset is added to: here that of the template.
  const template = buildKernel({ ...kernel, objects: {} }).program.symbol('held')
  return buildKernel({
    ...kernel,
    objects: {
      node: ['struct maple_node', { mr64: { pivot, slot } }],
      vma0: ['struct vm_area_struct', area(AREAS[0])],
      vma1: ['struct vm_area_struct', area(AREAS[1])],
      vma2: ['struct vm_area_struct', area(AREAS[2])],
      mm: [
        'struct mm_struct',
        {
          mm_mt: { ma_root: '&node+0x0a' },
          rss_stat: [100, 20, 7777, 3].map((count, kind) => ({
            count,
            counters: template + BigInt(kind * 4),
          })),
        },
      ],
      leader: ['struct task_struct', { mm: '&mm', group_leader: '&leader' }],
    },
  })
}

const KERNELS = { 'before v6.1': oldKernel, 'since v6.2': newKernel }
const leaderOf = ({ program, addressOf }: BuiltKernel): Task =>
  program.objectAt('struct task_struct', addressOf('leader'))

for (const [name, build] of Object.entries(KERNELS)) {
  test(`areas are walked in order, and found by address (${name})`, () => {
    const mm = taskMm(leaderOf(build()))
    assert.ok(mm)
    const areas = Array.from(forEachVma(mm), (vma) => [
      vma.bigint('vm_start'),
      vma.bigint('vm_end'),
    ])
    assert.deepEqual(areas, AREAS)
    for (const [start, end] of AREAS) {
      assert.equal(vmaLookup(mm, start)?.bigint('vm_start'), start)
      assert.equal(vmaLookup(mm, end - 1n)?.bigint('vm_start'), start)
    }
    assert.equal(vmaLookup(mm, 0x3f_ffffn), undefined)
    assert.equal(vmaLookup(mm, 0x40_5000n), undefined)
    assert.equal(vmaLookup(mm, 0x7fff_3000n), undefined)
  })

  test(`resident pages are exact: what threads or CPUs hold back is added (${name})`, () => {
    const task = leaderOf(build())
    const mm = taskMm(task)
    assert.ok(mm)
    const held = 5 - 2 + 1 + 3 + 0 + 1
    assert.equal(taskRss(task), 123 + held)
    assert.equal(mmRss(mm), build === oldKernel ? 123 : 123 + held)
  })
}

test('pages reclaimed before their thread has added them leave a count below zero, not a larger size', () => {
  const { program, addressOf } = buildKernel({
    types: OLD,
    objects: {
      mm: [
        'struct mm_struct',
        { rss_stat: { count: [{ counter: -90 }, { counter: 1 }, { counter: 0 }, { counter: 0 }] } },
      ],
      signal: ['struct signal_struct'],
      leader: [
        'struct task_struct',
        {
          ...{ mm: '&mm', group_leader: '&leader', signal: '&signal' },
          rss_stat: { count: [325, 12, 0, 0] },
        },
      ],
    },
    lists: { 'signal.thread_head': ['leader.thread_node'] },
  })
  const task = program.objectAt<'task_struct'>('struct task_struct', addressOf('leader'))
  assert.equal(taskRss(task), 325 - 90 + 12 + 1)
})

test('a kernel thread has no address space, even while it borrows one', () => {
  const borrowed = buildKernel({
    types: OLD,
    objects: {
      mm: ['struct mm_struct'],
      kthread: ['struct task_struct', { flags: 0x20_0000, mm: '&mm' }],
    },
  })
  const kthread = borrowed.program.objectAt<'task_struct'>(
    'struct task_struct',
    borrowed.addressOf('kthread'),
  )
  assert.equal(taskMm(kthread), undefined)
  assert.equal(taskRss(kthread), 0)
})
