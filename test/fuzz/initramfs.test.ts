// Images that others made: damaged cpio archives. What is listed lies inside the file.
import assert from 'node:assert/strict'
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { writeCpio } from '../../src/host/control/initramfs/cpio.ts'
import { listInitramfs } from '../../src/host/control/initramfs/cpio_list.ts'
import { fuzz } from '../support/fuzz.ts'
import { mutate } from '../support/mutate.ts'

function makeArchive(): Uint8Array {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'kbox-fuzz-'))
  try {
    const file = path.join(folder, 'archive')
    const fd = openSync(file, 'w')
    for (const name of ['init', 'usr/sbin/lvm'])
      writeCpio(fd, [{ kind: 'file', path: name, mode: 0o755, content: new Uint8Array(3000) }])
    closeSync(fd)
    return readFileSync(file)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

const ARCHIVE = makeArchive()

fuzz('cpio archives', {}, (random) => {
  const damaged = mutate(ARCHIVE, random, random.below(4) === 0 ? [[0, 120]] : [])
  for (const { sizeBytes } of listInitramfs('archive', damaged))
    assert.ok(sizeBytes <= damaged.length)
})
