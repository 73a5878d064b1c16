// What is checked before the kernel is asked: kernel files and images made for the test, against a reservation.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, before, beforeEach, test } from 'node:test'
import { mkbzImage, mkpe } from '../../../../test/support/mkpe.ts'
import { sumImage } from './image_manifest.ts'
import { verifyLoadSet } from './load_image.ts'
import type { LoadSet } from './load_set.ts'
import { DEFAULT_LOAD_SETTINGS } from '../config/load_settings.ts'

const RESERVED = 64 << 20
let folder = ''
let set: LoadSet
const at = (name: string): string => path.join(folder, name)
before(() => (folder = mkdtempSync(path.join(os.tmpdir(), 'kbox-load-'))))
after(() => rmSync(folder, { recursive: true }))
beforeEach(() => {
  writeFileSync(at('vmlinuz'), mkbzImage())
  writeFileSync(at('image'), Buffer.alloc(1 << 20))
  const inputs = { version: 1, release: '6.1', backend: 'builtin', inputs: [] }
  writeFileSync(at('image.json'), JSON.stringify({ ...inputs, image: sumImage(at('image')) }))
  set = {
    ...{ release: '6.1', kernel: at('vmlinuz'), image: at('image') },
    ...{ cmdline: 'ro', words: { image: '', asked: '' }, settings: DEFAULT_LOAD_SETTINGS },
  }
})

test('a sound set passes', () => {
  assert.doesNotThrow(() => verifyLoadSet(set, RESERVED))
})

test('a kernel file that cannot be loaded is named with what is wrong', () => {
  const table: readonly (readonly [Uint8Array, RegExp])[] = [
    [mkbzImage({ presentBytes: 1600 }), /vmlinuz cannot be loaded: it is cut off/],
    [Buffer.from('#!/bin/sh\nexit 0\n'), /vmlinuz is no kernel \(it begins 23 21 2f/],
    [new Uint8Array(), /vmlinuz is no kernel/],
    [mkpe({ sections: [{ name: '.linux', content: 'x' }] }), /unified kernel image/],
  ]
  for (const [content, words] of table) {
    writeFileSync(at('vmlinuz'), content)
    assert.throws(() => verifyLoadSet(set, RESERVED), words)
  }
  assert.throws(() => verifyLoadSet({ ...set, kernel: at('none') }, RESERVED), /none: cannot open/)
})

test("a command line longer than the kernel file's own limit is refused", () => {
  writeFileSync(at('vmlinuz'), mkbzImage({ cmdlineSize: 255 }))
  const long = (size: number): LoadSet => ({ ...set, cmdline: 'x'.repeat(size) })
  assert.doesNotThrow(() => verifyLoadSet(long(224), RESERVED))
  assert.throws(() => verifyLoadSet(long(225), RESERVED), /has 225 bytes, 224 fit/)
})

test('an image that is not the one that was built is refused', () => {
  truncateSync(at('image'), 1000)
  assert.throws(
    () => verifyLoadSet(set, RESERVED),
    /has 1000 bytes instead of .*: run 'kbox rebuild'/,
  )
  rmSync(at('image'))
  assert.throws(() => verifyLoadSet(set, RESERVED), /image is missing: run 'kbox rebuild'/)
})

test('what does not fit into the reservation is refused: the kernel counts as it unpacks', () => {
  writeFileSync(at('vmlinuz'), mkbzImage({ initSizeBytes: RESERVED - (1 << 20) }))
  assert.doesNotThrow(() => verifyLoadSet(set, RESERVED))
  writeFileSync(at('vmlinuz'), mkbzImage({ initSizeBytes: RESERVED }))
  assert.throws(
    () => verifyLoadSet(set, RESERVED),
    /reservation \(64 MB\) has no room for kernel and initramfs \(65 MB\)/,
  )
})
