// Kernel and image files of a few bytes: what is kept of a load survives that both are replaced.
import assert from 'node:assert/strict'
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { FormatError } from '../../../core/base/errors.ts'
import { findLastGood, keepLastGood, lastGoodFiles } from './last_good.ts'
import { readLoadSet, writeLoadSet, type LoadSet } from './load_set.ts'
import { DEFAULT_LOAD_SETTINGS } from '../config/load_settings.ts'

let folder = ''
let set: LoadSet
const at = (name: string): string => path.join(folder, name)
before(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'kbox-good-'))
  set = {
    ...{ release: '6.1', kernel: at('vmlinuz'), image: at('image') },
    ...{ cmdline: 'a b', words: { image: '', asked: 'b' }, settings: DEFAULT_LOAD_SETTINGS },
  }
})
after(() => rmSync(folder, { recursive: true }))

/** As a rebuild replaces an image, and as cp replaces a kernel. */
function replaceBoth(): void {
  writeFileSync(at('image.tmp'), 'newer image')
  renameSync(at('image.tmp'), at('image'))
  writeFileSync(at('vmlinuz'), 'newer kernel')
}

test('without a load before there is nothing to fall back to', () => {
  assert.equal(findLastGood(set.image), undefined)
})

test('what was loaded is found again after image and kernel were replaced', () => {
  writeFileSync(at('image'), 'image')
  writeFileSync(at('vmlinuz'), 'kernel')
  keepLastGood(set)
  replaceBoth()
  const kept = lastGoodFiles(set.image)
  assert.deepEqual(findLastGood(set.image), { ...set, image: kept.image, kernel: kept.kernel })
})

test('what is kept can be kept again after it was loaded', () => {
  const good = findLastGood(set.image)
  assert.ok(good)
  keepLastGood(good)
  assert.deepEqual(findLastGood(good.image), good)
})

test('a kept file that was damaged is not loaded', () => {
  writeFileSync(lastGoodFiles(set.image).kernel, 'kerneL')
  assert.equal(findLastGood(set.image), undefined)
})

test('a newer load takes the place of the older one', () => {
  keepLastGood(set)
  assert.equal(findLastGood(set.image)?.cmdline, 'a b')
  keepLastGood({ ...set, cmdline: 'c' })
  assert.equal(findLastGood(set.image)?.cmdline, 'c')
})

test('a load set survives being written and read, and a damaged one is named', () => {
  assert.equal(readLoadSet(at('loaded.json')), undefined)
  writeLoadSet(at('loaded.json'), set)
  assert.deepEqual(readLoadSet(at('loaded.json')), set)
  writeFileSync(at('loaded.json'), '{"version":1,"settings":{}}')
  assert.throws(() => readLoadSet(at('loaded.json')), FormatError)
})
