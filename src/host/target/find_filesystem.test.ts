// A copied tree of facts: no device can be read in it, udev's database, links and mounts tell what lies on each.
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { findFilesystem, identifyDevice } from './find_filesystem.ts'

let root = ''
const write = (name: string, content: string): void => {
  mkdirSync(path.dirname(path.join(root, name)), { recursive: true })
  writeFileSync(path.join(root, name), content)
}
before(() => {
  root = mkdtempSync(path.join(os.tmpdir(), 'kbox-find-'))
  for (const [name, number] of [
    ['vda1', '254:1'],
    ['vda2', '254:2'],
    ['vda3', '254:3'],
  ] as const) {
    write(`sys/class/block/${name}/dev`, `${number}\n`)
    write(`sys/class/block/${name}/size`, '2048\n')
    write(`dev/${name}`, '')
  }
  write(
    'run/udev/data/b254:1',
    'N:vda1\nE:ID_FS_TYPE=xfs\nE:ID_FS_UUID=AA-1\nE:ID_FS_LABEL=crash\n',
  )
  write('run/udev/data/b254:3', 'E:ID_FS_TYPE=crypto_LUKS\nE:ID_FS_UUID=cc-3\n')
  mkdirSync(path.join(root, 'dev/disk/by-uuid'), { recursive: true })
  mkdirSync(path.join(root, 'dev/disk/by-label'))
  symlinkSync('../../vda2', path.join(root, 'dev/disk/by-uuid/bb-2'))
  symlinkSync('../../vda2', path.join(root, String.raw`dev/disk/by-label/my\x20disk`))
  write('proc/self/mountinfo', '25 1 254:2 / /data rw - ext4 /dev/vda2 rw\n')
})
after(() => rmSync(root, { recursive: true }))

test("udev's database tells", () => {
  const vda1 = { fstype: 'xfs', uuid: 'aa-1', label: 'crash', node: '/dev/vda1', number: '254:1' }
  assert.deepEqual(findFilesystem({ by: 'label', label: 'crash' }, root), vda1)
  assert.deepEqual(findFilesystem({ by: 'node', node: '/dev/vda1' }, root), vda1)
})

test('without the database, links and mounts tell', () => {
  assert.deepEqual(findFilesystem({ by: 'uuid', uuid: 'BB-2' }, root), {
    ...{ fstype: 'ext4', uuid: 'bb-2', label: 'my disk' },
    ...{ node: '/dev/vda2', number: '254:2' },
  })
})

test('what is no file system of ours is not found', () => {
  assert.equal(identifyDevice('/dev/vda3', root), undefined)
  assert.equal(findFilesystem({ by: 'uuid', uuid: 'cc-3' }, root), undefined)
  assert.equal(findFilesystem({ by: 'node', node: '/dev/none' }, root), undefined)
})
