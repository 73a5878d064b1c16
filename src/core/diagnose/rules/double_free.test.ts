// Memory freed twice: in SLUB's words, and by the BUG() that a kernel without its debugging runs into.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BUG_TABLE_TYPES, writeBugTable } from '../../../../test/support/bug_table.ts'
import { OOPS_TEXTS } from '../../../../test/support/oops_texts.ts'
import { sceneOf } from '../../../../test/support/scene.ts'
import { diagnose } from '../diagnose.ts'
import { bug } from './bug.ts'
import { doubleFree } from './double_free.ts'

test('SLUB says so itself: who frees is to blame, who freed before is told', () => {
  const [finding] = doubleFree.find(sceneOf({ log: OOPS_TEXTS['freed twice, 6.1'] }))
  assert.equal(
    finding?.title,
    'an object of kmalloc-64 was freed twice, the second time in profile_unload() [sensorhub]',
  )
  assert.ok(finding?.evidence.some(({ text }) => text.includes('profile_drop() [sensorhub]')))
})

function trapped(file: string, name = '__kmem_cache_free') {
  const frames = [`${name}!`, 'kfree', 'profile_drop', 'profile_unload', 'vfs_write']
  return sceneOf({
    ...{ tasks: { sh: { pid: 180, cpu: 0, frames } }, panicCpu: 0, types: BUG_TABLE_TYPES },
    more: (kernel) => writeBugTable(kernel, [{ at: `${name}+0x10`, file, line: 419 }]),
  })
}

test('a BUG() of the allocator while it frees is one too, and the BUG() is not told of again', () => {
  const { findings, verdict } = diagnose(trapped('mm/slub.c'), [bug, doubleFree])
  assert.equal(verdict?.title, 'an object was freed twice, the second time in profile_drop()')
  assert.equal(verdict?.confidence, 'likely')
  assert.equal(findings.length, 1)
})

test('a BUG() elsewhere, or while it allocates, is none', () => {
  assert.deepEqual([...doubleFree.find(trapped('mm/page_alloc.c'))], [])
  assert.deepEqual([...doubleFree.find(trapped('mm/slub.c', 'new_slab'))], [])
})
