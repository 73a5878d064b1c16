// A process with a page, a large page, a page in swap, one of PROT_NONE, and holes between them.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { KernelBuilder } from '../../../test/support/kernel_builder.ts'
import type { Program } from '../program/program.ts'
import type { Mm, Vma } from './mm.ts'
import { swapFileName } from './swap.ts'
import { findUserPage, forEachUserRange, vmaFileOffset } from './user_page.ts'

const TYPES = `
  struct table { unsigned long entry[512]; };
  struct mm_struct { struct table *pgd; };
  struct vm_area_struct { unsigned long vm_start, vm_end, vm_pgoff; };
  struct qstr { unsigned int len; const char *name; };
  struct hlist_bl_node { struct hlist_bl_node *next, **pprev; };
  struct dentry_operations { void *d_dname; };
  struct dentry { struct hlist_bl_node d_hash; struct dentry *d_parent; struct qstr d_name; struct dentry_operations *d_op; };
  struct vfsmount { struct dentry *mnt_root; };
  struct mount { struct mount *mnt_parent; struct dentry *mnt_mountpoint; struct vfsmount mnt; };
  struct path { struct vfsmount *mnt; struct dentry *dentry; };
  struct file { struct path f_path; };
  struct swap_info_struct { struct file *swap_file; };`

const DIRECT_MAP = 0xffff_8880_0000_0000n
const SWAPPED = (~0x200n << 9n) & 0x07ff_ffff_ffff_fe00n
const LARGE = 0x40_0000n

/** Tables for the addresses from 0 on: 16 KiB of pages, a hole up to 2 MiB, a large page, nothing. */
function kernel(): { program: Program; mm: Mm } {
  const builder = new KernelBuilder(TYPES)
  const [pgd, pud, pmd, pte] = Array.from({ length: 4 }, () =>
    builder.place('struct table', undefined, 4096),
  )
  const at = (table = 0n): bigint => (table - DIRECT_MAP) | 0x67n
  builder.set('struct table', pgd as bigint, { 'entry[0]': at(pud) })
  builder.set('struct table', pud as bigint, { 'entry[0]': at(pmd) })
  builder.set('struct table', pmd as bigint, { 'entry[0]': at(pte), 'entry[1]': 0x4000_00e7n })
  builder.set('struct table', pte as bigint, {
    'entry[0]': 0x12_3067n,
    'entry[1]': SWAPPED,
    'entry[3]': (~0x45_6000n & 0x000f_ffff_ffff_f000n) | 0x100n,
  })
  const mm = builder.place('struct mm_struct', { pgd: pgd as bigint })
  placeSwap(builder)
  const program = builder.build()
  return { program, mm: program.objectAt<'mm_struct'>('struct mm_struct', mm) }
}

/** One swap file, /swap. */
function placeSwap(builder: KernelBuilder): void {
  const place = (name: string, type: string, value: object = {}): void => {
    builder.names.set(name, { address: builder.place(type), type: builder.type(type) })
    Object.assign(values, { [name]: [type, value] })
  }
  const values: Record<string, [string, object]> = {}
  place('root', 'struct dentry', { d_parent: '&root', d_name: { len: 1, name: '/' } })
  place('swap', 'struct dentry', {
    d_hash: { pprev: 8 },
    d_parent: '&root',
    d_name: { len: 4, name: 'swap' },
  })
  place('mount', 'struct mount', { mnt_parent: '&mount', mnt: { mnt_root: '&root' } })
  place('file', 'struct file', { f_path: { mnt: '&mount.mnt', dentry: '&swap' } })
  place('info', 'struct swap_info_struct', { swap_file: '&file' })
  for (const [name, [type, value]] of Object.entries(values))
    builder.set(type, builder.addressOf(`${name}`), value as never)
  builder.global('swap_info', 'struct swap_info_struct *[2]', ['&info', 0])
  builder.global('nr_swapfiles', 'unsigned int', 1)
}

test('pages, swapped pages, large pages and holes come in one piece each', () => {
  const { mm } = kernel()
  const ranges = Array.from(
    forEachUserRange(mm, 0n, 2n * LARGE),
    ({ start, size, physical, swap }) => [start, size, physical ?? swap],
  )
  assert.deepEqual(ranges.slice(0, 4), [
    [0n, 4096, 0x12_3000],
    [0x1000n, 4096, { type: 0, offset: 0x200n }],
    [0x2000n, 4096, undefined],
    [0x3000n, 4096, 0x45_6000],
  ])
  assert.deepEqual(ranges.slice(512), [
    [0x20_0000n, 0x20_0000, 0x4000_0000],
    [0x40_0000n, 0x20_0000, undefined],
    [0x60_0000n, 0x20_0000, undefined],
  ])
})

test('a range begins and ends where it is asked for, within a large page and beyond all tables', () => {
  const { mm } = kernel()
  assert.deepEqual(
    [...forEachUserRange(mm, 0x20_1000n, 0x20_3000n)],
    [{ start: 0x20_1000n, size: 0x2000, physical: 0x4000_1000, swap: undefined }],
  )
  // 16 TiB of nothing is 32 entries of the root.
  assert.equal([...forEachUserRange(mm, 2n ** 40n, 2n ** 40n + 2n ** 44n)].length, 32)
  // An area that a damaged dump makes 2^64 bytes large comes to an end.
  const all = [...forEachUserRange(mm, 0x8000_0000_0000n, 0xffff_8000_0000_0000n)]
  assert.equal(all.length, 2 ** 17 - 2)
  assert.equal(findUserPage(mm, 0x20_5000n).physical, 0x4000_5000)
})

test('a swap file is known by its number, and what is no number of one is none', () => {
  const { program } = kernel()
  assert.equal(swapFileName(program, 0), '/swap')
  assert.equal(swapFileName(program, 1), undefined)
  assert.equal(swapFileName(program, 31), undefined)
  assert.equal(swapFileName(program, 1e9), undefined)
})

test('the offset in a file counts from what the area begins with', () => {
  const builder = new KernelBuilder(TYPES)
  const address = builder.place('struct vm_area_struct', { vm_start: 0x40_0000n, vm_pgoff: 3 })
  const vma: Vma = builder.build().objectAt<'vm_area_struct'>('struct vm_area_struct', address)
  assert.equal(vmaFileOffset(vma, 0x40_2000n), 0x5000n)
})
