// The native codecs keep the contract of the portable ones, and each reads what the other writes.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { testCodec } from '../../../test/support/codec_properties.ts'
import type { CodecName } from '../../core/codec/codec.ts'
import { CODECS, getCodec } from '../../core/codec/codecs.ts'
import { NODE_CODECS, registerNativeCodecs } from './native_codecs.ts'

const NAMES: readonly CodecName[] = ['zlib', 'zstd']

registerNativeCodecs()
for (const name of NAMES) testCodec(getCodec(name), `native ${name}`)
for (const codec of NODE_CODECS) testCodec(codec, `node ${codec.name}`)

const page = Uint8Array.from({ length: 4096 }, (_, i) =>
  i % 64 < 48 ? 0 : Math.imul(i, 0x9e37) >> 8,
)

for (const name of NAMES) {
  test(`${name}: native, node and portable code read one another`, () => {
    const codecs = [getCodec(name), ...NODE_CODECS, ...CODECS].filter(
      (codec) => codec.name === name,
    )
    assert.equal(codecs.length, 3)
    for (const writer of codecs) {
      const packed = new Uint8Array(4096)
      const size = writer.compress?.(page, packed) ?? 0
      if (!writer.compress) continue
      assert.ok(size > 0 && size < 2048)
      for (const reader of codecs) {
        const output = new Uint8Array(4096)
        assert.equal(reader.decompress(packed.subarray(0, size), output), 4096)
        assert.deepEqual(output, page)
      }
    }
  })
}
