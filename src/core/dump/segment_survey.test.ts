// ELF recipes: whole, filtered, cut.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { mkelf } from '../../../test/support/mkelf.ts'
import { memorySource } from '../io/memory_source.ts'
import type { PageStorage } from './dump_description.ts'
import { openElf } from './elf.ts'

const SEGMENTS = `
  format elf
  segment 0x100000 0x3000 0x4000
  segment 0x200000 0x2000`

function survey(recipe: string): PageStorage | undefined {
  return openElf(memorySource(mkelf(recipe))).describe?.().storage
}

test('pages of segments are raw, and nothing is known of zeros', () => {
  assert.deepEqual(survey(SEGMENTS), {
    codecs: [{ codec: 'raw', pages: 5, bytes: 0x5000 }],
    zeroPages: undefined,
    sharedPages: undefined,
    lostPages: 0,
    isInFrameOrder: true,
  })
})

test('a page of which the file has lost a byte is lost', () => {
  const found = survey(`${SEGMENTS}\n cut -1`)
  assert.equal(found?.lostPages, 1)
  assert.deepEqual(found.codecs, [{ codec: 'raw', pages: 4, bytes: 0x4fff }])
  assert.equal(survey(`${SEGMENTS}\n cut -8192`)?.lostPages, 2)
})

test('a dump that makedumpfile could not finish says so', () => {
  const file = memorySource(mkelf(`${SEGMENTS}\n flags 1`))
  assert.equal(openElf(file).describe?.().isMarkedIncomplete, true)
})
