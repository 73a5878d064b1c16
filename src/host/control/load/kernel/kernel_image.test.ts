// bzImages of a header and a version string, and folders as packages make them.
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { test } from 'node:test'
import { memorySource } from '../../../../core/io/memory_source.ts'
import { findModuleFolder, parseKernelRelease } from './kernel_image.ts'

function bzImage(version: string, magic = 'HdrS', pointer = 0x300): Uint8Array {
  const bytes = new Uint8Array(0x700)
  bytes.set(Buffer.from(magic), 0x202)
  new DataView(bytes.buffer).setUint16(0x20e, pointer, true)
  bytes.set(Buffer.from(`${version}\0`), 0x500)
  return bytes
}
const parse = (bytes: Uint8Array): string => parseKernelRelease(memorySource(bytes, 'vmlinuz'))

test('the release is the first word of the version string', () => {
  assert.equal(
    parse(bzImage('6.12.117+deb12-cloud-amd64 (kernel@debian) #1 SMP')),
    '6.12.117+deb12-cloud-amd64',
  )
})

test('a file without the magic is no bzImage', () => {
  assert.throws(() => parse(bzImage('6.1', 'ELF!')), {
    code: 'ERR_FORMAT',
    message: 'vmlinuz: offset 0x202: not a bzImage: no HdrS',
  })
})

test('a version string outside the file, or one that would name a path, is refused', () => {
  assert.throws(() => parse(bzImage('6.1', 'HdrS', 0xffff)), { code: 'ERR_FORMAT' })
  assert.throws(() => parse(bzImage('../../etc')), /no kernel release/)
  assert.throws(() => parse(new Uint8Array(100)), { code: 'ERR_FORMAT' })
})

test('modules are found in the folder given, below it, and beside a kernel that lies in boot/', (t) => {
  const base = mkdtempSync(path.join(os.tmpdir(), 'kbox-modules-'))
  t.after(() => rmSync(base, { recursive: true }))
  const folder = path.join(base, 'usr/lib/modules/9.9-test')
  mkdirSync(folder, { recursive: true })
  writeFileSync(path.join(folder, 'modules.dep'), '')
  const kernel = path.join(base, 'boot/vmlinuz-9.9-test')
  assert.equal(findModuleFolder('9.9-test', kernel, undefined), folder)
  assert.equal(findModuleFolder('9.9-test', '/elsewhere/vmlinuz', base), folder)
  assert.equal(findModuleFolder('9.9-test', '/elsewhere/vmlinuz', folder), folder)
  assert.throws(
    () => findModuleFolder('9.9-test', '/elsewhere/vmlinuz', '/none'),
    /no modules\.dep of 9\.9-test .*--modules DIR/,
  )
})
