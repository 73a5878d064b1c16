// Address words against bigint arithmetic.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { hi32, lo32, toSafeNumber, wrap64 } from './addr.ts'

const address = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })

test('the two halves of an address make it up again', () => {
  fc.assert(
    fc.property(address, (a) => assert.equal((BigInt(hi32(a)) << 32n) | BigInt(lo32(a)), a)),
  )
})

test('halves and sums of negative addresses are those of their 64-bit pattern', () => {
  assert.equal(hi32(-1n), 0xffff_ffff)
  assert.equal(lo32(-2n), 0xffff_fffe)
  assert.equal(wrap64(0xffff_ffff_ffff_fff8n + 16n), 8n)
})

test('a bigint beyond 2^53 - 1 is no safe number', () => {
  assert.equal(toSafeNumber(2n ** 53n - 1n), Number.MAX_SAFE_INTEGER)
  assert.equal(toSafeNumber(2n ** 53n), undefined)
  assert.equal(toSafeNumber(-(2n ** 53n)), undefined)
})
