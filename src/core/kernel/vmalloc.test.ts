// Areas in one list and tree, up to v6.8, and spread over nodes since.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Value } from '../../../test/support/encode_value.ts'
import { buildKernel, type BuiltKernel, type Placed } from '../../../test/support/kernel_recipe.ts'
import { findVmapArea, forEachVmapArea, vmallocCallers, vmapAreaVm } from './vmalloc.ts'

const COMMON = `
  struct list_head { struct list_head *next, *prev; };
  struct rb_node { unsigned long __rb_parent_color; struct rb_node *rb_right, *rb_left; };
  struct rb_root { struct rb_node *rb_node; };
  struct vm_struct { void *addr; unsigned long size; unsigned int nr_pages; const void *caller; };
  struct vmap_area { unsigned long va_start, va_end; struct rb_node rb_node; struct list_head list; struct vm_struct *vm; };
  struct rb_list { struct rb_root root; struct list_head head; };
  struct vmap_node { int pool; struct rb_list busy; };`
const area = (start: number, more: Record<string, Value> = {}): Placed => [
  'struct vmap_area',
  { va_start: start, va_end: start + 0x2000, ...more },
]

const KERNELS: Readonly<Record<string, () => BuiltKernel>> = {
  'one tree, up to v6.8': () =>
    buildKernel({
      types: COMMON,
      variables: {
        vmap_area_list: ['struct list_head'],
        vmap_area_root: ['struct rb_root', { rb_node: '&a.rb_node' }],
      },
      objects: {
        a: area(0x10000, { vm: '&vm', rb_node: { rb_right: '&b.rb_node' } }),
        b: area(0x20000, { rb_node: { __rb_parent_color: '&a.rb_node' } }),
        vm: ['struct vm_struct'],
      },
      lists: { vmap_area_list: ['a.list', 'b.list'] },
    }),
  'nodes, since v6.9': () =>
    buildKernel({
      types: COMMON,
      variables: {
        vmap_nodes: ['struct vmap_node *', '&nodes'],
        nr_vmap_nodes: ['int', 2],
      },
      objects: {
        nodes: [
          'struct vmap_node [2]',
          [
            {
              busy: { root: { rb_node: '&b.rb_node' }, head: { next: '&b.list', prev: '&b.list' } },
            },
            {
              busy: { root: { rb_node: '&a.rb_node' }, head: { next: '&a.list', prev: '&a.list' } },
            },
          ],
        ],
        // The rings' heads lie in the array: 'head' is 16 bytes into each node, which are 32.
        a: area(0x10000, { vm: '&vm', list: { next: '&nodes+0x30', prev: '&nodes+0x30' } }),
        b: area(0x20000, { list: { next: '&nodes+0x10', prev: '&nodes+0x10' } }),
        vm: ['struct vm_struct'],
      },
    }),
}

for (const [name, build] of Object.entries(KERNELS)) {
  test(`areas come by address, and are found by any address in them (${name})`, () => {
    const { program, addressOf } = build()
    const areas = [...forEachVmapArea(program)]
    assert.deepEqual(
      areas.map(({ address }) => address),
      [addressOf('a'), addressOf('b')],
    )
    assert.equal(findVmapArea(program, 0x21fffn)?.address, addressOf('b'))
    assert.equal(findVmapArea(program, 0x22000n), undefined)
    assert.deepEqual(
      areas.map((each) => vmapAreaVm(each)?.address),
      [addressOf('vm'), undefined],
    )
  })
}

test('more nodes than there can be are damage', () => {
  const { program } = buildKernel({
    types: COMMON,
    variables: { vmap_nodes: ['struct vmap_node *'], nr_vmap_nodes: ['int', 1_000_000] },
  })
  assert.throws(() => [...forEachVmapArea(program)], { code: 'ERR_CORRUPT' })
})

test('memory is summed up by who took it; areas without pages are no memory', () => {
  const { program } = buildKernel({
    types: COMMON,
    variables: { vmap_area_list: ['struct list_head'] },
    objects: {
      ...Object.fromEntries(
        [0, 1, 2, 3, 4].map((i) => [
          `a${i}`,
          area(0x10000 * (i + 1), i === 4 ? {} : { vm: `&vm${i}` }),
        ]),
      ),
      vm0: ['struct vm_struct', { nr_pages: 3, caller: 0x100n }],
      vm1: ['struct vm_struct', { nr_pages: 9, caller: 0x200n }],
      vm2: ['struct vm_struct', { nr_pages: 8, caller: 0x100n }],
      vm3: ['struct vm_struct', { nr_pages: 0, caller: 0x300n }],
    },
    lists: { vmap_area_list: ['a0.list', 'a1.list', 'a2.list', 'a3.list', 'a4.list'] },
  })
  assert.deepEqual(vmallocCallers(program), [
    { caller: 0x100n, areas: 2, pages: 11 },
    { caller: 0x200n, areas: 1, pages: 9 },
  ])
})
