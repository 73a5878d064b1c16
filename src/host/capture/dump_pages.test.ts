// What a dump says of its own size is not believed beyond what machines have; what is to be erased is gone however pages
// are read.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { mkelf } from '../../../test/support/mkelf.ts'
import { openDump } from '../../core/dump/formats.ts'
import { memorySource } from '../../core/io/memory_source.ts'
import { dumpPages, erasedPages } from './dump_pages.ts'
import fc from 'fast-check'
import { PageArrayMachine } from '../../../test/support/page_array_recipe.ts'
import { FaultError } from '../../core/base/errors.ts'
import type { EraseRange } from './erase/erase_ranges.ts'

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

const machine = new PageArrayMachine('6.12', '0x20-0x21 absent')
const pages = dumpPages(machine.dump())
const AREA = 16 * 4096

/** Memory as it should read: each range in turn. */
function erase(ranges: readonly EraseRange[]): Uint8Array {
  const memory = machine.memory.slice(0, AREA)
  for (const { physical, size, nullify } of ranges) {
    memory.fill(nullify ? 0 : 0x58, physical, physical + size)
  }
  return memory
}

const range = fc.record({
  physical: fc.nat(AREA - 1),
  size: fc.integer({ min: 1, max: 9000 }),
  nullify: fc.boolean(),
})

test('any ranges, and any read of them: aligned or not, within a page or over several', () => {
  fc.assert(
    fc.property(
      fc.array(range, { minLength: 1, maxLength: 5 }),
      fc.array(fc.tuple(fc.nat(AREA - 1), fc.nat(20_000)), { minLength: 1, maxLength: 8 }),
      (ranges, reads) => {
        const memory = erase(ranges)
        const clean = erasedPages(pages, ranges)
        for (const [at, size] of [...reads, [0, AREA] as const]) {
          const into = new Uint8Array(Math.min(size, AREA - at))
          clean.read(at, into)
          assert.deepEqual(into, memory.subarray(at, at + into.length))
        }
      },
    ),
    { numRuns: 200 },
  )
})

test('the dump itself is not changed, and nothing to erase costs nothing', () => {
  const before = machine.memory.slice(0, AREA)
  erasedPages(pages, [{ physical: 10, size: 100, nullify: true }]).read(0, new Uint8Array(4096))
  assert.deepEqual(machine.memory.subarray(0, AREA), before)
  assert.equal(erasedPages(pages, []), pages)
})

test('what cannot be read still cannot', () => {
  const clean = erasedPages(pages, [{ physical: 0x20 * 4096, size: 8192, nullify: true }])
  assert.throws(() => clean.read(0x20 * 4096, new Uint8Array(4096)), FaultError)
  assert.throws(() => clean.read(0x20 * 4096 + 8, new Uint8Array(8)), FaultError)
})
