// A cache of 640 objects in ten slabs of one page, and variables of the kernel that lead to some of them: where slabs are
// marked by a flag (up to v6.9), and by a page type.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { KernelBuilder } from '../../../test/support/kernel_builder.ts'
import type { SlabCache } from './slab_cache.ts'
import { findSlabHolder, type SlabHolder } from './slab_holder.ts'

const PAGE = 4096
const OBJECT = 64
const SLABS = 10
const DESCRIPTORS = 64
const HEAP = 0xffff_8880_0000_0000n

const types = (isOld: boolean): string => `
  typedef struct { int counter; } atomic_t;
  struct list_head { struct list_head *next, *prev; };
  enum pageflags { PG_locked, ${isOld ? 'PG_slab = 9,' : ''} PG_head = 6, __NR_PAGEFLAGS = 24 };
  ${isOld ? '' : 'enum pagetype { PGTY_buddy = 240, PGTY_slab = 245 };'}
  struct page { unsigned long flags; unsigned long compound_head; unsigned long words[5]; unsigned int page_type;
    atomic_t _refcount; };
  struct slab { unsigned long __page_flags; unsigned long head; struct kmem_cache *slab_cache; unsigned long words[4];
    unsigned int __page_type; };
  struct kmem_cache { unsigned int size; unsigned int red_left_pad; };`

/** @param link where in an object the address of the next one is, and where in that it points */
function find(
  isOld: boolean,
  length: number,
  link: { offset: number; target: number; isRing?: boolean },
): SlabHolder | undefined {
  const builder = new KernelBuilder(types(isOld))
  const first = builder.allocate(SLABS * PAGE, PAGE)
  const map = builder.allocate(DESCRIPTORS * 64, PAGE)
  const pfn = Number(first - HEAP) / PAGE
  builder.global('vmemmap_base', 'unsigned long', map - BigInt(pfn * 64))
  const cache = builder.place('struct kmem_cache', { size: OBJECT })
  for (let i = 0; i < DESCRIPTORS; i++) {
    const at = map + BigInt(i * 64)
    builder.set('struct page', at, { page_type: 0xffff_ffff })
    if (i >= SLABS) continue
    const mark = isOld ? { __page_flags: 1 << 9 } : { __page_type: 245 * 2 ** 24 }
    builder.set('struct slab', at, { ...mark, slab_cache: cache })
  }
  const object = (index: number): bigint => first + BigInt(index * OBJECT)
  for (let i = 0; i < (link.isRing ? length : length - 1); i++) {
    const next = object((i + 1) % length) + BigInt(link.target)
    builder.write(object(i) + BigInt(link.offset), 8, next)
  }
  const start = builder.global('other', 'unsigned long [2]', [object(600), 7])
  builder.symbol('_sdata', 'D', start)
  builder.global('queue_head', 'unsigned long [2]', [0, object(0) + BigInt(link.target)])
  builder.symbol('_edata', 'D', builder.global('end', 'unsigned long', 0))
  const program = builder.build()
  const found: SlabCache = program.objectAt('struct kmem_cache', cache)
  return findSlabHolder(program, found)
}

for (const isOld of [true, false]) {
  const name = isOld ? 'a page flag' : 'a page type'
  test(`the variable that leads through a cache's objects is found (${name})`, () => {
    const holder = find(isOld, 560, { offset: 0, target: 0 })
    assert.deepEqual(
      [holder?.symbol, holder?.module, holder?.objects, holder?.isCutOff],
      ['queue_head+0x8', '', 560, false],
    )
  })
}

test('a link within an object that leads into the next one is followed', () => {
  assert.equal(find(false, 600, { offset: 24, target: 24 })?.objects, 600)
})

test('a ring is walked once', () => {
  assert.equal(find(false, 560, { offset: 8, target: 0, isRing: true })?.objects, 560)
})

test('a list of some hundred shows nothing', () => {
  assert.equal(find(false, 400, { offset: 0, target: 0 }), undefined)
})
