// Tests that hold for every codec: round trips of page-like bytes, and hostile input that may only raise RangeError.
// The output is a window in a larger buffer whose margins must stay untouched.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { deflateSync, zstdCompressSync } from 'node:zlib'
import fc from 'fast-check'
import type { Codec } from '../../src/core/codec/codec.ts'

const MARGIN = 64
const CANARY = 0xa5

/** Bytes as pages have them: runs, repeated records, noise. */
const pageLike = fc
  .array(
    fc.oneof(
      fc
        .tuple(fc.nat(255), fc.integer({ min: 1, max: 700 }))
        .map(([byte, count]) => new Array<number>(count).fill(byte)),
      fc.array(fc.nat(255), { minLength: 1, maxLength: 90 }),
      fc
        .tuple(
          fc.array(fc.nat(255), { minLength: 1, maxLength: 70 }),
          fc.integer({ min: 2, max: 40 }),
        )
        .map(([record, count]) => new Array<number[]>(count).fill(record).flat()),
    ),
    { maxLength: 24 },
  )
  .map((parts) => Uint8Array.from(parts.flat()).subarray(0, 65536))

/** Register the tests of one codec. */
export function testCodec(codec: Codec, label: string = codec.name): void {
  testDecoding(codec, label)
  testHostileInput(codec, label)
  if (!codec.compress) return
  testEncoding(codec, label)
  testGivingUp(codec, label)
}

function testDecoding(codec: Codec, label: string): void {
  test(`${label}: what was compressed decompresses to the same bytes`, () => {
    fc.assert(
      fc.property(pageLike, (bytes) => {
        const { whole, output } = windowOf(bytes.length)
        assert.equal(codec.decompress(pack(codec, bytes), output), bytes.length)
        assert.deepEqual(output, bytes)
        assertMargins(whole)
      }),
      { numRuns: 150 },
    )
  })

  test(`${label}: a block too large for the output is refused`, () => {
    fc.assert(
      fc.property(pageLike, fc.nat(400), (bytes, less) => {
        fc.pre(bytes.length > less)
        const { whole, output } = windowOf(bytes.length - less - 1)
        assert.throws(() => codec.decompress(pack(codec, bytes), output), RangeError)
        assertMargins(whole)
      }),
      { numRuns: 100 },
    )
  })
}

function testHostileInput(codec: Codec, label: string): void {
  test(`${label}: a mutated or cut block raises RangeError or decodes, within the output`, () => {
    const mutations = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 6 })
    fc.assert(
      fc.property(pageLike, mutations, fc.nat(), (bytes, changes, cut) => {
        const packed = Uint8Array.from(pack(codec, bytes))
        for (const [at, byte] of changes) packed[at % packed.length] = byte
        const input = changes.length % 2 ? packed : packed.subarray(0, cut % (packed.length + 1))
        const { whole, output } = windowOf(4096)
        assertHostile(codec, input, output)
        assertMargins(whole)
      }),
      { numRuns: 600 },
    )
  })

  test(`${label}: noise raises RangeError or decodes, within the output`, () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (input) => {
        const { whole, output } = windowOf(512)
        assertHostile(codec, input, output)
        assertMargins(whole)
      }),
      { numRuns: 600 },
    )
  })
}

function testEncoding(codec: Codec, label: string): void {
  test(`${label}: compress never leaves its output and says 0 when the result does not fit`, () => {
    fc.assert(
      fc.property(pageLike, fc.nat(5000), (bytes, room) => {
        const { whole, output } = windowOf(room)
        const size = codec.compress?.(bytes, output) ?? 0
        assert.ok(size <= room)
        assertMargins(whole)
        if (size > 0) {
          const again = new Uint8Array(bytes.length)
          assert.equal(codec.decompress(output.subarray(0, size), again), bytes.length)
          assert.deepEqual(again, bytes)
        }
      }),
      { numRuns: 200 },
    )
  })
}

function testGivingUp(codec: Codec, label: string): void {
  test(`${label}: a page that did not fit leaves nothing behind for the next one`, () => {
    fc.assert(
      fc.property(pageLike, pageLike, fc.nat(600), (first, second, room) => {
        codec.compress?.(first, new Uint8Array(room))
        const packed = pack(codec, second)
        const output = new Uint8Array(second.length)
        assert.equal(codec.decompress(packed, output), second.length)
        assert.deepEqual(output, second)
      }),
      { numRuns: 300 },
    )
  })
}

function windowOf(size: number): { whole: Uint8Array; output: Uint8Array } {
  const whole = new Uint8Array(size + 2 * MARGIN).fill(CANARY)
  return { whole, output: whole.subarray(MARGIN, MARGIN + size) }
}

function assertMargins(whole: Uint8Array): void {
  for (let i = 0; i < MARGIN; i++) {
    assert.equal(whole[i], CANARY)
    assert.equal(whole[whole.length - 1 - i], CANARY)
  }
}

function pack(codec: Codec, bytes: Uint8Array): Uint8Array {
  if (codec.name === 'zstd') return zstdCompressSync(bytes)
  if (codec.name === 'zlib') return deflateSync(bytes, { level: 1 })
  const output = new Uint8Array(bytes.length + (bytes.length >> 3) + 64)
  const size = codec.compress?.(bytes, output) ?? 0
  assert.ok(size > 0)
  return output.subarray(0, size)
}

function assertHostile(codec: Codec, input: Uint8Array, output: Uint8Array): void {
  try {
    const size = codec.decompress(input, output)
    assert.ok(size >= 0 && size <= output.length)
  } catch (error) {
    assert.ok(error instanceof RangeError, String(error))
  }
}
