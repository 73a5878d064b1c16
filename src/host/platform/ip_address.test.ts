// Addresses in all notations, against what Node says of them, and masks bit by bit.
import assert from 'node:assert/strict'
import net from 'node:net'
import { test } from 'node:test'
import fc from 'fast-check'
import { formatIp, isInPrefix, parseIp, prefixLengthOf, type IpAddress } from './ip_address.ts'

const ip = (text: string): IpAddress => {
  const parsed = parseIp(text)
  assert.ok(parsed, text)
  return parsed
}

test('an address is written in its shortest form', () => {
  for (const [text, expected] of [
    ['192.0.2.7', '192.0.2.7'],
    ['2001:0db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['::', '::'],
    ['::1', '::1'],
    ['fe80::', 'fe80::'],
    ['1:2:3:4:5:6:7:8', '1:2:3:4:5:6:7:8'],
    ['1:0:3:4:5:6:7:8', '1:0:3:4:5:6:7:8'],
    ['::ffff:192.0.2.1', '::ffff:c000:201'],
  ] as const)
    assert.equal(formatIp(ip(text)), expected)
})

test('what is no address is none', () => {
  for (const text of ['', '192.0.2', '192.0.2.256', 'fe80::1%eth0', 'host', '1::2::3', '[::1]'])
    assert.equal(parseIp(text), undefined, text)
})

test('an address written and parsed again is the same, and Node takes it for one', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: (1n << 128n) - 1n }), (value) => {
      const text = formatIp({ family: 6, value })
      assert.ok(net.isIPv6(text), text)
      assert.deepEqual(parseIp(text), { family: 6, value })
    }),
  )
  fc.assert(
    fc.property(fc.ipV6(), (text) => {
      assert.equal(formatIp(ip(formatIp(ip(text)))), formatIp(ip(text)))
    }),
  )
})

test('a prefix holds its first and its last address and no other', () => {
  const prefix = ip('192.0.2.64')
  for (const [text, expected] of [
    ['192.0.2.63', false],
    ['192.0.2.64', true],
    ['192.0.2.127', true],
    ['192.0.2.128', false],
    ['::c000:240', false],
  ] as const)
    assert.equal(isInPrefix(ip(text), prefix, 26), expected, text)
  assert.ok(isInPrefix(ip('::1'), ip('2001::'), 0))
})

test('a netmask has its length, and bits with a hole have none', () => {
  for (let length = 0; length <= 32; length++) {
    const mask = length === 0 ? 0 : (-1 << (32 - length)) >>> 0
    assert.equal(prefixLengthOf(mask), length)
  }
  assert.equal(prefixLengthOf(0xff00ff00), undefined)
  assert.equal(prefixLengthOf(1), undefined)
})
