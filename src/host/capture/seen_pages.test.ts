// Which pages a job may mean, and which entries may be replaced.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { allocateSeen, SeenPages } from './seen_pages.ts'

const seen = (pages: number): SeenPages => new SeenPages(allocateSeen(pages))

test('a page is found by its hash from its own job on', () => {
  const pages = seen(100)
  const slot = pages.claim(0x1234, 7, 42, 5)
  assert.equal(pages.find(0x1234, 7, 5), slot)
  assert.equal(pages.frameOf(slot), 42)
  assert.equal(pages.find(0x1234, 7, 100), slot)
  assert.equal(pages.find(0x1234, 8, 100), -1, 'another page of the same slot')
})

test('a page of a job that is written later is not meant', () => {
  const pages = seen(100)
  pages.claim(1, 7, 42, 5)
  assert.equal(pages.find(1, 7, 4), -1)
})

test('what is remembered stays while jobs may mean it, and makes room long after', () => {
  const pages = seen(1)
  for (let frame = 0; frame < 4; frame++) assert.notEqual(pages.claim(0, frame, frame, 0), -1)
  assert.equal(pages.claim(0, 9, 9, 16_383), -1)
  assert.notEqual(pages.find(0, 0, 16_383), -1)
  assert.equal(pages.find(0, 0, 16_384), -1, 'too long ago')
  assert.equal(pages.claim(0, 9, 9, 16_483), -1, 'a slower thread may mean it still')
  assert.notEqual(pages.claim(0, 9, 9, 16_484), -1)
})

test('threads share what they have seen', () => {
  const memory = allocateSeen(100)
  const slot = new SeenPages(memory).claim(0x99, 1, 3, 0)
  assert.equal(new SeenPages(memory).find(0x99, 1, 1), slot)
})

test('the table is as large as the dump needs, and no larger than its limit', () => {
  assert.equal(seen(1000).slotCount, 2048)
  assert.equal(seen(1e9).slotCount, 2 ** 18)
})
