// Memory over a counting dump (test/support/page_dump.ts) whose kernel addresses are physical ones plus a constant.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { PageDump, type PageSource } from '../../../test/support/page_dump.ts'
import { noise } from '../../../test/support/vmcore_recipe.ts'
import type { Translator } from '../arch/arch.ts'
import { FaultError, type FaultReason } from '../base/errors.ts'
import { Memory } from './memory.ts'

const BASE = 0xffff_8880_0000_0000n

/** Addresses above BASE are physical plus BASE; below there is nothing. */
function linear(toPhysical = (offset: number): number => offset): Translator {
  const translate = (address: bigint): number => {
    const offset = Number(address - BASE)
    if (offset < 0 || offset >= 2 ** 40) throw new FaultError(address, 'virtual', 'no-translation')
    return toPhysical(offset)
  }
  return {
    kernelRoot: 0,
    lastPageSize: 4096,
    kernelToPhysical: translate,
    walk: (root, address) => root + Number(address),
    walkLevels: () => ({ entries: [], target: undefined, coverage: 4096 }),
    explainEntry: () => ({ kind: 'none' }),
    forEachMapped: () => [],
    directMap: undefined,
    setDirectMap() {},
  }
}

function memoryOf(
  page: PageSource,
  options: { pageSize?: number; littleEndian?: boolean } = {},
  translator = linear(),
): { memory: Memory; dump: PageDump } {
  const dump = new PageDump(page, options)
  const memory = new Memory(dump)
  memory.setTranslator(translator)
  return { memory, dump }
}

const CONTENT = (() => {
  const next = noise(7)
  return Uint8Array.from({ length: 4 * 4096 }, () => next() || 1)
})()
const contentPage: PageSource = (pfn) =>
  pfn < 4 ? CONTENT.subarray(pfn * 4096, pfn * 4096 + 4096) : 'not-present'

for (const littleEndian of [true, false]) {
  test(`scalars read at any address, across pages too (${littleEndian ? 'little' : 'big'}-endian)`, () => {
    const { memory } = memoryOf(contentPage, { littleEndian })
    const view = new DataView(CONTENT.buffer)
    fc.assert(
      fc.property(
        fc.oneof(fc.nat(4 * 4096 - 8), fc.integer({ min: 4080, max: 4100 })),
        (offset) => {
          const at = BASE + BigInt(offset)
          assert.equal(memory.u8(at), view.getUint8(offset))
          assert.equal(memory.u16(at), view.getUint16(offset, littleEndian))
          assert.equal(memory.i16(at), view.getInt16(offset, littleEndian))
          assert.equal(memory.u32(at), view.getUint32(offset, littleEndian))
          assert.equal(memory.i32(at), view.getInt32(offset, littleEndian))
          assert.equal(memory.u64(at), view.getBigUint64(offset, littleEndian))
        },
      ),
    )
  })
}

test('ranges read whole, across pages that lie apart in physical memory', () => {
  const swapped = linear((offset) => ((Math.floor(offset / 4096) ^ 1) % 4) * 4096 + (offset % 4096))
  const { memory } = memoryOf(contentPage, {}, swapped)
  const expected = new Uint8Array([
    ...CONTENT.subarray(4096 + 4000, 8192),
    ...CONTENT.subarray(0, 200),
  ])
  assert.deepEqual(memory.bytes(BASE + 4000n, 296), expected)
})

test('pages of 64 KiB read as well', () => {
  const page = new Uint8Array(65536).map((_, i) => i >> 8)
  const { memory } = memoryOf(() => page, { pageSize: 65536 })
  assert.equal(memory.u8(BASE + 0x1_ff00n), 0xff)
  assert.equal(memory.u64(BASE + 0xfffcn), 0xffff_ffffn)
})

const REASONS: readonly FaultReason[] = [
  'excluded',
  'not-present',
  'truncated',
  'corrupt',
  'out-of-range',
]
for (const reason of REASONS) {
  test(`a page that is ${reason} faults with that reason and the virtual address`, () => {
    const { memory } = memoryOf((pfn) => (pfn === 1 ? reason : new Uint8Array(4096)))
    for (const read of [() => memory.u64(BASE + 0x1ff0n), () => memory.bytes(BASE + 0x1ff0n, 4)]) {
      assert.throws(read, (error) => {
        assert.ok(error instanceof FaultError)
        assert.deepEqual(
          [error.address, error.space, error.reason],
          [BASE + 0x1ff0n, 'virtual', reason],
        )
        assert.ok(error.cause instanceof FaultError && error.cause.space === 'physical')
        return true
      })
    }
    assert.throws(() => memory.bytes(BASE + 0xff0n, 64), { address: BASE + 0x1000n, reason })
    assert.equal(memory.isReadable(BASE + 0x1000n), false)
    assert.equal(memory.isReadable(BASE), true)
  })
}

