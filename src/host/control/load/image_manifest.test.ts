// Manifests of made-up images: what has changed is named, and an image that is not the one written down is found.
import assert from 'node:assert/strict'
import { appendFileSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { FormatError } from '../../../core/base/errors.ts'
import {
  checkImage,
  compareInputs,
  hashFile,
  hashText,
  parseManifest,
  readManifest,
  sumImage,
  type ImageManifest,
} from './image_manifest.ts'

let folder = ''
const at = (name: string): string => path.join(folder, name)
before(() => (folder = mkdtempSync(path.join(os.tmpdir(), 'kbox-manifest-'))))
after(() => rmSync(folder, { recursive: true }))

test('a file is known by its content alone', () => {
  writeFileSync(at('input'), 'abc')
  const before = hashFile(at('input'))
  assert.equal(before.sha256, hashText('', 'abc').sha256)
  assert.equal(before.sizeBytes, 3)
  writeFileSync(at('input'), 'abc')
  assert.deepEqual(hashFile(at('input')), before)
  assert.throws(() => hashFile(at('none')), /none cannot be read/)
})

test('inputs that came, went or changed are named', () => {
  const before = [hashText('same', '1'), hashText('gone', '2'), hashText('changed', '3')]
  const now = [hashText('same', '1'), hashText('changed', '4'), hashText('added', '5')]
  assert.deepEqual(compareInputs(before, now), ['added', 'changed', 'gone'])
  assert.deepEqual(compareInputs(now, now), [])
})

test('an image that is missing, cut, grown or damaged is found', () => {
  const content = Buffer.alloc(3 << 20, 7)
  writeFileSync(at('image'), content)
  const manifest: ImageManifest = {
    ...{ version: 1, release: '6.1', backend: 'builtin', inputs: [] },
    image: sumImage(at('image')),
  }
  assert.equal(checkImage(at('image'), manifest), '')
  truncateSync(at('image'), 5)
  assert.equal(checkImage(at('image'), manifest), 'has 5 bytes instead of 3145728')
  writeFileSync(at('image'), content)
  appendFileSync(at('image'), 'x')
  assert.match(checkImage(at('image'), manifest), /^has 3145729 bytes/)
  content[1 << 21] = 8
  writeFileSync(at('image'), content)
  assert.equal(checkImage(at('image'), manifest), 'was changed or damaged')
  assert.equal(checkImage(at('none'), manifest), 'is missing')
})

test('a manifest survives being written and read; a damaged one is as good as none', () => {
  const manifest: ImageManifest = {
    ...{ version: 1, release: '6.1', backend: 'builtin', inputs: [hashText('a', 'b')] },
    image: { sizeBytes: 5, crc32: 6 },
  }
  assert.deepEqual(parseManifest('m', JSON.stringify(manifest)), manifest)
  writeFileSync(at('image.json'), '{"version":1}')
  assert.equal(readManifest(at('image.json')), undefined)
  assert.throws(() => parseManifest('m', '{"version":2}'), FormatError)
})
