// Caches by memory, those that are given back under pressure marked: where flags are a mask, and where they are numbered.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { buildKernel } from '../../../../test/support/kernel_recipe.ts'
import { topCaches } from './top_caches.ts'

const types = (isNumbered: boolean): string => `
  typedef struct { long counter; } atomic_long_t;
  struct list_head { struct list_head *next, *prev; };
  ${isNumbered ? 'enum _slab_flag_bits { _SLAB_POISON, _SLAB_RECLAIM_ACCOUNT };' : ''}
  struct kmem_cache_order_objects { unsigned int x; };
  struct slab { unsigned long flags; struct list_head slab_list; };
  struct kmem_cache_node { unsigned long nr_partial; struct list_head partial; atomic_long_t nr_slabs, total_objects; };
  struct kmem_cache { unsigned int flags; unsigned int size, object_size; struct kmem_cache_order_objects oo;
    const char *name; struct list_head list; struct kmem_cache_node *node[1]; };`

/** Slabs of two pages and ten objects. */
const cache = (name: string, flags: number): readonly [string, object] => [
  'struct kmem_cache',
  { name, flags, object_size: 800, oo: { x: (1 << 16) | 10 }, node: [`&${name}_node`] },
]
const node = (slabs: number, objects: number): readonly [string, object] => [
  'struct kmem_cache_node',
  { nr_partial: 20_000, nr_slabs: { counter: slabs }, total_objects: { counter: objects } },
]

for (const isNumbered of [false, true]) {
  test(`the largest cache comes first (${isNumbered ? 'numbered flags' : 'masks'})`, () => {
    const reclaim = isNumbered ? 2 : 0x2_0000
    const { program } = buildKernel({
      types: types(isNumbered),
      variables: {
        slab_caches: ['struct list_head'],
        nr_node_ids: ['int', 1],
        ...(isNumbered ? { keep: ['enum _slab_flag_bits'] } : {}),
      },
      objects: {
        small: cache('small', 0) as never,
        small_node: node(3, 30) as never,
        large: cache('large', reclaim) as never,
        // Most slabs are smaller ones, made when memory was short.
        large_node: node(90, 500) as never,
        empty: cache('empty', 0) as never,
        empty_node: node(0, 0) as never,
      },
      lists: { slab_caches: ['small.list', 'large.list', 'empty.list'] },
    })
    assert.deepEqual(
      topCaches(program).map(({ name, bytes, reclaimable, objects }) => [
        ...[name, bytes / 8192, reclaimable],
        // Twenty thousand partial slabs are not looked at.
        objects,
      ]),
      [
        ['large', 50, true, null],
        ['small', 3, false, null],
      ],
    )
  })
}
