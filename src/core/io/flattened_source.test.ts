// Flattened files made of records (test/support/flatten.ts) against what unpacking them would give.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { mkflattened, unpackRecords, type FlatRecord } from '../../../test/support/flatten.ts'
import { FormatError } from '../base/errors.ts'
import { blockCache } from './block_cache.ts'
import { flattenedSource, isFlattened } from './flattened_source.ts'
import { memorySource } from './memory_source.ts'
import { readExact, type Source } from './source.ts'

const open = (bytes: Uint8Array): ReturnType<typeof flattenedSource> =>
  flattenedSource(memorySource(bytes, 'flat'))

const record = (offset: number, ...bytes: number[]): FlatRecord => ({
  offset,
  bytes: Uint8Array.from(bytes),
})

const readAll = (source: Source): Uint8Array => readExact(source, 0, source.size, 'all')

test('records in any order make one file; between them are zeros', () => {
  const source = open(mkflattened([record(6, 7, 8), record(0, 1, 2, 3)]))
  assert.deepEqual(readAll(source), Uint8Array.of(1, 2, 3, 0, 0, 0, 7, 8))
  assert.equal(source.size, 8)
  assert.equal(source.isCut, false)
})

test('a later record overwrites an earlier one, whole or in part', () => {
  const source = open(
    mkflattened([record(0, 1, 1, 1, 1, 1, 1), record(2, 2, 2), record(3, 3), record(5, 5, 5)]),
  )
  assert.deepEqual(readAll(source), Uint8Array.of(1, 1, 2, 3, 1, 5, 5))
})

test('a record of no bytes writes nothing, wherever it says', () => {
  const source = open(mkflattened([record(2 ** 50), record(1, 9), record(1)]))
  assert.deepEqual(readAll(source), Uint8Array.of(0, 9))
})

test('what follows the end record is ignored', () => {
  const bytes = mkflattened([record(0, 1)])
  const source = open(Uint8Array.of(...bytes, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 7))
  assert.deepEqual(readAll(source), Uint8Array.of(1))
})

const anyRecords = fc.array(
  fc.record({
    offset: fc.nat(300),
    bytes: fc.uint8Array({ maxLength: 60 }),
  }),
  { minLength: 1, maxLength: 40 },
)

test('any set of records reads as the unpacked file does, at any place', () => {
  fc.assert(
    fc.property(anyRecords, fc.nat(400), fc.nat(80), (records, offset, length) => {
      const expected = unpackRecords(records)
      fc.pre(expected.length > 0)
      const source = open(mkflattened(records))
      assert.deepEqual(readAll(source), expected)
      const into = new Uint8Array(length)
      const got = source.read(offset, into)
      assert.deepEqual(into.subarray(0, got), expected.subarray(offset, offset + length))
      assert.deepEqual(readAll(blockCache(source, 64, 2)), expected)
    }),
    { numRuns: 400 },
  )
})

test('cut anywhere the file reads as the records that are left, the last of them in part', () => {
  const records = [record(8, 1, 2, 3, 4), record(0, 5, 6, 7), record(10, 8, 9, 10)]
  const whole = mkflattened(records)
  for (let size = 4096 + 17; size < whole.length; size++) {
    const left: FlatRecord[] = []
    let at = 4096
    for (const { offset, bytes } of records) {
      at += 16
      left.push({
        offset,
        bytes: bytes.subarray(0, Math.max(0, Math.min(bytes.length, size - at))),
      })
      at += bytes.length
    }
    const source = open(whole.subarray(0, size))
    assert.equal(source.isCut, true, `cut at ${size}`)
    assert.deepEqual(readAll(source), unpackRecords(left), `cut at ${size}`)
  }
})

test('cut before its first record a file gives a format error', () => {
  const whole = mkflattened([record(0, 1)])
  for (let size = 0; size <= 4096 + 16; size += size < 40 || size > 4090 ? 1 : 97) {
    assert.throws(() => open(whole.subarray(0, size)), FormatError, `cut at ${size}`)
  }
})

test('what is no record any more ends the file as a cut does', () => {
  const whole = mkflattened([record(0, 1, 2), record(4, 3)])
  const view = new DataView(whole.buffer)
  for (const [offset, size] of [
    [-5n, 1n],
    [0n, -1n],
    [1n << 60n, 1n],
    [-1n, 0n],
  ] as const) {
    view.setBigInt64(4096 + 18, offset)
    view.setBigInt64(4096 + 26, size)
    const source = open(whole)
    assert.equal(source.isCut, true)
    assert.deepEqual(readAll(source), Uint8Array.of(1, 2))
  }
})

test('a record longer than the file is as long as the file', () => {
  const whole = mkflattened([record(0, 1, 2)], false)
  new DataView(whole.buffer).setBigInt64(4096 + 8, 1n << 52n)
  assert.deepEqual(readAll(open(whole)), Uint8Array.of(1, 2))
})

test('in a cut file a long stretch that no record wrote is lost, padding is zeros; what lies behind reads', () => {
  const records = [record(0, 1), record(100, 2), record(200_000, 3)]
  const cut = blockCache(open(mkflattened(records, false)))
  const byte = new Uint8Array(1)
  assert.deepEqual([cut.read(50, byte), byte[0]], [1, 0])
  assert.equal(cut.read(150, byte), 0)
  assert.equal(cut.read(199_999, byte), 0)
  assert.deepEqual([cut.read(200_000, byte), byte[0]], [1, 3])
  assert.equal(cut.read(90, new Uint8Array(20)), 11)
  const whole = open(mkflattened(records))
  assert.equal(whole.read(150, byte), 1)
})

test('records farther apart than any dump are refused, whatever size they claim', () => {
  assert.throws(() => open(mkflattened([record(0, 1), record(2 ** 40, 1)])), {
    message: 'flat: offset 0x1000: flattened records write 2 bytes and leave out 1099511627775',
  })
})

test('another type or version is not supported', () => {
  const bytes = mkflattened([record(0, 1)])
  bytes[31] = 2
  assert.throws(() => open(bytes), {
    message: 'not supported: flat: flattened file of type 1, version 2',
  })
})

test('opening reads the headers of large records, not their data', () => {
  const bytes = new Uint8Array(100_000).fill(7)
  const parent = memorySource(
    mkflattened(Array.from({ length: 50 }, (_, i) => ({ offset: i * bytes.length, bytes }))),
  )
  let read = 0
  const source = flattenedSource({
    ...parent,
    read(offset, into) {
      const got = parent.read(offset, into)
      read += got
      return got
    },
  })
  assert.equal(source.size, 5_000_000)
  assert.ok(read < 4096 + 64 * 1024 + 50 * 16 + 16, `${read} bytes read`)
})

test('a million small records are indexed in a second or so', () => {
  const bytes = Uint8Array.of(1, 2, 3)
  const records = Array.from({ length: 1_000_000 }, (_, i) => ({
    offset: (i % 2) * 3_000_000 + i * 3,
    bytes,
  }))
  const flat = mkflattened(records)
  const begin = performance.now()
  const source = open(flat)
  assert.ok(performance.now() - begin < 10_000)
  assert.deepEqual(readExact(source, 3_000_003, 6, 'bytes'), Uint8Array.of(1, 2, 3, 0, 0, 0))
})

test('a flattened file is told by its first 16 bytes', () => {
  const bytes = mkflattened([])
  assert.equal(isFlattened(bytes), true)
  assert.equal(isFlattened(bytes.subarray(0, 15)), false)
  assert.equal(isFlattened(bytes.fill(1, 15, 16)), false)
})
