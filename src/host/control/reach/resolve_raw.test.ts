// Who uses a disk, decided on a tree of facts in a temporary folder.
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { findDisk, readDiskId } from '../../target/find_disk.ts'
import type { RawPlace } from '../../target/place.ts'
import { findSignature, findUser } from './resolve_raw.ts'

let root = ''
const at = (name: string): string => path.join(root, name)
beforeEach(() => {
  root = mkdtempSync(path.join(os.tmpdir(), 'kbox-rawdisk-'))
  for (const folder of ['proc/self', 'sys/class/block', 'dev'])
    mkdirSync(at(folder), { recursive: true })
  writeFileSync(at('proc/self/mountinfo'), '36 35 8:33 / /data rw - ext4 /dev/nosuch rw\n')
  writeFileSync(at('proc/swaps'), 'Filename Type Size Used Priority\n')
})
afterEach(() => rmSync(root, { recursive: true }))

/** A disk, or with `of` a partition of one. */
function disk(
  name: string,
  number: string,
  facts: Readonly<Record<string, string>> = {},
  of = '',
): void {
  const folder = at(path.join('sys/devices/pci', of, name))
  mkdirSync(path.join(folder, 'holders'), { recursive: true })
  for (const [file, text] of Object.entries({ dev: number, size: '2048', ...facts })) {
    mkdirSync(path.dirname(path.join(folder, file)), { recursive: true })
    writeFileSync(path.join(folder, file), `${text}\n`)
  }
  symlinkSync(folder, at(`sys/class/block/${name}`))
}

test('a disk that nobody uses is free', () => {
  disk('sdb', '8:16')
  assert.equal(findUser('sdb', '8:16', root), '')
})

test('a mounted partition, and the disk it is on, are in use', () => {
  disk('sdc', '8:32')
  disk('sdc1', '8:33', { partition: '1' }, 'sdc')
  assert.equal(findUser('sdc1', '8:33', root), 'mounted on /data')
  assert.equal(findUser('sdc', '8:32', root), 'sdc1: mounted on /data')
})

test('a disk with partitions is not taken whole, nor one that something is stacked on', () => {
  disk('sdd', '8:48')
  disk('sdd1', '8:49', { partition: '1' }, 'sdd')
  assert.equal(findUser('sdd', '8:48', root), 'it has the partition sdd1')
  assert.equal(findUser('sdd1', '8:49', root), '')
  mkdirSync(at('sys/devices/pci/sdd/sdd1/holders/dm-0'))
  assert.equal(findUser('sdd1', '8:49', root), 'part of dm-0')
})

test('a disk is found again by its WWID under another name, and not where its size differs', () => {
  disk('sde', '8:64', { 'device/wwid': 'naa.5000c500a1b2c3d4' })
  const place: RawPlace = {
    ...{ kind: 'raw', node: '/dev/sda', partuuid: '', wwid: 'naa.5000c500a1b2c3d4' },
    ...{ serial: '', sizeBytes: 2048 * 512 },
  }
  assert.deepEqual(readDiskId('sde', root).wwid, place.wwid)
  assert.equal(findDisk(place, root)?.name, 'sde')
  assert.equal(findDisk({ ...place, sizeBytes: 4096 }, root), undefined)
  assert.equal(findDisk({ ...place, wwid: 'other' }, root), undefined)
})

test('a partition is found again by its PARTUUID, one without any by its name', () => {
  disk('vdb', '254:16')
  disk('vdb2', '254:18', { partition: '2' }, 'vdb')
  const mbr = Buffer.alloc(512)
  mbr.writeUInt16LE(0xaa55, 510)
  mbr.writeUInt32LE(0xcafe_f00d, 440)
  writeFileSync(at('dev/vdb'), mbr)
  const id = readDiskId('vdb2', root)
  assert.deepEqual(id, { partuuid: 'cafef00d-02', wwid: '', serial: '' })
  const place: RawPlace = { kind: 'raw', node: '/dev/vda2', ...id, sizeBytes: 2048 * 512 }
  assert.equal(findDisk(place, root)?.name, 'vdb2')
  assert.equal(findDisk({ ...place, partuuid: '' }, root), undefined)
  assert.equal(findDisk({ ...place, partuuid: '', node: '/dev/vdb' }, root)?.name, 'vdb')
})

test('signatures are told by name', () => {
  const file = at('dev/x')
  const sign = (offset: number, text: string): string => {
    const bytes = Buffer.alloc(40 * 1024)
    bytes.write(text, offset, 'latin1')
    writeFileSync(file, bytes)
    return findSignature(file)
  }
  assert.equal(sign(4086, 'SWAPSPACE2'), 'swap')
  assert.equal(sign(536, 'LVM2 001'), 'LVM2_member')
  assert.equal(sign(0, 'LUKS\xba\xbe'), 'crypto_LUKS')
  assert.equal(sign(0, 'makedumpfile'), '')
  truncateSync(file, 0)
  assert.equal(findSignature(file), '')
})
