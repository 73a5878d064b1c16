// mountinfo as text and a sysfs in a temporary folder.
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { test } from 'node:test'
import { findMountOf, listBlockDevices, parseMountinfo } from './block_devices.ts'

const MOUNTINFO = `22 1 254:1 / / rw,relatime shared:1 - ext4 /dev/vda1 rw,errors=remount-ro
23 22 0:25 /@var /var rw shared:2 master:1 - btrfs /dev/vdb rw,subvol=/@var
24 22 0:5 / /proc rw - proc proc rw
25 22 254:3 / /mnt/my\\040dumps rw - xfs /dev/vda3 rw
26 22 254:4 / /mnt/my\\040dumps rw - xfs /dev/vda4 rw
torn line - x
`

test('mountinfo is parsed, optional fields and octal escapes included', () => {
  const mounts = parseMountinfo(MOUNTINFO)
  assert.equal(mounts.length, 5)
  assert.deepEqual(mounts[1], {
    number: '0:25',
    root: '/@var',
    mountpoint: '/var',
    fstype: 'btrfs',
    source: '/dev/vdb',
    options: 'rw,rw,subvol=/@var',
  })
  assert.equal(mounts[3]?.mountpoint, '/mnt/my dumps')
})

test('the mount of a path is the longest that holds it; of two in one place, the later', () => {
  const mounts = parseMountinfo(MOUNTINFO)
  assert.equal(findMountOf(mounts, '/var/crash')?.mountpoint, '/var')
  assert.equal(findMountOf(mounts, '/variant')?.mountpoint, '/')
  assert.equal(findMountOf(mounts, '/mnt/my dumps/x')?.source, '/dev/vda4')
})

test('devices come with number, node and size; pseudo and empty ones do not come', () => {
  const root = mkdtempSync(path.join(os.tmpdir(), 'kbox-block-'))
  try {
    const device = (name: string, number: string, sectors: number): void => {
      mkdirSync(path.join(root, 'sys/class/block', name), { recursive: true })
      writeFileSync(path.join(root, 'sys/class/block', name, 'dev'), `${number}\n`)
      writeFileSync(path.join(root, 'sys/class/block', name, 'size'), `${sectors}\n`)
    }
    device('vda1', '254:1', 2048)
    device('loop0', '7:0', 2048)
    device('sr0', '11:0', 0)
    device('cciss!c0d0', '104:0', 8)
    assert.deepEqual(
      listBlockDevices(root).toSorted((a, b) => a.number.localeCompare(b.number)),
      [
        {
          name: 'cciss!c0d0',
          number: '104:0',
          sizeBytes: 4096,
          node: path.join(root, 'dev/cciss/c0d0'),
        },
        { name: 'vda1', number: '254:1', sizeBytes: 1048576, node: path.join(root, 'dev/vda1') },
      ],
    )
    assert.deepEqual(listBlockDevices('/nonexistent'), [])
  } finally {
    rmSync(root, { recursive: true })
  }
})
