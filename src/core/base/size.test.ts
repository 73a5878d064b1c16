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
