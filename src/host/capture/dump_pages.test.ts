// What a dump says of its own size is not believed beyond what machines have.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { mkelf } from '../../../test/support/mkelf.ts'
import { openDump } from '../../core/dump/formats.ts'
import { memorySource } from '../../core/io/memory_source.ts'
import { dumpPages } from './dump_pages.ts'

const NOTE = 'vmcoreinfo OSRELEASE=6.1.0'

test('frames that exist and those with content are told apart', () => {
  const file = mkelf(`${NOTE}\nsegment 0x1000 0x3000 0x8000`)
  const { existing, present, pfnEnd } = dumpPages(openDump(memorySource(file)))
  assert.deepEqual(existing, [{ start: 1, end: 9 }])
  assert.deepEqual(present, [{ start: 1, end: 4 }])
  assert.equal(pfnEnd, 9)
})

test('a segment that claims petabytes of memory is refused before a bitmap is made for it', () => {
  const file = mkelf(`${NOTE}\nsegment 0x1000 0x3000 0x8000000000000`)
  assert.throws(() => dumpPages(openDump(memorySource(file, 'vmcore'))), {
    message:
      'not supported: vmcore: filtering memory up to page frame 0x8000000001 (0x400000000 at most)',
  })
})
