// Lookups against a list searched one by one; damaged tables must not turn a lookup into a walk.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parseNm } from '../../../test/support/mkkallsyms.ts'
import { SymbolIndex } from './symbol_index.ts'

function indexOf(
  rows: readonly { name: string; address: bigint; type?: string; size?: number }[],
): SymbolIndex {
  const names = rows.map(({ name }) => new TextEncoder().encode(name))
  const nameStart = new Uint32Array(rows.length + 1)
  names.forEach((name, i) => (nameStart[i + 1] = (nameStart[i] as number) + name.length))
  const sized = rows.some(({ size }) => size !== undefined)
  return new SymbolIndex('', {
    count: rows.length,
    names: Uint8Array.from(names.flatMap((name) => [...name])),
    nameStart,
    types: Uint8Array.from(rows, ({ type = 'T' }) => type.charCodeAt(0)),
    addresses: BigUint64Array.from(rows, ({ address }) => address),
    ...(sized && { sizes: Uint32Array.from(rows, ({ size = 0 }) => size) }),
  })
}

const TABLE = indexOf(
  parseNm(`
    ffffffff81000000 T _text
    ffffffff81000000 T _stext
    ffffffff81000040 t helper
    ffffffff81000100 t helper
    ffffffff82000000 D init_task
    0000000000000000 A fixed_percpu_data`),
)

test('a symbol is found by name, the first of equals, and all of them on request', () => {
  assert.equal(TABLE.find('helper')?.address, 0xffff_ffff_8100_0040n)
  assert.deepEqual(
    TABLE.findAll('helper').map(({ address }) => address),
    [0xffff_ffff_8100_0040n, 0xffff_ffff_8100_0100n],
  )
  assert.equal(TABLE.find('absent'), undefined)
  assert.equal(TABLE.find(''), undefined)
})

test('an address belongs to the symbol before it, the first of aliases', () => {
  assert.equal(TABLE.findAddress(0xffff_ffff_8100_0000n)?.name, '_text')
  assert.equal(TABLE.findAddress(0xffff_ffff_8100_003fn)?.name, '_text')
  assert.equal(TABLE.findAddress(0xffff_ffff_8100_0041n)?.name, 'helper')
})

test('the size of a symbol is the distance to the next address', () => {
  assert.deepEqual(
    [TABLE.find('_text')?.size, TABLE.find('_stext')?.size, TABLE.find('init_task')?.size],
    [0x40, 0x40, 0],
  )
})

test('a last symbol reaches a megabyte, not to the end of memory', () => {
  assert.equal(TABLE.findAddress(0xffff_ffff_820f_ffffn)?.name, 'init_task')
  assert.equal(TABLE.findAddress(0xffff_ffff_8210_0000n), undefined)
  assert.equal(TABLE.findAddress(0xffff_0000_0000_0000n), undefined)
})

test('symbols are walked in address order whatever the order of the table', () => {
  assert.deepEqual(
    Array.from(TABLE.forEach(), ({ name }) => name),
    ['fixed_percpu_data', '_text', '_stext', 'helper', 'helper', 'init_task'],
  )
})

test('where sizes are recorded an address beyond the size belongs to nobody', () => {
  const sized = indexOf([
    { name: 'a', address: 0x1000n, size: 0x10 },
    { name: 'b', address: 0x2000n, size: 0x10 },
  ])
  assert.equal(sized.findAddress(0x100fn)?.name, 'a')
  assert.equal(sized.findAddress(0x1010n), undefined)
})

test('any table answers as a search one by one would', () => {
  const symbol = fc.record({
    name: fc.stringMatching(/^[a-c]{1,2}$/),
    address: fc.bigInt({ min: 0xffff_ffff_8100_0000n, max: 0xffff_ffff_8100_0020n }),
  })
  fc.assert(
    fc.property(fc.array(symbol, { minLength: 1, maxLength: 20 }), (rows) => {
      const index = indexOf(rows)
      for (let address = 0xffff_ffff_80ff_fffen; address < 0xffff_ffff_8100_0024n; address++) {
        const below = rows.filter((row) => row.address <= address)
        const nearest = below.reduce((best, row) => (row.address > best ? row.address : best), 0n)
        assert.equal(
          index.findAddress(address)?.name,
          below.find((row) => row.address === nearest)?.name,
        )
      }
      for (const { name } of rows) {
        assert.deepEqual(
          index.findAll(name).map(({ address }) => address),
          rows.filter((row) => row.name === name).map(({ address }) => address),
        )
      }
    }),
  )
})

test('a million symbols at one address are walked in a moment', () => {
  const count = 1_000_000
  const index = new SymbolIndex('', {
    count,
    names: new Uint8Array(count).fill(0x61),
    nameStart: Uint32Array.from({ length: count + 1 }, (_, i) => i),
    types: new Uint8Array(count).fill(0x54),
    addresses: new BigUint64Array(count).fill(0x1000n),
  })
  const begin = performance.now()
  let seen = 0
  for (const _ of index.forEach()) if (++seen === 20_000) break
  for (let i = 0; i < 100; i++) assert.equal(index.findAddress(0x1001n)?.name, 'a')
  assert.ok(performance.now() - begin < 2000)
})
