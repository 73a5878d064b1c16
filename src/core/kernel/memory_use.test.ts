// Memory whose uses are known by v5.10's counters and by v7.2's: 1000 pages.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { memoryScene, type MemoryLayout } from '../../../test/support/memory_scene.ts'
import { sceneOf } from '../../../test/support/scene.ts'
import { memoryUse, NOT_ACCOUNTED } from './memory_use.ts'
import { availablePages } from './meminfo.ts'

const COUNTERS = {
  ...{ NR_FREE_PAGES: 100, NR_ANON_MAPPED: 200, NR_ACTIVE_ANON: 210, NR_FILE_PAGES: 170 },
  ...{ NR_SHMEM: 20, NR_SLAB_UNRECLAIMABLE_B: 70, NR_SLAB_RECLAIMABLE_B: 30, NR_PAGETABLE: 15 },
  ...{ NR_KERNEL_STACK_KB: 64, NR_ZSPAGES: 5, NR_ACTIVE_FILE: 100, NR_INACTIVE_FILE: 50 },
}

const LAYOUTS: readonly MemoryLayout[] = ['v5.10', 'v7.2']

for (const layout of LAYOUTS) {
  test(`uses add up to all of memory, and name what nobody counts (${layout})`, () => {
    const { program } = sceneOf(
      memoryScene({ layout, totalPages: 1000, counters: COUNTERS, pcpPages: 4, vmallocPages: 50 }),
    )
    const uses = new Map(memoryUse(program).map(({ name, pages }) => [name, pages]))
    assert.deepEqual(
      [...uses].sort(([a], [b]) => (a < b ? -1 : 1)),
      Object.entries({
        free: 100,
        'free, kept by CPUs': 8,
        'kernel stacks': 16,
        [NOT_ACCOUNTED]: 1000 - 100 - 8 - 16 - 150 - 15 - 200 - 20 - 30 - 70 - 34 - 5,
        'page cache': 150,
        'page tables': 15,
        processes: 200,
        'shared memory and tmpfs': 20,
        'slab, reclaimable': 30,
        'slab, unreclaimable': 70,
        // Stacks are vmalloc() memory, too, and counted once.
        vmalloc: 50 - 16,
        'zswap and zram': 5,
      }).sort(([a], [b]) => (a < b ? -1 : 1)),
    )
    assert.equal(
      [...uses.values()].reduce((sum, pages) => sum + pages, 0),
      1000,
    )
  })
}

test('counters that lag and add up to more than there is leave no rest', () => {
  const { program } = sceneOf(
    memoryScene({ totalPages: 100, counters: { NR_FREE_PAGES: 60, NR_ANON_MAPPED: 60 } }),
  )
  assert.deepEqual(memoryUse(program), [
    { name: 'free', pages: 60 },
    { name: 'processes', pages: 60 },
  ])
})

test('what could be had is what is free and half of what can be dropped, or all but the low watermark', () => {
  const { program } = sceneOf(
    memoryScene({ totalPages: 1000, counters: COUNTERS, watermarks: [10, 20, 30] }),
  )
  assert.equal(availablePages(program), 100 + (150 - 20) + (30 - 15))
})
