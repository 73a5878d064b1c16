// Trees made by test/support/page_tables.ts: what is image, text, direct map and the rest.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PageTables } from '../../../test/support/page_tables.ts'
import { VmcoreInfo } from '../debuginfo/vmcoreinfo.ts'
import type { KernelMap } from './arch.ts'
import { readX86KernelMap } from './x86_64_kernel_map.ts'

const IMAGE = 0xffff_ffff_8000_0000n
const DIRECT = 0xffff_8880_0000_0000n
const DIRECT_5 = 0xff11_0000_0000_0000n
const VMALLOC = 0xffff_c900_0000_0000n
const NX = 1n << 63n
const PTE = 0x63n
const PSE = 0x80n
const MIB2 = 0x20_0000

function read(tables: PageTables, info = '', lost: readonly number[] = []): KernelMap {
  const readPage = (physical: number, into: Uint8Array): boolean => {
    const view = tables.frames.get(physical)
    if (!view || lost.includes(physical)) return false
    into.set(new Uint8Array(view.buffer))
    return true
  }
  return readX86KernelMap(readPage, tables.root, new VmcoreInfo(info))
}

function sample(tables: PageTables, direct: bigint): void {
  for (let at = 0; at < 16 * MIB2; at += MIB2) {
    tables.map(direct + BigInt(at), at, { size: MIB2 })
  }
  tables.setEntry(IMAGE + 0x100_0000n, 2, 0x100_0000n | PTE | PSE)
  tables.setEntry(IMAGE + 0x120_0000n, 2, 0x120_0000n | PTE | PSE | NX)
  tables.setEntry(VMALLOC, 1, 0x5000n | PTE | NX)
  tables.setEntry(VMALLOC + 0x1000n, 1, 0x6000n | PTE | NX)
  tables.setEntry(VMALLOC + 0x3000n, 1, 0x9000n | PTE | NX)
}

const plain = (runs: KernelMap['image']): number[][] => runs.map(({ pfn, count }) => [pfn, count])

test('image data, image text, vmalloc and tables are told apart; the direct map is nothing special', () => {
  const tables = new PageTables()
  sample(tables, DIRECT)
  const map = read(tables)
  assert.deepEqual(plain(map.text), [[0x1000, 512]])
  assert.deepEqual(plain(map.image), [[0x1200, 512]])
  assert.deepEqual(plain(map.other), [
    [5, 2],
    [9, 1],
  ])
  const frames = [...tables.frames.keys()].map((physical) => physical / 4096)
  assert.deepEqual(new Set(map.tables), new Set(frames))
  assert.equal(map.complete, true)
})

test('pointers into the direct map and the image give frames, others none of the machine', () => {
  const tables = new PageTables()
  sample(tables, DIRECT)
  const { frameOf } = read(tables)
  const words = (address: bigint): [number, number] => [
    Number(address >> 32n),
    Number(address & 0xffff_ffffn),
  ]
  assert.equal(frameOf(...words(DIRECT + 0x123_4567n)), 0x1234)
  assert.equal(frameOf(...words(IMAGE + 0x110_0000n)), 0x1100)
  assert.equal(frameOf(0x7fff, 0x1000), -1)
  assert.ok(frameOf(...words(VMALLOC)) > 2 ** 20)
})

test('an image without execute protection is all image', () => {
  const tables = new PageTables()
  for (let at = 0; at < 16 * MIB2; at += MIB2) tables.map(DIRECT + BigInt(at), at, { size: MIB2 })
  tables.map(IMAGE + 0x100_0000n, 0x100_0000, { size: MIB2 })
  const map = read(tables)
  assert.deepEqual(plain(map.image), [[0x1000, 512]])
  assert.deepEqual(map.text, [])
})

test('execute protection of an upper entry holds for all below', () => {
  const tables = new PageTables()
  sample(tables, DIRECT)
  tables.setEntry(IMAGE + 0x200_0000n, 1, 0x200_0000n | PTE)
  const top = tables.frames.get(tables.root)
  const upper = tables.frames.get(Number((top?.getBigUint64(511 * 8, true) ?? 0n) & ~0xfffn))
  upper?.setBigUint64(510 * 8, upper.getBigUint64(510 * 8, true) | NX, true)
  // All of the image is protected now, so nothing in it is text.
  assert.deepEqual(read(tables).text, [])
})

test('five levels and an encryption bit are understood', () => {
  const smeMask = 1n << 51n
  const tables = new PageTables({ levels: 5, smeMask })
  for (let at = 0; at < 16 * MIB2; at += MIB2) {
    tables.map(DIRECT_5 + BigInt(at), at, { size: MIB2 })
  }
  tables.setEntry(VMALLOC, 1, 0x5000n | PTE | NX | smeMask)
  const map = read(tables, `NUMBER(pgtable_l5_enabled)=1\nNUMBER(sme_mask)=${smeMask}\n`)
  assert.deepEqual(plain(map.other), [[5, 1]])
  assert.equal(map.frameOf(0xff11_0000, 0x0012_3000), 0x123)
})

test('tables full of entries that lead nowhere end the walk, millions of them', () => {
  const tables = new PageTables()
  sample(tables, DIRECT)
  let reads = 0
  const base = 0x1000_0000
  // Entry i of table n leads to table 512 * n + i, and each third of them is there.
  const noise = (physical: number, into: Uint8Array): boolean => {
    reads++
    const view = tables.frames.get(physical)
    const table = physical / 4096 - base
    if (!view && table % 3 !== 0) return false
    if (view) into.set(new Uint8Array(view.buffer))
    else {
      const entries = new BigUint64Array(into.buffer)
      for (let i = 0; i < 512; i++)
        entries[i] = BigInt(base + ((table * 512 + i) % 2 ** 27)) * 4096n + 1n
    }
    return true
  }
  for (let top = 1; top <= 8; top++)
    tables.setEntry(VMALLOC + (BigInt(top) << 39n), 4, BigInt(base + 3 * top) * 4096n + 1n)
  const map = readX86KernelMap(noise, tables.root, new VmcoreInfo(''))
  assert.equal(map.complete, false)
  assert.ok(reads < 300_000, `${reads} reads`)
})

test('a table that cannot be read, or that points to itself, ends nothing', () => {
  const tables = new PageTables()
  sample(tables, DIRECT)
  const [, second = 0] = tables.frames.keys()
  assert.equal(read(tables, '', [second]).complete, false)
  tables.setEntry(VMALLOC + (1n << 39n), 4, BigInt(tables.root) | PTE)
  assert.equal(read(tables).complete, true)
})
