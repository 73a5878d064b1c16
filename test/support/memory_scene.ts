// What a scene needs so that its memory can be asked: one node with one zone, counters by their names, per-CPU lists of
// free pages, swap. In the layout of v5.10 (page tables counted by zone, vmalloc() in a variable, resident pages in
// atomics) and of v7.2 (all counted by node, resident pages in per-CPU counters).
//
//   sceneOf({ ...memoryScene({ layout: 'v7.2', totalPages: 1000, counters: { NR_FREE_PAGES: 10 } }), log })
import type { Value } from './encode_value.ts'
import type { SceneRecipe, SceneTask } from './scene.ts'

/** Which kernel's. */
export type MemoryLayout = 'v5.10' | 'v7.2'

/** What memory was used for, in pages. */
export interface MemoryRecipe {
  readonly layout?: MemoryLayout
  readonly totalPages: number
  /** By the kernel's names; others are 0. */
  readonly counters?: Readonly<Record<string, number>>
  /** Of each of two CPUs. */
  readonly pcpPages?: number
  readonly vmallocPages?: number
  readonly watermarks?: readonly [min: number, low: number, high: number]
  /** Resident anonymous pages of processes, by name in the recipe: tasks that are made so. */
  readonly processes?: Readonly<Record<string, { readonly pid: number; readonly pages: number }>>
}

const ZONE_V5_10 = ['NR_FREE_PAGES', 'NR_PAGETABLE', 'NR_BOUNCE', 'NR_ZSPAGES']
const ZONE_V7_2 = ['NR_FREE_PAGES', 'NR_ZSPAGES']
const NODE = [
  ...['NR_INACTIVE_ANON', 'NR_ACTIVE_ANON', 'NR_INACTIVE_FILE', 'NR_ACTIVE_FILE'],
  ...['NR_SLAB_RECLAIMABLE_B', 'NR_SLAB_UNRECLAIMABLE_B', 'NR_ANON_MAPPED', 'NR_FILE_PAGES'],
  ...['NR_SHMEM', 'NR_KERNEL_MISC_RECLAIMABLE', 'NR_KERNEL_STACK_KB'],
]
const NODE_V7_2 = [...NODE, 'NR_PAGETABLE', 'NR_SECONDARY_PAGETABLE', 'NR_SWAPCACHE', 'NR_VMALLOC']

/** The first percpu variable of a scene is one of its own, of 64 bytes. */
const PERCPU_SECOND = 0x1040n

/** The parts of a scene's recipe. */
export function memoryScene(recipe: MemoryRecipe): SceneRecipe {
  const { layout = 'v7.2', totalPages, counters = {}, processes = {} } = recipe
  const isOld = layout === 'v5.10'
  const [min, low, high] = recipe.watermarks ?? [10, 20, 30]
  const names = isOld ? { zone: ZONE_V5_10, node: NODE } : { zone: ZONE_V7_2, node: NODE_V7_2 }
  const values = (list: readonly string[]): Value =>
    list.map((name) => ({ counter: (isOld ? counters : withVmalloc(recipe))[name] ?? 0 }))
  const pageset = isOld ? { pageset: PERCPU_SECOND } : { per_cpu_pageset: PERCPU_SECOND }
  const held = { count: recipe.pcpPages ?? 0 }
  return {
    types: typesOf(isOld, names.zone, names.node),
    members: {
      mm_struct: isOld ? 'struct mm_rss_stat rss_stat;' : 'struct percpu_counter rss_stat[4];',
      signal_struct: 'short oom_score_adj;',
      task_struct: 'void *stack_vm_area;',
    },
    variables: {
      _totalram_pages: ['atomic_long_t', { counter: totalPages }],
      totalreserve_pages: ['unsigned long', 0],
      vm_zone_stat: [`atomic_long_t [${names.zone.length}]`, values(names.zone)],
      vm_node_stat: [`atomic_long_t [${names.node.length}]`, values(names.node)],
      nr_vmalloc_pages: ['atomic_long_t', { counter: isOld ? (recipe.vmallocPages ?? 0) : 0 }],
      contig_page_data: [
        'struct pglist_data',
        {
          node_zones: [
            {
              ...{ name: 'Normal', _watermark: [min, low, high], present_pages: totalPages },
              ...{ managed_pages: { counter: totalPages }, vm_stat: values(names.zone) },
              ...pageset,
            },
          ],
        },
      ],
    },
    cpus: [0, 1].map(() => ({ pcp: isOld ? { pcp: held } : held })),
    objects: Object.fromEntries(
      Object.entries(processes).map(([name, { pages }]) => [`${name}_mm`, mm(isOld, pages)]),
    ),
    tasks: Object.fromEntries(
      Object.entries(processes).map(([name, { pid }]): [string, SceneTask] => [
        name,
        { pid, value: { mm: `&${name}_mm` } },
      ]),
    ),
  }
}

const withVmalloc = ({
  counters = {},
  vmallocPages = 0,
}: MemoryRecipe): Record<string, number> => ({
  ...counters,
  NR_VMALLOC: vmallocPages,
})

/** File, anonymous, swapped out, shared. */
function mm(isOld: boolean, pages: number): readonly [string, Value] {
  const counts = [0, pages, 0, 0]
  const value: Value = isOld
    ? { rss_stat: { count: counts.map((counter) => ({ counter })) } }
    : { rss_stat: counts.map((count) => ({ count })) }
  return ['struct mm_struct', value]
}

function typesOf(isOld: boolean, zone: readonly string[], node: readonly string[]): string {
  return `
  enum zone_stat_item { ${zone.join(', ')}, NR_VM_ZONE_STAT_ITEMS };
  enum node_stat_item { ${node.join(', ')}, NR_VM_NODE_STAT_ITEMS };
  struct mm_rss_stat { atomic_long_t count[4]; };
  struct percpu_counter { unsigned int lock; long count; int *counters; };
  struct per_cpu_pages { int count; };
  struct per_cpu_pageset { struct per_cpu_pages pcp; };
  struct zone { unsigned long _watermark[3]; const char *name; atomic_long_t managed_pages; unsigned long present_pages;
    ${isOld ? 'struct per_cpu_pageset *pageset;' : 'struct per_cpu_pages *per_cpu_pageset;'}
    atomic_long_t vm_stat[${zone.length}]; };
  struct pglist_data { struct zone node_zones[1]; int node_id; };
  percpu ${isOld ? 'struct per_cpu_pageset' : 'struct per_cpu_pages'} pcp;`
}
