// Layouts against sizes and offsets worked out by hand; round trips in both byte orders.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { chars, i32, readUsize64, struct, u16, u32, u64, u8, usize64 } from './struct.ts'

const sample = struct('sample', 40, {
  first: u8,
  second: u16,
  third: i32,
  name: chars(5),
  big: u64,
  size: usize64,
  last: u32,
})

test('members are aligned to their own size', () => {
  assert.deepEqual(sample.offset, {
    first: 0,
    second: 2,
    third: 4,
    name: 8,
    big: 16,
    size: 24,
    last: 32,
  })
})

test('a struct whose declared size does not hold its members is refused when it is declared', () => {
  assert.throws(
    () => struct('short', 4, { a: u32, b: u32 }),
    /struct short: declared 4 bytes, members take 8/,
  )
})

test('a struct whose declared size leaves room for another member is refused when it is declared', () => {
  assert.throws(
    () => struct('long', 16, { a: u32, b: u32 }),
    /struct long: declared 16 bytes, members take 8/,
  )
})

test('what was written reads back, in both byte orders', () => {
  const value = fc.record(
    {
      first: fc.nat(0xff),
      second: fc.nat(0xffff),
      third: fc.integer(),
      name: fc.stringMatching(/^[a-z]{0,5}$/),
      big: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
      size: fc.maxSafeNat(),
      last: fc.nat(),
    },
    { noNullPrototype: true },
  )
  fc.assert(
    fc.property(value, fc.boolean(), (written, littleEndian) => {
      const view = new DataView(new ArrayBuffer(60))
      sample.write(view, 8, written, { littleEndian })
      assert.deepEqual(sample.read(view, 8, { littleEndian }), written)
    }),
  )
})

test('a char array ends at its first NUL', () => {
  const view = new DataView(Uint8Array.from([0x61, 0x62, 0, 0x63, 0x64]).buffer)
  assert.equal(chars(5).read(view, 0, true), 'ab')
})

test('usize64 is exact up to 2^53 - 1 and throws above', () => {
  const view = new DataView(new ArrayBuffer(8))
  for (const little of [true, false]) {
    view.setBigUint64(0, 2n ** 53n - 1n, little)
    assert.equal(readUsize64(view, 0, little), Number.MAX_SAFE_INTEGER)
    view.setBigUint64(0, 2n ** 53n, little)
    assert.throws(() => readUsize64(view, 0, little), {
      name: 'RangeError',
      message: /exceeds 2\^53/,
    })
  }
})
