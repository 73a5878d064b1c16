// Both file sources read the same bytes, at window edges and past the end; files are made in a temporary folder.
import assert from 'node:assert/strict'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, test } from 'node:test'
import { HostError } from '../../core/base/errors.ts'
import { openFileSource } from './file_source.ts'
import { mapSource } from './mmap_source.ts'

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'kbox-source-'))
after(() => fs.rmSync(folder, { recursive: true }))

const SIZE = 9 * 1024 * 1024 + 4321
const file = path.join(folder, 'bytes')
const content = Uint8Array.from({ length: SIZE }, (_, i) => Math.imul(i, 0x9e37_79b1) >>> 24)
fs.writeFileSync(file, content)

for (const kind of ['pread', 'mmap']) {
  test(`${kind}: reads anywhere give the file's bytes, short only at its end`, () => {
    const plain = openFileSource(file)
    using source = kind === 'pread' ? plain : (mapSource(file, plain) ?? assert.fail('no mmap'))
    assert.equal(source.size, SIZE)
    const edge = 4 * 1024 * 1024
    for (const [offset, length] of [
      [0, 10],
      [edge - 3, 6],
      [edge * 2 - 100, edge],
      [100, SIZE - 100],
      [5, 5],
      [SIZE - 7, 100],
      [SIZE, 5],
      [SIZE + 70000, 5],
      [2 ** 53, 5],
      [2 ** 60, 5],
    ] as const) {
      const into = new Uint8Array(length)
      const got = source.read(offset, into)
      assert.equal(got, Math.max(0, Math.min(length, SIZE - offset)))
      assert.equal(Buffer.compare(into.subarray(0, got), content.subarray(offset, offset + got)), 0)
    }
  })
}

test('a file of /proc, whose size is given as 0, is read as far as it goes', () => {
  using source = openFileSource('/proc/self/status')
  assert.equal(source.size, Number.MAX_SAFE_INTEGER)
  const into = new Uint8Array(65_536)
  const got = source.read(0, into)
  assert.ok(got > 100 && got < into.length)
  assert.match(new TextDecoder().decode(into), /^Name:/)
  assert.equal(source.read(2 ** 40, into), 0)
})

test('an empty file has no bytes', () => {
  const empty = path.join(folder, 'empty')
  fs.writeFileSync(empty, '')
  using source = openFileSource(empty)
  assert.equal(source.size, 0)
})

test('a file that is missing, and a directory, are named in the error', () => {
  const missing = path.join(folder, 'nothing')
  assert.throws(
    () => openFileSource(missing),
    (error) => error instanceof HostError && error.errno === 'ENOENT',
  )
  assert.throws(() => openFileSource(folder), /is a directory/)
})

test('what cannot be mapped is read by the fallback', () => {
  // A map of an empty special file fails with ENODEV.
  const plain = openFileSource('/proc/self/status')
  const fake = {
    ...plain,
    name: plain.name,
    size: 100,
    read: (_: number, into: Uint8Array) => into.fill(7).length,
  }
  using source = mapSource('/proc/self/status', fake) ?? assert.fail('no mmap')
  const into = new Uint8Array(10)
  assert.equal(source.read(0, into), 10)
  assert.deepEqual(into, new Uint8Array(10).fill(7))
})

test('a window never leaves its extent; what is between extents comes from the fallback', () => {
  const plain = openFileSource(file)
  const read: number[] = []
  const spy = {
    ...plain,
    name: plain.name,
    size: plain.size,
    read(offset: number, into: Uint8Array) {
      read.push(offset, into.length)
      return plain.read(offset, into)
    },
  }
  const extents = [
    { start: 4096, end: 8192 },
    { start: 8192, end: 5 * 1024 * 1024 },
    { start: 6 * 1024 * 1024, end: SIZE },
  ]
  using source = mapSource(file, spy, extents) ?? assert.fail('no mmap')
  const into = new Uint8Array(SIZE)
  assert.equal(source.read(0, into), SIZE)
  assert.equal(Buffer.compare(into, content), 0)
  assert.deepEqual(read, [0, 4096, 5 * 1024 * 1024, 1024 * 1024])
})

test('a mapped source may be disposed of twice, by a dump and by who opened it', () => {
  const source = mapSource(file, openFileSource(file)) ?? assert.fail('no mmap')
  source[Symbol.dispose]()
  source[Symbol.dispose]()
})
