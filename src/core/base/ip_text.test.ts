// Addresses as the kernel and as crash print them.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatHardwareAddress, formatIpv4, formatIpv6, formatIpv6Words } from './ip_text.ts'

const ipv6 = (...words: number[]): Uint8Array =>
  new Uint8Array(words.flatMap((word) => [word >> 8, word & 255]))

test('the longest run of zero words is cut, the first of equal ones', () => {
  assert.equal(formatIpv6(ipv6(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1)), '2001:db8::1')
  assert.equal(formatIpv6(ipv6(0, 0, 0, 0, 0, 0, 0, 0)), '::')
  assert.equal(formatIpv6(ipv6(0, 0, 0, 0, 0, 0, 0, 1)), '::1')
  assert.equal(formatIpv6(ipv6(1, 0, 0, 2, 0, 0, 3, 4)), '1::2:0:0:3:4')
  assert.equal(formatIpv6(ipv6(0xfe80, 0, 0, 0, 0, 0, 0, 0)), 'fe80::')
})

test('a lone zero word stays', () => {
  assert.equal(formatIpv6(ipv6(1, 0, 2, 3, 4, 5, 6, 7)), '1:0:2:3:4:5:6:7')
})

test('a mapped IPv4 address keeps its dots', () => {
  assert.equal(formatIpv6(ipv6(0, 0, 0, 0, 0, 0xffff, 0xc000, 0x0201)), '::ffff:192.0.2.1')
})

test('every word is there where none is cut', () => {
  assert.equal(formatIpv6Words(ipv6(0, 0, 0, 0, 0, 0, 0, 1)), '0:0:0:0:0:0:0:1')
})

test('IPv4 and hardware addresses go byte by byte', () => {
  assert.equal(formatIpv4(new Uint8Array([127, 0, 0, 1])), '127.0.0.1')
  assert.equal(formatHardwareAddress(new Uint8Array([2, 0, 0x5e])), '02:00:5e')
  assert.equal(formatHardwareAddress(new Uint8Array([0, 0]), ' '), '00 00')
})
