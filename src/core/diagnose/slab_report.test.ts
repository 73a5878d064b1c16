// SLUB's reports before v5.11, since, and since v6.15, where the headline says less.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { OOPS_TEXTS } from '../../../test/support/oops_texts.ts'
import { parseSlabReport, type SlabReport } from './slab_report.ts'
import { readTroubles } from './trouble.ts'

function reportOf(name: keyof typeof OOPS_TEXTS): SlabReport | undefined {
  const lines = OOPS_TEXTS[name].map((text) => ({ text, tsNsec: 0n, level: 3, callerId: 9 }))
  const [trouble] = readTroubles(lines)
  return trouble && parseSlabReport(lines, trouble)
}

test('the words of 5.10: INFO before each, addresses as they are', () => {
  const report = reportOf('slab object, 5.10')
  assert.deepEqual([report?.cache, report?.what], ['kmalloc-64', 'Redzone overwritten'])
  assert.equal(report?.object, 0xffff_8880_03a4_c800n)
  assert.deepEqual(report?.damage, {
    ...{ start: 0xffff_8880_03a4_c840n, offset: 2112, byte: 0x41, expected: 0xcc },
  })
  assert.equal(report?.allocated?.symbol.name, 'frame_alloc')
  assert.deepEqual([report?.allocated?.pid, report?.allocated?.cpu], [183, 0])
  assert.deepEqual(
    report?.allocated?.stack.map(({ name }) => name),
    ['__slab_alloc', 'kmem_cache_alloc_trace', 'frame_alloc'],
  )
  assert.equal(report?.freed, undefined)
})

test('since v6.15 what is wrong stands before the report', () => {
  const report = reportOf('slab object, 6.12')
  assert.equal(report?.what, 'Right Redzone overwritten')
  assert.deepEqual([report?.objectOffset, report?.damage?.offset], [3272, 3368])
})

test('who freed an object is told where it was freed twice', () => {
  const report = reportOf('freed twice, 6.1')
  assert.equal(report?.freed?.symbol.name, 'profile_drop')
  assert.equal(report?.damage, undefined)
})

test('other trouble is no report of it', () => {
  assert.equal(reportOf('null pointer, 6.1'), undefined)
})
