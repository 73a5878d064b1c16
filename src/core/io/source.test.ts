// Reading exactly, against sources that end early or lie about their size.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { memorySource } from './memory_source.ts'
import { readExact, type Source } from './source.ts'

test('a range inside the file is read whole', () => {
  const source = memorySource(Uint8Array.from([1, 2, 3, 4]))
  assert.deepEqual(readExact(source, 1, 3, 'x'), Uint8Array.from([2, 3, 4]))
})

test('a range past the end names what it was, and the size of the file', () => {
  const source = memorySource(new Uint8Array(16), 'vmcore')
  assert.throws(() => readExact(source, 8, 9, 'bitmap 1'), {
    name: 'FormatError',
    message: 'vmcore: offset 0x8: bitmap 1 (9 bytes) ends past end of file (0x10)',
  })
})

test('negative and not-a-number ranges are refused before anything is allocated', () => {
  const source = memorySource(new Uint8Array(16))
  for (const [offset, length] of [
    [-1, 4],
    [0, -4],
    [Number.NaN, 4],
    [0, Number.NaN],
  ] as const) {
    assert.throws(() => readExact(source, offset, length, 'x'), { name: 'FormatError' })
  }
})

test('a file that is shorter than it says gives a format error', () => {
  const source = { ...memorySource(new Uint8Array(4)), size: 100 }
  assert.throws(() => readExact(source, 0, 8, 'header'), { message: /header: read 4 of 8 bytes/ })
})

test('a range that the file holds but memory cannot is unsupported, not a crash', () => {
  const sparse: Source = {
    ...memorySource(new Uint8Array(4)),
    size: 2 ** 52,
    read: (_, into) => into.length,
  }
  assert.throws(() => readExact(sparse, 0, 2 ** 50, 'bitmap 1'), { name: 'UnsupportedError' })
})

test('nothing large is allocated for what the file has lost', () => {
  const asked: number[] = []
  const lost: Source = {
    ...memorySource(new Uint8Array(4)),
    size: 2 ** 40,
    read(_, into) {
      asked.push(into.length)
      return 0
    },
  }
  assert.throws(() => readExact(lost, 8, 2 ** 30, 'bitmap 1'), {
    message: 'memory: offset 0x8: bitmap 1 (1073741824 bytes) was lost',
  })
  assert.deepEqual(asked, [1])
})
