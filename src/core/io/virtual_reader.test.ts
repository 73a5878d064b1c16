// Sizes come from the dump: what is not there is not allocated.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SparseMemory } from '../../../test/support/sparse_memory.ts'
import { readVirtualBytes, type VirtualReader } from './virtual_reader.ts'

const AT = 0xffff_ffff_8200_0000n

test('bytes are read as they are, a large table too', () => {
  const bytes = Uint8Array.from({ length: 100_000 }, (_, i) => i % 251)
  const memory = new SparseMemory([[AT, bytes]])
  assert.deepEqual(readVirtualBytes(memory, AT, 10), bytes.subarray(0, 10))
  assert.deepEqual(readVirtualBytes(memory, AT, bytes.length), bytes)
  assert.equal(readVirtualBytes(memory, AT, 0).length, 0)
})

test('a large table whose end is not there faults at its end, with nothing allocated for it', () => {
  const asked: number[] = []
  const memory = new SparseMemory([[AT, new Uint8Array(4096)]])
  const reader: VirtualReader = {
    littleEndian: true,
    readVirtual(address, into) {
      asked.push(into.length)
      memory.readVirtual(address, into)
    },
  }
  assert.throws(() => readVirtualBytes(reader, AT, 0x800_0000), {
    code: 'ERR_FAULT',
    address: AT + 0x7ff_ffffn,
  })
  assert.deepEqual(asked, [1])
})

test('a large table with a hole faults in the hole', () => {
  const piece = new Uint8Array(0x1_0000)
  const memory = new SparseMemory([
    [AT, piece],
    [AT + 0x3_0000n, piece],
  ])
  assert.throws(() => readVirtualBytes(memory, AT, 0x4_0000), {
    code: 'ERR_FAULT',
    address: AT + 0x1_0000n,
  })
})

test('a size that no table of a kernel has is corrupt', () => {
  const memory = new SparseMemory([[AT, new Uint8Array(4096)]])
  for (const size of [2 ** 32, -1, Number.NaN]) {
    assert.throws(() => readVirtualBytes(memory, AT, size), { code: 'ERR_CORRUPT' })
  }
})
