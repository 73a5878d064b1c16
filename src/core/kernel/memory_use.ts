// What memory is used for, each page counted once, and what is left over: memory that drivers took page by page, which
// no counter of the kernel knows. Source: fs/proc/meminfo.c meminfo_proc_show(), include/linux/mmzone.h. All in pages.
//
// Counters lag behind by what each CPU has not added yet, a few hundred pages in all.
import { attempt } from '../base/errors.ts'
import type { Program } from '../program/program.ts'
import { hugetlbTotalPages } from './hugetlb.ts'
import { bufferPages, cachedPages, freePages, swapCachePages } from './meminfo.ts'
import { forEachNode, nodeZones, totalramPages } from './mmzone.ts'
import { forEachCpu, perCpuPtr } from './percpu.ts'
import { counterValue, vmNodeStat, vmZoneStat, type Counter } from './vmstat.ts'

/** A use of memory. */
export interface MemoryUse {
  /** `free`, `processes`, `page cache`, …; 'not accounted for' is the rest. */
  readonly name: string
  readonly pages: number
}

/** What no counter knows. */
export const NOT_ACCOUNTED = 'not accounted for'

/**
 * Tell what memory is used for.
 *
 * @returns uses that together are all of memory, unused ones left out; the rest, if there is any, last
 */
export function memoryUse(program: Program): MemoryUse[] {
  const counters = [...vmNodeStat(program), ...vmZoneStat(program)]
  const uses = [...usesOf(program, counters)].filter(({ pages }) => pages > 0)
  const rest = totalramPages(program) - uses.reduce((sum, { pages }) => sum + pages, 0)
  // Counters that lag may add up to more than there is.
  return rest > 0 ? [...uses, { name: NOT_ACCOUNTED, pages: rest }] : uses
}

function* usesOf(program: Program, counters: readonly Counter[]): Generator<MemoryUse> {
  const count = (...names: string[]): number => counterValue(counters, ...names)
  const read = (pages: () => number): number => attempt(pages) ?? 0
  const anonymous = count('NR_ANON_MAPPED')
  const shared = count('NR_SHMEM')
  const buffers = read(() => bufferPages(program))
  const stacks = kernelStackPages(program, counters)
  yield { name: 'free', pages: freePages(program) }
  yield { name: 'free, kept by CPUs', pages: read(() => pcpPages(program)) }
  yield { name: 'processes', pages: anonymous }
  yield { name: 'shared memory and tmpfs', pages: shared }
  yield { name: 'page cache', pages: cachedPages(program) - shared }
  yield { name: 'buffers', pages: buffers }
  // Of pages in swap and in memory those that no process maps: the others are counted above.
  const lru = count('NR_ACTIVE_ANON') + count('NR_INACTIVE_ANON') + count('NR_ISOLATED_ANON')
  const unmapped = Math.max(0, lru - anonymous - shared)
  yield { name: 'swap cache', pages: Math.min(swapCachePages(program), unmapped) }
  yield {
    name: 'slab, unreclaimable',
    pages: count('NR_SLAB_UNRECLAIMABLE_B', 'NR_SLAB_UNRECLAIMABLE'),
  }
  yield { name: 'slab, reclaimable', pages: count('NR_SLAB_RECLAIMABLE_B', 'NR_SLAB_RECLAIMABLE') }
  yield { name: 'kernel stacks', pages: stacks }
  yield { name: 'page tables', pages: count('NR_PAGETABLE') + count('NR_SECONDARY_PAGETABLE') }
  yield {
    name: 'vmalloc',
    pages: vmallocPages(program, counters) - mappedStackPages(program, stacks),
  }
  yield { name: 'per-CPU', pages: read(() => percpuPages(program)) }
  yield { name: 'huge pages', pages: read(() => hugetlbTotalPages(program)) }
  yield { name: 'zswap and zram', pages: count('NR_ZSPAGES') }
  // Since v7.0; before, drivers of balloons took their pages out of the total.
  yield { name: 'balloon', pages: count('NR_BALLOON_PAGES') }
  yield { name: 'graphics', pages: count('NR_GPU_ACTIVE') + count('NR_GPU_RECLAIM') }
  yield { name: 'drivers, reclaimable', pages: count('NR_KERNEL_MISC_RECLAIMABLE') }
  yield { name: 'bounce buffers', pages: count('NR_BOUNCE') }
}

/** Free pages that CPUs keep for themselves, which are not in NR_FREE_PAGES. @source mm/page_alloc.c show_free_areas() */
export function pcpPages(program: Program): number {
  let pages = 0
  const cpus = forEachCpu(program, 'online')
  for (const node of forEachNode(program)) {
    for (const zone of nodeZones(node)) {
      // Since v5.14, commit 28f836b6777b ("mm/page_alloc: split per cpu page lists and zone stats"), a struct of its own.
      const pointer = zone.get('per_cpu_pageset', 'pageset')
      if (pointer.isNull() || zone.number('present_pages') === 0) continue
      for (const cpu of cpus) pages += perCpuPtr(pointer, cpu).number('count', 'pcp.count')
    }
  }
  return pages
}

/** VmallocUsed, stacks and modules included. @source mm/vmalloc.c vmalloc_nr_pages() */
export function vmallocPages(program: Program, counters: readonly Counter[]): number {
  // Since v7.0 it is counted by node; from v5.3 to then in a variable of its own.
  const counter = counters.find(({ name }) => name === 'NR_VMALLOC')
  if (counter) return counter.value
  return program.hasSymbol('nr_vmalloc_pages')
    ? program.object('nr_vmalloc_pages', 'atomic_long_t').number('counter')
    : 0
}

function kernelStackPages(program: Program, counters: readonly Counter[]): number {
  return Math.floor((counterValue(counters, 'NR_KERNEL_STACK_KB') * 1024) / program.memory.pageSize)
}

/** Stacks made by vmalloc() are counted as its, too. */
function mappedStackPages(program: Program, stacks: number): number {
  return program.hasType('struct task_struct') &&
    program.objectAt('struct task_struct', 0n).has('stack_vm_area')
    ? stacks
    : 0
}

/** Pages of per-CPU memory that were allocated; what the kernel started with is no part of the total. @source mm/percpu.c pcpu_nr_pages() */
function percpuPages(program: Program): number {
  if (!program.hasSymbol('pcpu_nr_populated')) return 0
  const populated = program.object('pcpu_nr_populated', 'unsigned long').number()
  const units = program.object('pcpu_nr_units', 'int').number()
  const first = program.object('pcpu_first_chunk', 'struct pcpu_chunk *')
  const reserved = first.isNull() ? 0 : first.number('nr_populated')
  return Math.max(0, populated - reserved) * units
}
