// Superblocks written field by field into memory: each type, its UUID and label, and what is none of them.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readFilesystemId, type FilesystemId } from './superblock.ts'

const UUID = '01234567-89ab-cdef-0123-456789abcdef'
const UUID_BYTES = Buffer.from(UUID.replaceAll('-', ''), 'hex')

function identify(device: Uint8Array): FilesystemId | undefined {
  return readFilesystemId((offset, into) => {
    const part = device.subarray(offset, offset + into.length)
    into.set(part)
    return part.length
  })
}

function ext({ compat = 0, incompat = 0, roCompat = 0 }): Buffer {
  const device = Buffer.alloc(4096)
  device.writeUInt16LE(0xef53, 1024 + 0x38)
  device.writeUInt32LE(compat, 1024 + 0x5c)
  device.writeUInt32LE(incompat, 1024 + 0x60)
  device.writeUInt32LE(roCompat, 1024 + 0x64)
  device.set(UUID_BYTES, 1024 + 0x68)
  device.write('sixteen-letters!', 1024 + 0x78)
  return device
}

test('ext2, ext3 and ext4 differ by their features', () => {
  assert.deepEqual(identify(ext({ incompat: 0x2 })), {
    fstype: 'ext2',
    uuid: UUID,
    label: 'sixteen-letters!',
  })
  assert.equal(identify(ext({ compat: 0x4, incompat: 0x2 }))?.fstype, 'ext3')
  assert.equal(identify(ext({ compat: 0x4, incompat: 0x2c2, roCompat: 0x46b }))?.fstype, 'ext4')
  assert.equal(identify(ext({ incompat: 0x8 })), undefined)
})

test('xfs has its identity in sector 0', () => {
  const device = Buffer.alloc(4096)
  device.write('XFSB')
  device.set(UUID_BYTES, 32)
  device.write('dumps', 108)
  assert.deepEqual(identify(device), { fstype: 'xfs', uuid: UUID, label: 'dumps' })
})

test('btrfs has its identity at 64 KiB', () => {
  const device = Buffer.alloc(0x11000)
  device.write('_BHRfS_M', 0x10040)
  device.set(UUID_BYTES, 0x10020)
  device.write('pool', 0x1012b)
  assert.deepEqual(identify(device), { fstype: 'btrfs', uuid: UUID, label: 'pool' })
})

test('anything else, empty and short devices are none', () => {
  for (const device of [Buffer.alloc(0x20000), Buffer.alloc(0), Buffer.alloc(1100, 0xff)]) {
    assert.equal(identify(device), undefined)
  }
})
