// Addresses as people type them. What is printed is compared with makedumpfile's in test/compat/vtop.test.ts.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseVtopAddress } from './vtop.ts'

test('addresses are read as strtoull does; hex may go without 0x', () => {
  for (const [text, value] of [
    ['0xffffffff81000000', 0xffff_ffff_8100_0000n],
    ['FFFFffff81000000', 0xffff_ffff_8100_0000n],
    ['18446744071578845184', 0xffff_ffff_8100_0000n],
    ['4096', 4096n],
    ['010', 8n],
  ] as const) {
    assert.equal(parseVtopAddress(text), value)
  }
})

test('what is no address is refused', () => {
  for (const text of [
    '',
    '0',
    'zz',
    '0x',
    '-1',
    '0x1ffffffffffffffff',
    '0x10 ',
    '9'.repeat(1000),
  ]) {
    assert.throws(() => parseVtopAddress(text), { code: 'ERR_USAGE' })
  }
})
