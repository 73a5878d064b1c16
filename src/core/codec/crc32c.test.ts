// Known answers of RFC 3720 appendix B.4.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { crc32c } from './crc32c.ts'

const ANSWERS: readonly (readonly [what: string, bytes: Uint8Array, crc: number])[] = [
  ['nothing', new Uint8Array(0), 0],
  ['32 zeros', new Uint8Array(32), 0x8a91_36aa],
  ['32 ones', new Uint8Array(32).fill(0xff), 0x62a8_ab43],
  ['a rising sequence', Uint8Array.from({ length: 32 }, (_, i) => i), 0x46dd_794e],
  ['digits', new TextEncoder().encode('123456789'), 0xe306_9283],
]
for (const [what, bytes, crc] of ANSWERS) {
  test(`the checksum of ${what} is the known one`, () => {
    assert.equal(crc32c(bytes), crc)
  })
}