test('an address without translation faults as such, naming the byte asked for', () => {
  const { memory } = memoryOf(contentPage)
  assert.throws(() => memory.u32(BASE - 0x7n), {
    space: 'virtual',
    reason: 'no-translation',
    address: BASE - 7n,
  })
})

test('before a translator is set nothing virtual reads', () => {
  const memory = new Memory(new PageDump(contentPage))
  assert.throws(() => memory.u8(BASE), { reason: 'no-translation' })
  const into = new Uint8Array(2)
  memory.readPhysical(1, into)
  assert.deepEqual(into, CONTENT.slice(1, 3))
})

test('a page is read once while it is in use', () => {
  const { memory, dump } = memoryOf(contentPage)
  for (let i = 0; i < 100; i++) memory.u64(BASE + BigInt((i % 4) * 4096))
  assert.deepEqual(dump.reads, [0, 1, 2, 3])
})

test('pages beyond the cache are dropped by generation, and read again', () => {
  const page = new Uint8Array(65536)
  const { memory, dump } = memoryOf(() => page, { pageSize: 65536 })
  // 48 MiB are two generations of 384 pages of 64 KiB.
  const touch = (from: number, to: number): void => {
    for (let pfn = from; pfn < to; pfn++) memory.u8(BASE + BigInt(pfn) * 65536n)
  }
  touch(0, 384)
  touch(384, 600)
  dump.reads.length = 0
  touch(0, 100)
  assert.deepEqual(dump.reads, [], 'the older generation is still there')
  touch(600, 1500)
  dump.reads.length = 0
  touch(0, 1)
  assert.deepEqual(dump.reads, [0])
})

test('whatever was read before, a page reads as the dump has it', () => {
  const pageOf = (pfn: number): Uint8Array => new Uint8Array(65536).fill(pfn % 251)
  const { memory } = memoryOf(pageOf, { pageSize: 65536 })
  fc.assert(
    fc.property(fc.array(fc.nat(1200), { maxLength: 60 }), (pfns) => {
      for (const pfn of pfns) assert.equal(memory.u8(BASE + BigInt(pfn) * 65536n + 9n), pfn % 251)
    }),
    { numRuns: 40 },
  )
})

test('a million addresses of one page do not grow the cache without end', () => {
  const page = new Uint8Array(4096).fill(3)
  const { memory } = memoryOf(
    () => page,
    {},
    linear((offset) => offset % 4096),
  )
  memory.u8(BASE)
  const before = process.memoryUsage().heapUsed
  for (let i = 0n; i < 300_000n; i++) memory.u8(BASE + i * 4096n)
  assert.ok(process.memoryUsage().heapUsed - before < 64 * 1024 * 1024)
})

test('a C string ends at its NUL, at its limit, or where memory ends', () => {
  const text = new Uint8Array(3 * 4096).fill(0x61)
  text.set([0x62, 0], 4095)
  const page: PageSource = (pfn) =>
    pfn < 3 ? text.subarray(pfn * 4096, pfn * 4096 + 4096) : 'excluded'
  const { memory } = memoryOf(page)
  const lengthAt = (offset: number, max: number): number =>
    memory.cstringBytes(BASE + BigInt(offset), max).length
  assert.equal(lengthAt(4090, 100), 6)
  assert.equal(lengthAt(4096, 100), 0)
  assert.equal(lengthAt(4097, 100), 100)
  assert.equal(lengthAt(4097, 65536), 2 * 4096 - 1)
  assert.equal(lengthAt(4097, 0), 0)
  assert.throws(() => lengthAt(3 * 4096, 8), { reason: 'excluded' })
})

test('memory of another address space reads by its own root', () => {
  const { memory } = memoryOf(contentPage)
  const into = new Uint8Array(16)
  memory.readWithRoot(4096, 0xff8n, into)
  assert.deepEqual(into, CONTENT.slice(4096 + 0xff8, 4096 + 0x1008))
  assert.throws(() => memory.readWithRoot(4096, 0x2ffcn, into), {
    space: 'virtual',
    address: 0x3000n,
  })
})

test('pages that were left out read as zeros on demand, others that are missing do not', () => {
  const { memory } = memoryOf((pfn) =>
    pfn === 1 ? 'excluded' : pfn === 2 ? 'truncated' : new Uint8Array(4096).fill(7),
  )
  assert.throws(() => memory.u8(BASE + 0x1000n), { reason: 'excluded' })
  memory.zeroExcluded = true
  assert.equal(memory.u8(BASE + 0x1000n), 0)
  assert.equal(memory.u8(BASE), 7)
  assert.throws(() => memory.u8(BASE + 0x2000n), { reason: 'truncated' })
  memory.zeroExcluded = false
  assert.throws(() => memory.u8(BASE + 0x1000n), { reason: 'excluded' })
})
