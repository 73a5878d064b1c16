// Real images by the file systems' own programs, as a plain user could make them.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { test } from 'node:test'
import { openFileSource } from '../platform/file_source.ts'
import { readFilesystemId } from '../target/superblock.ts'
import { extractFolder, makeDisk, placeFiles, repairDisk } from './disk_image.ts'

const uuid = '01234567-89ab-cdef-0123-456789abcdef'
/** File systems and the program that makes each; XFS wants 300 MB. */
const KINDS = [
  ['ext4', '/sbin/mke2fs', 64],
  ['xfs', '/sbin/mkfs.xfs', 320],
  ['btrfs', '/sbin/mkfs.btrfs', 256],
] as const

const whyNot = (program: string): string | false =>
  spawnSync(program, ['-V']).error ? `${program} is not installed` : false
const skip = whyNot('/sbin/mke2fs')

for (const [fstype, program, sizeMiB] of KINDS) {
  test(
    `an ${fstype} disk has the UUID, label and tree it was planned with, and gives the tree back`,
    { skip: whyNot(program) },
    (t) => {
      const folder = mkdtempSync(path.join(os.tmpdir(), 'kbox-disk-'))
      t.after(() => rmSync(folder, { recursive: true }))
      const tree = path.join(folder, 'tree')
      mkdirSync(path.join(tree, 'var/crash/deep'), { recursive: true })
      writeFileSync(path.join(tree, 'var/crash/deep/secret'), 'dump\n', { mode: 0o600 })
      writeFileSync(path.join(tree, 'var/crash/empty'), '', { mode: 0o600 })
      const large = Buffer.alloc(3_000_001, 'x')
      writeFileSync(path.join(tree, 'var/crash/large'), large, { mode: 0o600 })
      const file = path.join(folder, 'disk.img')
      makeDisk({ file, sizeBytes: sizeMiB << 20, fstype, uuid, label: 'crash', tree })
      assert.ok(statSync(file).blocks * 1024 < sizeMiB << 20, 'the image is sparse')

      using source = openFileSource(file)
      assert.deepEqual(
        readFilesystemId((offset, into) => source.read(offset, into)),
        { fstype, uuid, label: 'crash' },
      )

      repairDisk(file)
      const copy = extractFolder(file, '/var/crash', path.join(folder, 'out'))
      assert.equal(copy, path.join(folder, 'out/crash'))
      assert.equal(readFileSync(path.join(copy, 'deep/secret'), 'utf8'), 'dump\n')
      assert.equal(statSync(path.join(copy, 'deep/secret')).mode & 0o777, 0o600)
      assert.deepEqual(readFileSync(path.join(copy, 'large')), large)
      assert.equal(statSync(path.join(copy, 'empty')).size, 0)
      assert.equal(extractFolder(file, '/none', path.join(folder, 'out')), undefined)
      const top = extractFolder(file, '/', path.join(folder, 'all'))
      assert.equal(readFileSync(path.join(top ?? '', 'var/crash/deep/secret'), 'utf8'), 'dump\n')
    },
  )
}

test('a file system that cannot be made yet is named', () => {
  const plan = {
    file: '/nowhere',
    sizeBytes: 1 << 30,
    fstype: 'f2fs',
    uuid: '',
    label: '',
    tree: '',
  }
  assert.throws(() => makeDisk(plan), {
    code: 'ERR_UNSUPPORTED',
    message: /rehearsing on f2fs: only ext2, ext3, ext4, xfs, btrfs/,
  })
})

test(
  'files placed on a disk bring their folders, keep their modes and replace what was there',
  { skip },
  (t) => {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'kbox-disk-'))
    t.after(() => rmSync(folder, { recursive: true }))
    const file = path.join(folder, 'disk.img')
    makeDisk({ file, sizeBytes: 16 << 20, fstype: 'ext4', uuid: '', label: '', tree: '' })
    const source = path.join(folder, 'tool')
    for (const text of ['old\n', 'new\n']) {
      writeFileSync(source, text, { mode: 0o750 })
      placeFiles(file, [
        { path: '/opt/deep/tool', source },
        { path: '/opt/other', source },
      ])
    }
    repairDisk(file)
    const copy = extractFolder(file, '/opt', path.join(folder, 'out')) ?? ''
    assert.equal(readFileSync(path.join(copy, 'deep/tool'), 'utf8'), 'new\n')
    assert.equal(readFileSync(path.join(copy, 'other'), 'utf8'), 'new\n')
    assert.equal(statSync(path.join(copy, 'deep/tool')).mode & 0o777, 0o750)
  },
)

test('a file that cannot be placed is an error', { skip }, (t) => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'kbox-disk-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const file = path.join(folder, 'disk.img')
  makeDisk({ file, sizeBytes: 16 << 20, fstype: 'ext4', uuid: '', label: '', tree: '' })
  const place = (to: string, source: string) => () => placeFiles(file, [{ path: to, source }])
  assert.throws(place('/opt/tool', path.join(folder, 'none')), /did not get onto/)
  assert.throws(place('/opt/a"b', file), /a quote in a name/)
})
