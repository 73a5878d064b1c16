// Values a register or a word may hold that are no addresses.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { valueMeaning } from './poison.ts'

const KNOWN: readonly (readonly [value: bigint, name: string])[] = [
  [0n, 'NULL'],
  [0xdead_0000_0000_0100n, 'LIST_POISON1'],
  [0xdead_0000_0000_0108n, 'LIST_POISON1+0x8'],
  [0xdead_0000_0000_0122n, 'LIST_POISON2'],
  [0xdead_0000_0000_0200n, 'LIST_POISON2'],
  [0xdead_0000_0000_0050n, 'POISON_POINTER_DELTA+0x50'],
  [0x6b6b_6b6b_6b6b_6b6bn, 'POISON_FREE'],
  [0x6b6b_6b6b_6b6b_6bafn, 'POISON_FREE+0x44'],
  [0x5a5a_5a5a_5a5a_5a5an, 'POISON_INUSE'],
  [0xaaaa_aaaa_aaaa_aaaan, 'PAGE_POISON'],
  [0xffff_ffff_ffff_ffean, 'ERR_PTR(-EINVAL)'],
  [0xffff_ffff_ffff_f100n, 'ERR_PTR(-3840)'],
  [0x6f77_206f_6c6c_6568n, '"hello wo"'],
  [0x0000_6f6c_6c65_6820n, '" hello"'],
  [0xffff_7473_6165_2d79n, '"y-east"'],
  [0x5c5c_5c5c_5c5c_5c5cn, '0x5c repeated'],
]

for (const [value, name] of KNOWN) {
  test(`0x${value.toString(16)} is ${name}`, () => assert.equal(valueMeaning(value)?.name, name))
}

for (const value of [0xffff_8880_0123_4560n, 0xffff_ffff_8100_0000n, 0x7ffe_1234_5678n, 0x1000n]) {
  test(`0x${value.toString(16)} may well be an address`, () =>
    assert.equal(valueMeaning(value), undefined))
}
