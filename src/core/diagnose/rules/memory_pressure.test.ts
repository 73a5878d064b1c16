// Memory that was short, or oddly used, when the kernel died of something else.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { memoryScene, type MemoryRecipe } from '../../../../test/support/memory_scene.ts'
import { sceneOf } from '../../../../test/support/scene.ts'
import type { Finding } from '../rule.ts'
import { memoryPressure } from './memory_pressure.ts'

const SYSRQ = 'Kernel panic - not syncing: sysrq triggered crash'

const find = (
  memory: Omit<MemoryRecipe, 'totalPages'>,
  log: readonly string[] = [SYSRQ],
): Finding[] => [
  ...memoryPressure.find(sceneOf({ ...memoryScene({ totalPages: 10_000, ...memory }), log })),
]

test('a machine that caches much and has a large database is well', () => {
  const counters = { NR_FREE_PAGES: 500, NR_ANON_MAPPED: 6000, NR_FILE_PAGES: 3000 }
  const files = { NR_ACTIVE_FILE: 1500, NR_INACTIVE_FILE: 1500, NR_SLAB_UNRECLAIMABLE_B: 500 }
  const processes = { postgres: { pid: 100, pages: 6000 } }
  assert.deepEqual(find({ counters: { ...counters, ...files }, processes }), [])
})

test('memory that is nearly used up is told, with who has it', () => {
  const counters = { NR_FREE_PAGES: 50, NR_ANON_MAPPED: 9500 }
  const [finding] = find({ counters, processes: { hog: { pid: 7, pages: 9000 } } })
  assert.deepEqual([finding?.role, finding?.confidence], ['state', 'possible'])
  assert.match(finding?.title ?? '', /^memory was nearly used up, PID 7 "hog" has .*\(90 %\)/)
})

test('memory that nobody counts is told', () => {
  const [finding] = find({ counters: { NR_FREE_PAGES: 3000, NR_ANON_MAPPED: 1000 } })
  assert.match(finding?.title ?? '', /^unusual use of memory: .*\(60 %\) is in no counter/)
})

test('a slab that grew is told, with the blocks that are in no cache', () => {
  const counters = { NR_FREE_PAGES: 4000, NR_ANON_MAPPED: 2000, NR_SLAB_UNRECLAIMABLE_B: 3900 }
  const [finding] = find({ counters })
  assert.match(finding?.title ?? '', /\(39 %\) is slab, unreclaimable/)
})

test('where memory was the end itself another rule tells it', () => {
  const counters = { NR_FREE_PAGES: 50, NR_ANON_MAPPED: 9500 }
  const panic = 'Kernel panic - not syncing: System is deadlocked on memory'
  assert.deepEqual(find({ counters }, [panic]), [])
})
