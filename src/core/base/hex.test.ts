// Hexadecimal text as people read it in kernel logs.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatAddress, formatHex, formatHexBytes } from './hex.ts'

test('numbers and bigints look alike', () => {
  assert.equal(formatHex(255), '0xff')
  assert.equal(formatHex(255n), '0xff')
})

test('a negative value shows its 64-bit pattern', () => {
  assert.equal(formatHex(-1n), '0xffffffffffffffff')
  assert.equal(formatAddress(-4096n), 'fffffffffffff000')
})

test('what is no integer is shown as it is: an error message must not throw', () => {
  assert.equal(formatHex(Number.NaN), 'NaN')
})

test('an address is padded to 16 digits, or to what is asked', () => {
  assert.equal(formatAddress(0x1000n), '0000000000001000')
  assert.equal(formatAddress(0x1000n, 5), '01000')
})

test('bytes are two digits each', () => {
  assert.equal(formatHexBytes(Uint8Array.from([0, 0x0a, 0xff])), '000aff')
})
