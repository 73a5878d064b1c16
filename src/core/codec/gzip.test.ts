// gzip members as gzip(1) writes them, and broken ones.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { gunzip } from './gzip.ts'

const text = new TextEncoder().encode('CONFIG_X86_64=y\n'.repeat(100))
const packed = new Uint8Array(gzipSync(text))

test('what gzip packed comes back', () => {
  assert.deepEqual(gunzip(packed, 4096), text)
})

test('a member that says it holds more than allowed is refused before anything is allocated', () => {
  assert.throws(() => gunzip(packed, 100), {
    name: 'RangeError',
    message: 'gzip: 1600 bytes exceed 100',
  })
})

test('a member cut anywhere throws and never hangs', () => {
  for (let size = 0; size < packed.length; size++) {
    assert.throws(() => gunzip(packed.subarray(0, size), 1 << 20), RangeError)
  }
})
