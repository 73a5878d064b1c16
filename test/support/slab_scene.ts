// A slab cache of one slab for a scene: its types, and its objects, some of them free. As of v6.1, freelists not disguised.
//
//   sceneOf({ types: SLAB_TYPES, cpus: [{ cache_cpu: {} }, { cache_cpu: {} }], more(kernel) {
//     const objects = placeSlab(kernel, { name: 'frame', free: [1] })
//   } })
import { sizeofType } from '../../src/core/debuginfo/type.ts'
import type { KernelBuilder } from './kernel_builder.ts'

/** Types of the allocator, beside those of scenes. */
export const SLAB_TYPES = `
  struct kmem_cache_order_objects { unsigned int x; };
  struct mem_section { unsigned long section_mem_map; void *usage; };
  enum pageflags { PG_locked, PG_head, PG_slab = 9, __NR_PAGEFLAGS = 24 };
  struct page { unsigned long flags; union { struct list_head lru; unsigned long compound_head; }; unsigned long words[3];
    unsigned int page_type; atomic_t _refcount; unsigned long memcg_data; };
  struct slab { unsigned long __page_flags; struct list_head slab_list;
    struct kmem_cache *slab_cache; void *freelist;
    struct { unsigned inuse : 16; unsigned objects : 15; unsigned frozen : 1; };
    unsigned int __unused; atomic_t __page_refcount; unsigned long memcg_data; };
  struct kmem_cache_cpu { void **freelist; unsigned long tid; struct slab *slab; struct slab *partial; };
  struct kmem_cache_node { unsigned long nr_partial; struct list_head partial; atomic_long_t nr_slabs;
    atomic_long_t total_objects; struct list_head full; };
  struct kmem_cache { struct kmem_cache_cpu __percpu *cpu_slab; unsigned int flags; unsigned int size; unsigned int object_size;
    unsigned int offset; unsigned int inuse; struct kmem_cache_order_objects oo; unsigned int red_left_pad; const char *name;
    struct list_head list; struct kmem_cache_node *node[4]; };
  struct track { unsigned long addr; unsigned int handle; int cpu; int pid; unsigned long when; };
  percpu struct kmem_cache_cpu cache_cpu;`

/** What the slab is to be like. */
export interface SlabSceneRecipe {
  readonly name: string
  /** Objects that are free, by index, the first first. */
  readonly free?: readonly number[]
  /** The cache records who allocates and frees. */
  readonly tracks?: boolean
}

/** A slab: its cache, and where its four objects lie. */
export interface SlabScene {
  readonly cache: bigint
  readonly objects: readonly bigint[]
  /** Address of an object's record of who freed it. */
  freed(index: number): bigint
}

const PAGE = 4096
const DIRECT_MAP = 0xffff_8880_0000_0000n
const DESCRIPTORS = 16
const DESCRIPTOR_SIZE = 64
const OBJECT = 1024
/** Where a free object holds the next one's address; records of users lie behind. */
const OFFSET = 512
const IN_USE = 576
const STORE_USER = 0x1_0000
const PG_SLAB = 1 << 9
/** Templates of percpu variables begin there; see kernel_recipe.ts. */
const PERCPU_FIRST = 0x1000n

/** Place the cache `name` and its slab of four objects of 1 KiB. */
export function placeSlab(
  kernel: KernelBuilder,
  { name, free = [], tracks = false }: SlabSceneRecipe,
): SlabScene {
  const first = kernel.allocate(PAGE, PAGE)
  const objects = Array.from({ length: 4 }, (_, index) => first + BigInt(index * OBJECT))
  const list = free.map((index) => objects[index] ?? 0n)
  list.forEach((at, index) => kernel.write(at + BigInt(OFFSET), 8, list[index + 1] ?? 0n))
  const descriptor = placeDescriptors(kernel, first)
  const node = kernel.place('struct kmem_cache_node')
  const percpu = PERCPU_FIRST + (kernel.addressOf('cache_cpu:0') & 0xfffn)
  const cache = kernel.place('struct kmem_cache', {
    ...{ cpu_slab: percpu, size: OBJECT, object_size: OFFSET, offset: OFFSET, inuse: IN_USE },
    ...{ oo: { x: 4 }, name, node: [node], flags: tracks ? STORE_USER : 0 },
  })
  kernel.set('struct slab', descriptor, {
    ...{ __page_flags: PG_SLAB, slab_cache: cache, objects: 4, inuse: 4 - free.length },
    freelist: list[0] ?? 0n,
  })
  const partial = node + BigInt(kernel.offsetof('struct kmem_cache_node', 'partial'))
  link(kernel, partial, descriptor + BigInt(kernel.offsetof('struct slab', 'slab_list')))
  const head = kernel.global('slab_caches', 'struct list_head')
  link(kernel, head, cache + BigInt(kernel.offsetof('struct kmem_cache', 'list')))
  // Behind the record of who allocated it.
  const record = sizeofType(kernel.type('struct track'))
  const freed = (index: number): bigint => (objects[index] ?? 0n) + BigInt(IN_USE + record)
  return { cache, objects, freed }
}

/** A section of page descriptors, that of the slab's page in its middle; returns it. */
function placeDescriptors(kernel: KernelBuilder, page: bigint): bigint {
  const pfn = Number(page - DIRECT_MAP) / PAGE
  const map = kernel.allocate(DESCRIPTORS * DESCRIPTOR_SIZE, PAGE)
  const base = map - BigInt((pfn - 8) * DESCRIPTOR_SIZE)
  kernel.vmcoreinfo += '\nNUMBER(SECTION_SIZE_BITS)=27\nLENGTH(mem_section)=1\nLENGTH(node_data)=1'
  kernel.global('vmemmap_base', 'unsigned long', base)
  kernel.names.set('vmemmap', { address: base, type: kernel.type('struct page') })
  const section = kernel.place('struct mem_section', { section_mem_map: base | 3n })
  kernel.global('mem_section', 'unsigned long', kernel.place('unsigned long', section))
  kernel.global('nr_node_ids', 'int', 1)
  return map + BigInt(8 * DESCRIPTOR_SIZE)
}

function link(kernel: KernelBuilder, head: bigint, node: bigint): void {
  for (const [at, other] of [
    [head, node],
    [node, head],
  ] as const) {
    kernel.write(at, 8, other)
    kernel.write(at + 8n, 8, other)
  }
}
