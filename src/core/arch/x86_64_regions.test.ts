// Regions of a machine of 1 GiB, with 4 and with 5 levels of page tables.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { x86Regions } from './x86_64_regions.ts'

const BASES = {
  directMap: 0xffff_8880_0000_0000n,
  vmalloc: 0xffff_c900_0000_0000n,
  vmemmap: 0xffff_ea00_0000_0000n,
  physicalEnd: 2 ** 30,
  imageSize: 2 ** 30,
  levels: 4,
}
const FIVE = {
  ...BASES,
  directMap: 0xff11_0000_0000_0000n,
  vmalloc: 0xffa0_0000_0000_0000n,
  vmemmap: 0xffd4_0000_0000_0000n,
  levels: 5,
}

const nameOf = (address: bigint, bases = BASES): string | undefined =>
  x86Regions(bases).find(({ start, end }) => address >= start && address < end)?.name

test('addresses are of the region they lie in', () => {
  assert.equal(nameOf(0x40_0000n), 'user space')
  assert.equal(nameOf(0x8000_0000_0000n), 'non-canonical')
  assert.equal(nameOf(0xffff_8880_0000_1000n), 'direct map')
  assert.equal(nameOf(0xffff_8880_4000_0000n), undefined)
  assert.equal(nameOf(0xffff_c900_0001_0000n), 'vmalloc')
  assert.equal(nameOf(0xffff_ea00_0000_0040n), 'page descriptors (vmemmap)')
  assert.equal(nameOf(0xffff_fe00_0000_0000n), 'cpu_entry_area')
  assert.equal(nameOf(0xffff_ffff_8100_0000n), 'kernel image')
  assert.equal(nameOf(0xffff_ffff_c010_0000n), 'modules')
  assert.equal(nameOf(0xffff_ffff_ff5f_f000n), 'fixmap')
  assert.equal(nameOf(0xffff_ffff_ff60_0000n), 'vsyscall page')
})

test('five levels have user addresses of 56 bits', () => {
  assert.equal(nameOf(0x8000_0000_0000n, FIVE), 'user space')
  assert.equal(nameOf(1n << 56n, FIVE), 'non-canonical')
  assert.equal(nameOf(0xff11_0000_0000_1000n, FIVE), 'direct map')
})

test('a base that is not known is no region', () => {
  const { directMap: _, ...rest } = BASES
  assert.equal(
    nameOf(0xffff_8880_0000_1000n, { ...rest, directMap: undefined } as never),
    undefined,
  )
})
