// Reports of SLUB: what was written and when says whom to ask.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { OOPS_TEXTS } from '../../../../test/support/oops_texts.ts'
import { sceneOf } from '../../../../test/support/scene.ts'
import type { Finding } from '../rule.ts'
import { slabCorruption } from './slab_corruption.ts'

const TAINT = 'Kernel panic - not syncing: panic_on_taint set ...'

function findingOf(log: readonly string[], frames: readonly string[] = []): Finding | undefined {
  const tasks = frames.length > 0 ? { sh: { pid: 183, cpu: 0, frames } } : {}
  const scene = sceneOf({ log, tasks, ...(frames.length > 0 ? { panicCpu: 0 } : {}) })
  return [...slabCorruption.find(scene)][0]
}

test('past its end an object is written by its owner: who frees it, if that is who allocated it', () => {
  const finding = findingOf(OOPS_TEXTS['slab object, 5.10'])
  assert.equal(
    finding?.title,
    'an object of kmalloc-64 was written past its end in frame_release() [sensorhub]',
  )
  assert.equal(finding?.confidence, 'likely')
  assert.ok(finding?.evidence.some(({ text }) => text.startsWith('allocated in frame_alloc()')))
})

test('who finds the damage of another’s object has no part in it', () => {
  const [headline = '', ...rest] = OOPS_TEXTS['slab object, 5.10'].slice(1)
  const log = [
    headline,
    ...rest.map((line) => line.replace(/frame_release.*/, 'other_free+0x1/0x2')),
  ]
  assert.equal(findingOf(log)?.culprit?.function, 'frame_alloc')
})

test('an object written after it was freed is its last owner’s', () => {
  const log = [
    'BUG kmalloc-128 (Not tainted): Poison overwritten',
    '0x00000000da8bb924-0x00000000da8bb92b @offset=64. First byte 0x78 instead of 0x6b',
    'Freed in journal_drop+0x12/0x20 [hub] age=1 cpu=0 pid=183',
    'Object 0x00000000e419b9f6 @offset=0 fp=0x00000000de309e36',
    'Call Trace:',
    ' kmem_cache_alloc+0x1/0x20',
    ' innocent+0x1/0x20 [other]',
    TAINT,
  ]
  const finding = findingOf(log, [
    'panic',
    'add_taint',
    'object_err',
    'kmem_cache_alloc',
    'innocent',
  ])
  assert.equal(
    finding?.title,
    'an object of kmalloc-128 was written after it was freed in journal_drop() [hub]',
  )
  assert.equal(finding?.role, 'cause')
})

test('nobody is blamed for a freed object of which nobody recorded who had it', () => {
  const log = ['BUG kmalloc-128 (Not tainted): Poison overwritten', TAINT]
  assert.equal(
    findingOf(log, ['panic', 'add_taint', 'kmem_cache_alloc', 'innocent'])?.culprit,
    null,
  )
})

test('what is freed and is no object is who frees it', () => {
  const log = ['BUG kmalloc-128 (Not tainted): Invalid object pointer 0x00000000e419b9f6', TAINT]
  const frames = ['panic', 'add_taint', 'object_err', 'kfree', 'hub_drop', 'vfs_write']
  const finding = findingOf(log, frames)
  assert.equal(finding?.title, 'what is no object of kmalloc-128 was freed as one in hub_drop()')
})

test('what is left in a cache that is destroyed is no corruption', () => {
  const log = ['BUG hub (Not tainted): Objects remaining in hub on __kmem_cache_shutdown()']
  assert.equal(findingOf(log), undefined)
})
