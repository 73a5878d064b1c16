// The portable codecs; the properties themselves are in test/support/codec_properties.ts.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { testCodec } from '../../../test/support/codec_properties.ts'
import { CODECS, getCodec } from './codecs.ts'

for (const codec of CODECS) testCodec(codec)

test('a codec is found by its name', () => {
  for (const codec of CODECS) assert.equal(getCodec(codec.name).name, codec.name)
})
