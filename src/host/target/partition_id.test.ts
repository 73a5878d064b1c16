// Partition tables written field by field; then tables of noise.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { readPartuuid } from './partition_id.ts'

const readOf = (disk: Uint8Array) => (offset: number, into: Uint8Array) => {
  const part = disk.subarray(offset, offset + into.length)
  into.set(part)
  return part.length
}

function gpt(blockSize: number): Buffer {
  const disk = Buffer.alloc(blockSize * 8)
  disk.writeUInt8(0xee, 450)
  disk.writeUInt16LE(0xaa55, 510)
  disk.write('EFI PART', blockSize)
  disk.writeBigUInt64LE(2n, blockSize + 72)
  disk.writeUInt32LE(128, blockSize + 80)
  disk.writeUInt32LE(128, blockSize + 84)
  disk.set(Buffer.from('67452301ab89efcd0123456789abcdef', 'hex'), 2 * blockSize + 128 + 16)
  return disk
}

test('the GUID of a GPT entry is read, on disks of 512 and of 4096 byte blocks', () => {
  for (const blockSize of [512, 4096]) {
    const read = readOf(gpt(blockSize))
    assert.equal(readPartuuid(read, 2, blockSize), '01234567-89ab-cdef-0123-456789abcdef')
    assert.equal(readPartuuid(read, 129, blockSize), '')
  }
})

test("a DOS partition has the disk's signature and its number", () => {
  const disk = Buffer.alloc(512)
  disk.writeUInt16LE(0xaa55, 510)
  assert.equal(readPartuuid(readOf(disk), 1, 512), '')
  disk.writeUInt32LE(0x1a2b3c4d, 440)
  assert.equal(readPartuuid(readOf(disk), 10, 512), '1a2b3c4d-0a')
})

test('a disk without a table, and one of noise, throw nothing', () => {
  assert.equal(readPartuuid(readOf(new Uint8Array(100)), 1, 512), '')
  fc.assert(
    fc.property(fc.nat(4), fc.array(fc.tuple(fc.nat(4095), fc.nat(255))), (number, changes) => {
      const disk = gpt(512)
      for (const [at, value] of changes) disk[at] = value
      assert.match(readPartuuid(readOf(disk), number, 512), /^([0-9a-f-]{36}|[0-9a-f]{8}-\d\d|)$/)
    }),
    { numRuns: 2000 },
  )
})
