// Recipes with pages of known codecs, shared and lost ones; what a cut file has lost.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { mkdiskdump } from '../../../test/support/mkdiskdump.ts'
import { memorySource } from '../io/memory_source.ts'
import { openDiskdump } from './diskdump.ts'
import type { DumpDescription } from './dump_description.ts'

const PAGES = `
  format diskdump
  page 0-1 zlib
  page 2 raw noise 1
  page 3 zstd
  page 4-6 zero
  page 7 excluded
  page 8 lost`

function describe(recipe: string): DumpDescription {
  const found = openDiskdump(memorySource(mkdiskdump(recipe))).describe?.()
  assert.ok(found)
  return found
}

test('pages and bytes are counted by codec, and data that is shared once', () => {
  const { storage, headerVersion, bits, parts } = describe(PAGES)
  assert.deepEqual([headerVersion, bits, parts], [6, 64, []])
  const uses = storage.codecs.map(({ codec, pages }) => [codec, pages])
  assert.deepEqual(uses, [
    ['raw', 4],
    ['zlib', 2],
    ['zstd', 1],
  ])
  assert.equal(storage.codecs[0]?.bytes, 2 * 4096)
  assert.equal(storage.zeroPages, 3)
  assert.equal(storage.sharedPages, 0)
  assert.equal(storage.lostPages, 1)
  assert.equal(storage.isInFrameOrder, true)
})

test('both byte orders are counted alike', () => {
  assert.deepEqual(describe(`${PAGES}\n endian big`).storage.codecs.length, 3)
  assert.equal(describe(`${PAGES}\n endian big`).storage.zeroPages, 3)
})

test('data of a cut file that is not there any more is lost', () => {
  const whole = mkdiskdump(PAGES).length
  assert.equal(describe(`${PAGES}\n cut ${whole - 1}`).storage.lostPages, 4)
  // Not even the descriptors.
  const { storage } = describe(`${PAGES}\n cut ${4 * 4096}`)
  assert.equal(storage.lostPages, 8)
  assert.deepEqual(storage.codecs, [])
})

test('a shared page that is not of zeros is shared, and no page of zeros', () => {
  const bytes = mkdiskdump('format diskdump\npage 0-3 raw noise 1')
  const view = new DataView(bytes.buffer)
  const descs = 4 * 4096
  for (const index of [1, 3])
    view.setBigUint64(descs + index * 24, view.getBigUint64(descs, true), true)
  const storage = openDiskdump(memorySource(bytes)).describe?.().storage
  assert.equal(storage?.sharedPages, 2)
  assert.equal(storage.zeroPages, 0)
  assert.deepEqual(storage.codecs, [{ codec: 'raw', pages: 4, bytes: 2 * 4096 }])
})

test('data of a frame that lies before the data of a lower frame is no frame order', () => {
  const bytes = mkdiskdump('format diskdump\npage 0-3 raw noise 1')
  const view = new DataView(bytes.buffer)
  const [second, third] = [4 * 4096 + 24, 4 * 4096 + 48]
  const offset = view.getBigUint64(second, true)
  view.setBigUint64(second, view.getBigUint64(third, true), true)
  view.setBigUint64(third, offset, true)
  const storage = openDiskdump(memorySource(bytes)).describe?.().storage
  assert.equal(storage?.isInFrameOrder, false)
})

test('a writer that did not finish has marked it, and erased lines are told', () => {
  assert.equal(describe(`${PAGES}\n status 8`).isMarkedIncomplete, true)
  assert.equal(describe(PAGES).isMarkedIncomplete, false)
  const bytes = mkdiskdump(PAGES)
  const text = 'erase init_uts_ns.name 390\n'
  const file = new Uint8Array(bytes.length + text.length)
  file.set(bytes)
  file.set(new TextEncoder().encode(text), bytes.length)
  new DataView(file.buffer).setBigUint64(4096 + 64, BigInt(bytes.length), true)
  new DataView(file.buffer).setBigUint64(4096 + 72, BigInt(text.length), true)
  const describeBytes = (content: Uint8Array): string | undefined =>
    openDiskdump(memorySource(content)).describe?.().eraseinfo
  assert.equal(describeBytes(file), text.trimEnd())
  assert.equal(describeBytes(file.slice(0, -1)), '')
})
