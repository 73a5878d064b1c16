// Kernel strings are bytes: UTF-8 where they are, never an exception.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decodeAscii, decodeCString } from './text.ts'

test('a C string ends at its first NUL, or with its bytes', () => {
  assert.equal(decodeCString(Uint8Array.from([0x61, 0, 0x62])), 'a')
  assert.equal(decodeCString(Uint8Array.from([0x61, 0x62])), 'ab')
})

test('what is not UTF-8 is shown as a replacement, not lost', () => {
  assert.equal(decodeCString(Uint8Array.from([0x61, 0xff, 0x62])), 'a\ufffdb')
})

test('ASCII is decoded between two positions, one character a byte', () => {
  assert.equal(decodeAscii(Uint8Array.from([0x61, 0x62, 0xe9, 0x64]), 1, 3), 'b\xe9')
})
