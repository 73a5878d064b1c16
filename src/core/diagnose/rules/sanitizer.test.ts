// Reports of KASAN, KFENCE and UBSAN: kind, culprit, and who had the memory before.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { OOPS_TEXTS } from '../../../../test/support/oops_texts.ts'
import { sceneOf } from '../../../../test/support/scene.ts'
import type { Finding } from '../rule.ts'
import { sanitizer } from './sanitizer.ts'

const findingOf = (name: keyof typeof OOPS_TEXTS): Finding | undefined =>
  [...sanitizer.find(sceneOf({ log: OOPS_TEXTS[name] }))][0]

test('KASAN names who used memory that was freed, and who freed it', () => {
  const finding = findingOf('KASAN, 6.6')
  assert.equal(finding?.title, 'KASAN found slab use after free in frame_complete() [sensorhub]')
  assert.equal(finding?.kind, 'use-after-free')
  const texts = finding?.evidence.map(({ text }) => text) ?? []
  assert.ok(texts.includes('freed by frame_release() [sensorhub]'))
  assert.ok(texts.includes('allocated by frame_alloc() [sensorhub]'))
  assert.ok(texts.some((text) => text.includes('cache sensor_frame of size 96')))
})

test('KFENCE’s stacks follow no "Call Trace:"', () => {
  const finding = findingOf('KFENCE, 6.1')
  assert.equal(finding?.title, 'KFENCE found out of bounds write in frame_append() [sensorhub]')
  assert.equal(finding?.kind, 'memory-corruption')
  assert.ok(finding?.evidence.some(({ text }) => text.startsWith('allocated by frame_alloc()')))
})

test('UBSAN names a line of the source', () => {
  const finding = findingOf('UBSAN, 6.12')
  assert.equal(
    finding?.title,
    'UBSAN found array index out of bounds at drivers/misc/hub.c:88:14 in frame_append() [hub]',
  )
  assert.equal(finding?.culprit?.source, 'drivers/misc/hub.c:88')
})

test('other trouble is none', () => {
  assert.equal(findingOf('BUG, 6.1'), undefined)
})
