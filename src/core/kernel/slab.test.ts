// SLUB in three shapes: of v5.10 (slabs are pages, a flag marks them), of v6.1 (struct slab, hardened freelists), and of
// v7.1 (sheaves instead of CPU slabs, page types, masks for heads). One cache of objects of 1 KiB, four a slab of one page:
//
//   slab 0: the CPU's (or, with sheaves, full): object 0 at hand, 1 freed by another CPU, 2 and 3 in use
//   slab 1: partial: objects 1 and 3 free
//   slab 2: full
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { KernelBuilder } from '../../../test/support/kernel_builder.ts'
import type { Program } from '../program/program.ts'
import {
  findSlab,
  slabCacheForEachAllocatedObject,
  slabCacheUsage,
  slabObjectInfo,
} from './slab.ts'
import { findSlabCache, forEachSlabCache, slabCacheCounts, slabCacheName } from './slab_cache.ts'

const COMMON = `
  typedef struct { int counter; } atomic_t; typedef struct { long counter; } atomic_long_t;
  struct list_head { struct list_head *next, *prev; };
  struct kmem_cache_order_objects { unsigned int x; };
  struct mem_section { unsigned long section_mem_map; void *usage; };
  struct free_area { struct list_head free_list[2]; unsigned long nr_free; };
  struct zone { struct free_area free_area[4]; };
  struct pglist_data { struct zone node_zones[2]; };
`
const PAGE_FLAGS = 'enum pageflags { PG_locked, PG_head, PG_slab = 9, __NR_PAGEFLAGS = 24 };'
const V5_10 = `${COMMON} ${PAGE_FLAGS}
  struct page {
    unsigned long flags;
    union {
      struct { struct list_head slab_list; struct kmem_cache *slab_cache; void *freelist;
        union { unsigned long counters; struct { unsigned inuse : 16; unsigned objects : 15; unsigned frozen : 1; }; }; };
      struct { struct page *next; int pages; int pobjects; };
      struct { struct list_head lru; };
      struct { unsigned long compound_head; };
    };
    unsigned int page_type; atomic_t _refcount; unsigned long memcg_data;
  };
  struct kmem_cache_cpu { void **freelist; unsigned long tid; struct page *page; struct page *partial; };
  struct kmem_cache_node { unsigned long nr_partial; struct list_head partial; };
  struct kmem_cache { struct kmem_cache_cpu __percpu *cpu_slab; unsigned int flags; unsigned int size; unsigned int object_size;
    unsigned int offset; struct kmem_cache_order_objects oo; const char *name; struct list_head list;
    struct kmem_cache_node *node[4]; };
  percpu struct kmem_cache_cpu cache_cpu;`
const V6_1 = `${COMMON} ${PAGE_FLAGS}
  struct page { unsigned long flags; union { struct list_head lru; unsigned long compound_head; }; unsigned long words[3];
    unsigned int page_type; atomic_t _refcount; unsigned long memcg_data; };
  struct slab { unsigned long __page_flags;
    union { struct list_head slab_list; struct { struct slab *next; int slabs; }; };
    struct kmem_cache *slab_cache; void *freelist;
    union { unsigned long counters; struct { unsigned inuse : 16; unsigned objects : 15; unsigned frozen : 1; }; };
    unsigned int __unused; atomic_t __page_refcount; unsigned long memcg_data; };
  struct kmem_cache_cpu { void **freelist; unsigned long tid; struct slab *slab; struct slab *partial; };
  struct kmem_cache_node { unsigned long nr_partial; struct list_head partial; atomic_long_t nr_slabs;
    atomic_long_t total_objects; struct list_head full; };
  struct kmem_cache { struct kmem_cache_cpu __percpu *cpu_slab; unsigned int flags; unsigned int size; unsigned int object_size;
    unsigned int offset; struct kmem_cache_order_objects oo; unsigned int red_left_pad; const char *name; struct list_head list;
    unsigned long random; struct kmem_cache_node *node[4]; };
  percpu struct kmem_cache_cpu cache_cpu;`
