// Flattened streams put together again: as their records say, and as flattenedSource() reads them in place.
import assert from 'node:assert/strict'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, test } from 'node:test'
import fc from 'fast-check'
import {
  flatten,
  type FlatRecord,
  mkflattened,
  unpackRecords,
} from '../../../test/support/flatten.ts'
import { MemoryOutput } from '../../../test/support/memory_output.ts'
import { FormatError, HostError, UnsupportedError } from '../../core/base/errors.ts'
import { flattenedSource } from '../../core/io/flattened_source.ts'
import { memorySource } from '../../core/io/memory_source.ts'
import { rearrange } from './rearrange.ts'

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'kbox-rearrange-'))
after(() => fs.rmSync(folder, { recursive: true }))

/** Rearrange bytes as if they came from a stream. */
function run(
  bytes: Uint8Array,
  output = new MemoryOutput(),
): { output: MemoryOutput; written: number } {
  const file = path.join(folder, 'stream')
  fs.writeFileSync(file, bytes)
  const fd = fs.openSync(file, 'r')
  try {
    return { output, written: rearrange(fd, 'stream', output) }
  } finally {
    fs.closeSync(fd)
  }
}

const same = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0

test('what was flattened comes out as it was', () => {
  const bytes = Uint8Array.from({ length: 300_000 }, (_, i) => (i * 7) & 0xff)
  const { output, written } = run(flatten(bytes))
  assert.ok(same(output.bytes, bytes))
  assert.equal(written, 300_000 + 2 * 464)
})

test('a record larger than the buffer is written in pieces', () => {
  const bytes = Uint8Array.from({ length: 2_500_000 }, (_, i) => (i * 11) & 0xff)
  assert.ok(same(run(mkflattened([{ offset: 0, bytes }])).output.bytes, bytes))
})

test('any records: the file is what they write in turn, and what reading in place gives', () => {
  const record = fc.record({
    offset: fc.nat(10_000),
    bytes: fc.uint8Array({ maxLength: 3000 }),
  })
  fc.assert(
    fc.property(fc.array(record, { minLength: 1, maxLength: 8 }), (records: FlatRecord[]) => {
      fc.pre(records.some(({ bytes }) => bytes.length > 0))
      const flat = mkflattened(records)
      const { bytes } = run(flat).output
      assert.ok(same(bytes, unpackRecords(records)))
      const inPlace = flattenedSource(memorySource(flat))
      const read = new Uint8Array(inPlace.size)
      inPlace.read(0, read)
      assert.ok(same(bytes, read))
    }),
    { numRuns: 60 },
  )
})

test('a stream cut anywhere is an error that says where, and what came before is written', () => {
  const records = [
    { offset: 0, bytes: new Uint8Array(50).fill(1) },
    { offset: 100, bytes: new Uint8Array(50).fill(2) },
  ]
  const flat = mkflattened(records)
  const cuts = [
    0,
    1,
    4095,
    4096,
    4100,
    4111,
    4112,
    4130,
    4162,
    4170,
    flat.length - 16,
    flat.length - 1,
  ]
  for (const cut of cuts) {
    const output = new MemoryOutput()
    assert.throws(
      () => run(flat.subarray(0, cut), output),
      (error) =>
        error instanceof FormatError &&
        error.offset <= cut &&
        /: ends after \d+ of /.test(error.message),
      `cut at ${cut}`,
    )
    if (cut >= 4162) assert.deepEqual(output.bytes.subarray(0, 50), records[0]?.bytes)
  }
})

const HOSTILE: readonly (readonly [offset: bigint, size: bigint])[] = [
  [-1n, 5n],
  [5n, -1n],
  [-2n, -2n],
  [0n, -(2n ** 63n)],
  [2n ** 62n, 10n],
  [2n ** 53n, 1n],
  [0n, 2n ** 60n],
]

for (const [offset, size] of HOSTILE) {
  test(`a record of ${size} bytes at ${offset} is refused or ends with the stream, and takes no memory`, () => {
    const flat = mkflattened([{ offset: 0, bytes: new Uint8Array(8) }])
    const view = new DataView(flat.buffer)
    view.setBigInt64(4096, offset)
    view.setBigInt64(4104, size)
    const output = new MemoryOutput()
    assert.throws(() => run(flat, output), FormatError)
    assert.ok(output.bytes.length < 100)
  })
}

test('a huge record on a full target stops at once', () => {
  const flat = mkflattened([{ offset: 2 ** 50, bytes: new Uint8Array(100) }])
  const { output, written } = run(flat, new MemoryOutput(4096))
  assert.equal(written, 0)
  assert.equal(output.problem?.errno, 'ENOSPC')
})

test('what is not flattened, or in another way, is refused', () => {
  assert.throws(() => run(new Uint8Array(8192)), { message: /not a flattened dump/ })
  const flat = mkflattened([])
  new DataView(flat.buffer).setBigInt64(24, 2n)
  assert.throws(() => run(flat), UnsupportedError)
})

test('a stream that cannot be read is the machine’s error', () => {
  const fd = fs.openSync(folder, 'r')
  try {
    assert.throws(
      () => rearrange(fd, 'stdin', new MemoryOutput()),
      (error) => error instanceof HostError && error.errno === 'EISDIR',
    )
  } finally {
    fs.closeSync(fd)
  }
})
