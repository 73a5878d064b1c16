// Damaged blocks of every codec, portable and native, and of gzip. They may raise RangeError or decode; they may not write
// past their output, nor produce more than it holds.
import assert from 'node:assert/strict'
import { deflateSync, gzipSync, zstdCompressSync } from 'node:zlib'
import type { Codec, CodecName } from '../../src/core/codec/codec.ts'
import { CODECS, getCodec } from '../../src/core/codec/codecs.ts'
import { gunzip } from '../../src/core/codec/gzip.ts'
import { NODE_CODECS, registerNativeCodecs } from '../../src/host/platform/native_codecs.ts'
import { fuzz, type FuzzCase } from '../support/fuzz.ts'
import { mutate, type Random } from '../support/mutate.ts'
import { noise } from '../support/vmcore_recipe.ts'

const PAGE = 512
const MARGIN = 32
const CANARY = 0xa5
const random8 = noise(7)
/** Zeros, repeats, words that differ a little, noise; and a bomb: far more than a page in some bytes. */
const CONTENTS: readonly Uint8Array[] = [
  new Uint8Array(PAGE),
  Uint8Array.from({ length: PAGE }, (_, i) => i % 48),
  Uint8Array.from({ length: PAGE }, (_, i) => (i % 8 === 0 ? i >> 3 : i % 8 > 5 ? 0xff : 0x80)),
  Uint8Array.from({ length: PAGE }, random8),
  Uint8Array.from({ length: PAGE }, (_, i) => (i < 300 ? random8() & 3 : 0)),
  new Uint8Array(1024 * 1024),
]

const PACKERS: Readonly<Record<CodecName, (bytes: Uint8Array) => Uint8Array>> = {
  zlib: (bytes) => deflateSync(bytes, { level: 1 }),
  zstd: (bytes) => zstdCompressSync(bytes),
  lzo: (bytes) => pack('lzo', bytes),
  snappy: (bytes) => pack('snappy', bytes),
}

function pack(name: CodecName, bytes: Uint8Array): Uint8Array {
  const output = new Uint8Array(bytes.length * 2 + 1024)
  return output.slice(0, getCodec(name).compress?.(bytes, output))
}

/** Runs of one codec on damaged blocks of its own, and on blocks of nothing but damage. */
function cases(name: CodecName, codec: Codec): FuzzCase {
  const blocks = CONTENTS.map(PACKERS[name])
  return (random) => {
    const block = random.below(16) === 0 ? noiseBlock(random) : mutate(random.pick(blocks), random)
    const whole = new Uint8Array(PAGE + 2 * MARGIN).fill(CANARY)
    const output = whole.subarray(MARGIN, MARGIN + PAGE)
    try {
      const size = codec.decompress(block, output)
      assert.ok(size >= 0 && size <= PAGE, `decompresses to ${size} bytes`)
    } catch (error) {
      if (!(error instanceof RangeError)) throw error
    }
    for (let at = 0; at < MARGIN; at++) {
      assert.equal(whole[at], CANARY, 'writes before its output')
      assert.equal(whole[MARGIN + PAGE + at], CANARY, 'writes behind its output')
    }
  }
}

const noiseBlock = (random: Random): Uint8Array =>
  Uint8Array.from({ length: random.below(300) }, () => random.below(256))

const portable = (name: CodecName): Codec => {
  const codec = CODECS.find((candidate) => candidate.name === name)
  assert.ok(codec)
  return codec
}
const node = (name: CodecName): Codec => {
  const codec = NODE_CODECS.find((candidate) => candidate.name === name)
  assert.ok(codec)
  return codec
}

fuzz('zlib blocks, portable', {}, cases('zlib', portable('zlib')))
fuzz('zstd blocks, portable', {}, cases('zstd', portable('zstd')))
fuzz('lzo blocks', {}, cases('lzo', portable('lzo')))
fuzz('snappy blocks', {}, cases('snappy', portable('snappy')))
fuzz('zlib blocks, node', {}, cases('zlib', node('zlib')))
fuzz('zstd blocks, node', {}, cases('zstd', node('zstd')))

registerNativeCodecs()
fuzz('zlib blocks, native', {}, cases('zlib', getCodec('zlib')))
fuzz('zstd blocks, native', {}, cases('zstd', getCodec('zstd')))

const GZIPS = CONTENTS.map((bytes) => gzipSync(bytes))
const CONFIG_MAX = 2 * 1024 * 1024
fuzz('gzip members', {}, (random) => {
  try {
    assert.ok(gunzip(mutate(random.pick(GZIPS), random), CONFIG_MAX).length <= CONFIG_MAX)
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
  }
})