const V7_1 = `${COMMON}
  enum pageflags { PG_locked, PG_head = 6, __NR_PAGEFLAGS = 25 };
  enum pagetype { PGTY_buddy = 240, PGTY_slab = 245, PGTY_mapcount_underflow = 255 };
  typedef struct { unsigned long f; } memdesc_flags_t;
  struct page { memdesc_flags_t flags; union { struct list_head lru; unsigned long compound_info; }; unsigned long words[3];
    unsigned int page_type; atomic_t _refcount; unsigned long memcg_data; };
  struct slab { memdesc_flags_t flags; struct kmem_cache *slab_cache; struct list_head slab_list; void *freelist;
    union { unsigned long counters; struct { unsigned inuse : 16; unsigned objects : 15; unsigned frozen : 1; unsigned stride; }; };
    unsigned int __page_type; atomic_t __page_refcount; unsigned long obj_exts; };
  struct slab_sheaf { struct list_head barn_list; struct kmem_cache *cache; unsigned int size; int node; void *objects[]; };
  struct slub_percpu_sheaves { int lock; struct slab_sheaf *main, *spare, *rcu_free; };
  struct node_barn { int lock; struct list_head sheaves_full; };
  struct kmem_cache_node { unsigned long nr_partial; struct list_head partial; atomic_long_t nr_slabs;
    atomic_long_t total_objects; struct list_head full; };
  struct kmem_cache_per_node_ptrs { struct node_barn *barn; struct kmem_cache_node *node; };
  struct kmem_cache { struct slub_percpu_sheaves __percpu *cpu_sheaves; unsigned int flags; unsigned int size;
    unsigned int object_size; unsigned int offset; unsigned int sheaf_capacity; struct kmem_cache_order_objects oo;
    unsigned int red_left_pad; const char *name; struct list_head list; unsigned long random;
    struct kmem_cache_per_node_ptrs per_node[4]; };
  percpu struct slub_percpu_sheaves cache_cpu;`

type Shape = 'v5.10' | 'v6.1' | 'v7.1'
const SHAPES: Readonly<Record<Shape, string>> = { 'v5.10': V5_10, 'v6.1': V6_1, 'v7.1': V7_1 }

const PAGE = 4096
const OBJECT = 1024n
const OFFSET = 512n
const RANDOM = 0x1234_5678_9abc_def0n
const SLAB_TYPE = 245 * 2 ** 24

interface Built {
  readonly program: Program
  /** Address of an object. */
  object(slab: number, index: number): bigint
  readonly damage: (address: bigint, value: bigint) => Program
}

/** A kernel under construction, and where its slabs and their descriptors lie. */
interface Site {
  readonly builder: KernelBuilder
  readonly shape: Shape
  readonly slabType: string
  object(slab: number, index: number): bigint
  descriptor(slab: number): bigint
}

const DESCRIPTORS = 64
const DESCRIPTOR_SIZE = 64

/** Memory for three slabs, and a section of descriptors with theirs from the eighth on. */
function layOut(shape: Shape): Site {
  const builder = new KernelBuilder(SHAPES[shape])
  const first = builder.allocate(4 * PAGE, PAGE)
  const pfn = Number(first - 0xffff_8880_0000_0000n) / PAGE
  const map = builder.allocate(DESCRIPTORS * DESCRIPTOR_SIZE, PAGE)
  const base = map - BigInt((pfn - 8) * DESCRIPTOR_SIZE)
  builder.vmcoreinfo = '\nNUMBER(SECTION_SIZE_BITS)=27\nLENGTH(mem_section)=1\nLENGTH(node_data)=1'
  builder.global('vmemmap_base', 'unsigned long', base)
  const section = builder.place('struct mem_section', { section_mem_map: base | 3n })
  builder.global('mem_section', 'unsigned long', builder.place('unsigned long', section))
  builder.global('nr_node_ids', 'int', 1)
  builder.global('nr_cpu_ids', 'unsigned int', 1)
  for (const set of ['possible', 'online']) builder.global(`__cpu_${set}_mask`, 'unsigned long', 1)
  builder.global('__per_cpu_offset', 'unsigned long [1]', [0])
  // Descriptors of what is no slab have no type.
  for (let i = 0; i < DESCRIPTORS; i++)
    builder.set('struct page', map + BigInt(i * DESCRIPTOR_SIZE), { page_type: 0xffff_ffff })
  return {
    builder,
    shape,
    slabType: shape === 'v5.10' ? 'struct page' : 'struct slab',
    object: (slab, index) => first + BigInt(slab * PAGE) + BigInt(index) * OBJECT,
    descriptor: (slab) => map + BigInt((8 + slab) * DESCRIPTOR_SIZE),
  }
}

