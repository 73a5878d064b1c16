// Sizes of memory as text.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatSize } from './size.ts'

test('the largest unit that is not below 1 is taken, with one decimal at most', () => {
  assert.equal(formatSize(0), '0 KiB')
  assert.equal(formatSize(512), '512 bytes')
  assert.equal(formatSize(1024 ** 2 - 1), '1023 KiB')
  assert.equal(formatSize(1024 ** 2), '1 MiB')
  assert.equal(formatSize(1.5 * 1024 ** 3), '1.5 GiB')
  assert.equal(formatSize(2 * 1024 ** 4), '2048 GiB')
})

test('halves are rounded as printf does, to the even digit', () => {
  const mib = (value: number): string => formatSize(value * 1024 ** 2)
  assert.deepEqual([75.25, 75.75, 75.26].map(mib), ['75.2 MiB', '75.8 MiB', '75.3 MiB'])
})
