// Which pages a job may mean, and which entries may be replaced.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { allocateSeen, SeenPages } from './seen_pages.ts'

const seen = (pages: number): SeenPages => new SeenPages(allocateSeen(pages))

/** Remember a page that is not there yet; returns its slot, or -1. */
function remember(pages: SeenPages, hash: number, check: number, pfn: number, job: number): number {
  return pages.claim(pages.find(hash, check, job), check, pfn, job)
}

test('a page is found by its hash from its own job on', () => {
  const pages = seen(100)
  const slot = remember(pages, 0x1234, 7, 42, 5)
  assert.equal(pages.find(0x1234, 7, 5), slot)
  assert.equal(pages.frameOf(slot), 42)
  assert.equal(pages.find(0x1234, 7, 100), slot)
  assert.ok(pages.find(0x1234, 8, 100) < 0, 'another page of the same slot')
})

test('a page of a job that is written later is not meant', () => {
  const pages = seen(100)
  remember(pages, 1, 7, 42, 5)
  assert.ok(pages.find(1, 7, 4) < 0)
})

test('what is remembered stays while jobs may mean it, and makes room long after', () => {
  const pages = seen(1)
  for (let frame = 0; frame < 4; frame++) {
    assert.notEqual(remember(pages, 0, frame, frame, 0), -1)
  }
  assert.equal(remember(pages, 0, 9, 9, 4095), -1)
  assert.ok(pages.find(0, 0, 4095) >= 0)
  assert.ok(pages.find(0, 0, 4096) < 0, 'too long ago')
  assert.equal(remember(pages, 0, 9, 9, 4199), -1, 'a slower thread may mean it still')
  assert.notEqual(remember(pages, 0, 9, 9, 4200), -1)
})

test('threads share what they have seen, and of two that claim a slot one gets it', () => {
  const memory = allocateSeen(100)
  const [one, other] = [new SeenPages(memory), new SeenPages(memory)]
  const found = one.find(0x99, 1, 0)
  assert.equal(other.find(0x99, 2, 0), found)
  const slot = one.claim(found, 1, 3, 0)
  assert.ok(slot >= 0)
  assert.equal(other.claim(found, 2, 4, 0), -1)
  assert.equal(other.find(0x99, 1, 1), slot)
  assert.equal(other.frameOf(slot), 3)
})

test('the table is as large as the dump needs, and no larger than its limit', () => {
  assert.equal(seen(1000).slotCount, 2048)
  assert.equal(seen(1e9).slotCount, 2 ** 18)
})