function buildSlabs(shape: Shape): Built {
  const site = layOut(shape)
  const { builder, object, descriptor, slabType } = site
  const sheaves = shape === 'v7.1'
  const node = builder.place('struct kmem_cache_node', { nr_partial: 1 })
  const cache = builder.place('struct kmem_cache', {
    size: Number(OBJECT),
    object_size: 1000,
    offset: Number(OFFSET),
    oo: { x: 4 },
    name: 'widget',
    ...(shape === 'v5.10' ? {} : { random: RANDOM }),
  })
  putSlab(site, cache, 0, sheaves ? [] : [object(0, 1)])
  putSlab(site, cache, 1, [object(1, 3), object(1, 1)])
  putSlab(site, cache, 2, [])
  link(builder, node + BigInt(builder.offsetof('struct kmem_cache_node', 'partial')), [
    descriptor(1) + BigInt(builder.offsetof(slabType, 'slab_list')),
  ])
  // Without CONFIG_SLUB_DEBUG, as here in v5.10, nobody counts.
  if (shape !== 'v5.10')
    builder.set('struct kmem_cache_node', node, {
      nr_slabs: { counter: 3 },
      total_objects: { counter: 12 },
    })
  if (sheaves) putSheaves(site, cache, node)
  else putCpuSlab(site, cache, node)
  const head = builder.global('slab_caches', 'struct list_head')
  link(builder, head, [cache + BigInt(builder.offsetof('struct kmem_cache', 'list'))])
  const program = builder.build()
  return {
    program,
    object,
    damage: (address, value) => {
      builder.write(address, 8, value)
      return builder.build()
    },
  }
}

/** Chain free objects the way the shape's kernels do. */
function chain({ builder, shape }: Site, objects: readonly bigint[]): bigint {
  objects.forEach((at, i) => {
    const next = objects[i + 1] ?? 0n
    const hardened = next ^ RANDOM ^ swapped(at + OFFSET)
    builder.write(at + OFFSET, 8, shape === 'v5.10' ? next : hardened)
  })
  return objects[0] ?? 0n
}

function putSlab(site: Site, cache: bigint, slab: number, free: readonly bigint[]): void {
  const { builder, shape, slabType, descriptor } = site
  const flags = shape === 'v5.10' ? 'flags' : '__page_flags'
  builder.set(slabType, descriptor(slab), {
    ...(shape === 'v7.1' ? { __page_type: SLAB_TYPE } : { [flags]: 1 << 9 }),
    slab_cache: cache,
    inuse: 4 - free.length,
    objects: 4,
    freelist: chain(site, free),
  })
}

function putCpuSlab(site: Site, cache: bigint, node: bigint): void {
  const { builder, shape, object, descriptor } = site
  const cpu = builder.place('struct kmem_cache_cpu', {
    freelist: chain(site, [object(0, 0)]),
    [shape === 'v5.10' ? 'page' : 'slab']: descriptor(0),
  })
  builder.set('struct kmem_cache', cache, { cpu_slab: cpu, node: [node] })
}

function putSheaves({ builder, object }: Site, cache: bigint, node: bigint): void {
  const sheaf = (objects: readonly bigint[]): bigint => {
    const at = builder.allocate(96)
    builder.set('struct slab_sheaf', at, { size: objects.length })
    objects.forEach((value, i) => builder.write(at + 32n + BigInt(i * 8), 8, value))
    return at
  }
  const cpu = builder.place('struct slub_percpu_sheaves', { main: sheaf([object(0, 0)]) })
  const barn = builder.place('struct node_barn')
  link(builder, barn + BigInt(builder.offsetof('struct node_barn', 'sheaves_full')), [
    sheaf([object(0, 1)]),
  ])
  builder.set('struct kmem_cache', cache, {
    cpu_sheaves: cpu,
    sheaf_capacity: 4,
    per_node: [{ barn, node }],
  })
}

