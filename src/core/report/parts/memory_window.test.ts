// Windows on memory of a kernel that has page descriptors: its own memory is shown, that of files and processes is not.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { KernelBuilder } from '../../../../test/support/kernel_builder.ts'
import { memoryWindow } from './memory_window.ts'

const TYPES = `
  typedef struct { int counter; } atomic_t; struct list_head { struct list_head *next, *prev; };
  enum pageflags { PG_locked, PG_lru = 5, PG_head = 6, __NR_PAGEFLAGS = 24 };
  enum pagetype { PGTY_buddy = 240, PGTY_slab = 245, PGTY_mapcount_underflow = 255 };
  struct page { unsigned long flags; union { struct list_head lru; unsigned long compound_head; };
    void *mapping; unsigned long words[2]; unsigned int page_type; atomic_t _refcount; unsigned long memcg_data; };
  struct folio { struct page page; unsigned long _flags_1; unsigned long _head_1; unsigned long rest[6]; };`
const NO_TYPE = 0xffff_ffff

/** A page of bytes 0, 1, 2 …, and its descriptor. */
function pageKernel(page: { readonly mapping?: bigint; readonly page_type?: number }) {
  const builder = new KernelBuilder(TYPES)
  const map = builder.allocate(256 * 64, 4096)
  const data = builder.allocate(4096, 4096)
  const pfn = (address: bigint): number => Number(address - 0xffff_8880_0000_0000n) / 4096
  builder.global('vmemmap_base', 'unsigned long', map - BigInt(pfn(map) * 64))
  builder.image.write(
    data,
    Uint8Array.from({ length: 4096 }, (_, index) => index),
  )
  const descriptor = map + BigInt((pfn(data) - pfn(map)) * 64)
  builder.set('struct page', descriptor, { page_type: NO_TYPE, ...page })
  return { program: builder.build(), data }
}

test('memory of the kernel is shown from two lines before', () => {
  const { program, data } = pageKernel({})
  const window = memoryWindow(program, data + 0x108n)
  assert.equal(window?.start, `0x${(data + 0xe0n).toString(16)}`)
  assert.equal(window?.hex.length, 2 * 96)
  assert.match(window?.hex ?? '', /^e0e1e2/)
})

test('a window ends with its page, and begins with it', () => {
  const { program, data } = pageKernel({})
  assert.equal(memoryWindow(program, data + 8n)?.start, `0x${data.toString(16)}`)
  assert.equal(memoryWindow(program, data + 0xff8n)?.hex.length, 2 * 48)
})

test('a page of a file or of a process is not shown, slab memory is', () => {
  const file = pageKernel({ mapping: 0xffff_8880_0001_0000n })
  assert.equal(memoryWindow(file.program, file.data), null)
  const anonymous = pageKernel({ mapping: 0xffff_8880_0001_0001n })
  assert.equal(memoryWindow(anonymous.program, anonymous.data), null)
  // Slabs keep something else where pages have their mapping.
  const slab = pageKernel({ mapping: 0xffff_8880_0001_0000n, page_type: 245 << 24 })
  assert.notEqual(memoryWindow(slab.program, slab.data), null)
})

test('user addresses, and those that are not in the dump, are not shown', () => {
  const { program } = pageKernel({})
  assert.equal(memoryWindow(program, 0x7f00_0000_1000n), null)
  assert.equal(memoryWindow(program, 0xffff_8889_0000_0000n), null)
})
