// Archives of our own writer, listed; and one that ends at every byte.
import assert from 'node:assert/strict'
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { FormatError } from '../../../core/base/errors.ts'
import { writeCpio } from './cpio.ts'
import { listInitramfs } from './cpio_list.ts'

let folder = ''
let archive: Uint8Array
before(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'kbox-list-'))
  const fd = openSync(path.join(folder, 'archive'), 'w')
  writeCpio(fd, [
    { kind: 'directory', path: 'bin', mode: 0o755 },
    { kind: 'file', path: 'bin/odd', mode: 0o755, content: Buffer.from('12345') },
    { kind: 'symlink', path: 'bin/sh', target: 'odd' },
  ])
  // A second archive behind the first, as initramfs-tools puts microcode in front.
  writeCpio(fd, [{ kind: 'file', path: './etc/x', mode: 0o644, content: new Uint8Array(7) }])
  closeSync(fd)
  archive = readFileSync(path.join(folder, 'archive'))
})
after(() => rmSync(folder, { recursive: true }))

test('regular files are listed, of all archives in a file', () => {
  assert.deepEqual(listInitramfs('archive', archive), [
    { path: 'bin/odd', sizeBytes: 5 },
    { path: 'etc/x', sizeBytes: 7 },
  ])
})

test('an archive that ends early lists less or is refused by name, and nothing else happens', () => {
  for (let size = 0; size < 512; size++) {
    try {
      assert.ok(listInitramfs('archive', archive.subarray(0, size)).length <= 1)
    } catch (error) {
      assert.ok(error instanceof FormatError)
      assert.match(error.message, /archive: offset 0x[\da-f]+: cpio: /)
    }
  }
})

test('an archive in gzip is listed, also behind one that is not, as microcode is', () => {
  const packed = gzipSync(archive)
  assert.equal(listInitramfs('image', packed).length, 2)
  assert.equal(listInitramfs('image', Buffer.concat([archive, packed])).length, 4)
})

test('what is no archive is refused', () => {
  const list = (bytes: Uint8Array) => () => listInitramfs('image', bytes)
  assert.throws(list(Buffer.from('zstd')), /image: offset 0x0: cpio: no newc header/)
  assert.throws(list(Buffer.from([0x1f, 0x8b, 8])), /image: offset 0x0: gzip: /)
  assert.throws(list(gzipSync(gzipSync(archive))), /image: offset 0x0: gzip: packed twice/)
})