function link(builder: KernelBuilder, head: bigint, nodes: readonly bigint[]): void {
  const ring = [head, ...nodes]
  ring.forEach((at, i) => {
    builder.write(at, 8, ring[(i + 1) % ring.length] as bigint)
    builder.write(at + 8n, 8, ring[(i + ring.length - 1) % ring.length] as bigint)
  })
}

function swapped(word: bigint): bigint {
  const view = new DataView(new ArrayBuffer(8))
  view.setBigUint64(0, word, true)
  return view.getBigUint64(0, false)
}

for (const shape of Object.keys(SHAPES) as Shape[]) {
  test(`a cache is counted, what a CPU keeps at hand as free (${shape})`, () => {
    const { program } = buildSlabs(shape)
    assert.deepEqual(Array.from(forEachSlabCache(program), slabCacheName), ['widget'])
    const cache = findSlabCache(program, 'widget')
    assert.ok(cache)
    assert.deepEqual(slabCacheUsage(cache), { slabs: 3, objects: 12, free: 4, allocated: 8 })
  })

  test(`an address is told from its object, slab and cache (${shape})`, () => {
    const { program, object } = buildSlabs(shape)
    const info = (at: bigint): unknown => {
      const found = slabObjectInfo(program, at)
      return found && [slabCacheName(found.cache), found.object, found.allocated, found.cpu]
    }
    assert.deepEqual(info(object(0, 0) + 7n), ['widget', object(0, 0), false, 0])
    const byOther = shape === 'v7.1' ? undefined : 0
    assert.deepEqual(info(object(0, 1)), ['widget', object(0, 1), false, byOther])
    assert.deepEqual(info(object(0, 2) + 1023n), ['widget', object(0, 2), true, undefined])
    assert.deepEqual(info(object(1, 1)), ['widget', object(1, 1), false, undefined])
    assert.deepEqual(info(object(2, 3)), ['widget', object(2, 3), true, undefined])
    assert.equal(info(object(3, 0)), undefined)
    assert.equal(findSlab(program, 0xffff_ffff_8100_0000n), undefined)
  })

  test(`objects in use are found in slabs on no list, too (${shape})`, () => {
    const { program, object } = buildSlabs(shape)
    const cache = findSlabCache(program, 'widget')
    assert.ok(cache)
    assert.deepEqual(
      [...slabCacheForEachAllocatedObject(cache)],
      [
        ...[object(0, 2), object(0, 3), object(1, 0), object(1, 2)],
        ...[object(2, 0), object(2, 1), object(2, 2), object(2, 3)],
      ],
    )
  })

  test(`a damaged freelist makes objects unknown, not allocated (${shape})`, () => {
    const { object, damage } = buildSlabs(shape)
    const program = damage(object(1, 3) + OFFSET, 0x4141_4141_4141_4141n)
    assert.equal(slabObjectInfo(program, object(1, 0))?.allocated, undefined)
    assert.equal(slabObjectInfo(program, object(2, 0))?.allocated, true)
  })
}

test('freelists hardened before v5.7 are not swapped', () => {
  const { object, damage } = buildSlabs('v6.1')
  const program = damage(object(1, 3) + OFFSET, object(1, 1) ^ RANDOM ^ (object(1, 3) + OFFSET))
  assert.equal(slabObjectInfo(program, object(1, 1))?.allocated, false)
})

test('what the kernel counts of a cache is read without its slabs', () => {
  for (const shape of ['v6.1', 'v7.1'] as const) {
    const cache = findSlabCache(buildSlabs(shape).program, 'widget')
    assert.ok(cache)
    assert.deepEqual(slabCacheCounts(cache), { slabs: 3, objects: 12, partial: 1 })
  }
  // Without CONFIG_SLUB_DEBUG nothing is counted.
  const uncounted = findSlabCache(buildSlabs('v5.10').program, 'widget')
  assert.ok(uncounted)
  assert.equal(slabCacheCounts(uncounted), undefined)
})
