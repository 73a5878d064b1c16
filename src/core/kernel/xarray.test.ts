// XArrays of v4.20 and later, and the radix trees before: nodes of 4 slots, so that small trees are deep.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { KernelBuilder } from '../../../test/support/kernel_builder.ts'
import { idrFind, idrForEach } from './idr.ts'
import { xaForEach, xaIsValue, xaLoad, xaToValue } from './xarray.ts'

const SLOT_BITS = 2
const SLOTS = 1 << SLOT_BITS

interface Layout {
  readonly types: string
  readonly node: string
  readonly head: string
  /** Low bits of a pointer to a node. */
  readonly tag: bigint
}

const XARRAY: Layout = {
  types: `
    struct xarray { unsigned int xa_lock; unsigned int xa_flags; void *xa_head; };
    struct xa_node { unsigned char shift; unsigned char offset; unsigned char count; void *parent; void *slots[${SLOTS}]; };
    struct idr { struct xarray idr_rt; unsigned int idr_base; unsigned int idr_next; };`,
  node: 'struct xa_node',
  head: 'xa_head',
  tag: 2n,
}
/** v4.19 and older: other names, other tag, members in another order. */
const RADIX_TREE: Layout = {
  types: `
    struct radix_tree_root { unsigned int gfp_mask; struct radix_tree_node *rnode; };
    struct radix_tree_node { unsigned char shift; unsigned char offset; unsigned char count; void *parent; long list[2];
      void *slots[${SLOTS}]; unsigned long tags[3]; };
    struct xarray { struct radix_tree_root root; };
    struct idr { struct radix_tree_root idr_rt; unsigned int idr_next; };`,
  node: 'struct radix_tree_node',
  head: 'rnode',
  tag: 1n,
}
const LAYOUTS = { xarray: XARRAY, 'radix tree': RADIX_TREE }

/** Build the nodes of a tree; returns its head. */
function plant(
  kernel: KernelBuilder,
  { node, tag }: Layout,
  entries: ReadonlyMap<bigint, bigint>,
): bigint {
  const highest = [...entries.keys()].reduce((high, index) => (index > high ? index : high), 0n)
  if (highest === 0n) return entries.get(0n) ?? 0n
  let shift = 0
  while (highest >> BigInt(shift + SLOT_BITS) > 0n) shift += SLOT_BITS
  const build = (base: bigint, at: number): bigint => {
    const address = kernel.place(node, { shift: at })
    for (let slot = 0n; slot < SLOTS; slot++) {
      const first = base + (slot << BigInt(at))
      const end = first + (1n << BigInt(at))
      if (![...entries.keys()].some((index) => index >= first && index < end)) continue
      const value = at === 0 ? (entries.get(first) ?? 0n) : build(first, at - SLOT_BITS)
      kernel.set(node, address, { [`slots[${slot}]`]: value })
    }
    return address | tag
  }
  return build(0n, shift)
}

function xarrayOf(
  layout: Layout,
  entries: ReadonlyMap<bigint, bigint>,
): ReturnType<ReturnType<KernelBuilder['build']>['object']> {
  const kernel = new KernelBuilder(layout.types)
  const root = layout === XARRAY ? 'struct xarray' : 'struct radix_tree_root'
  kernel.global('tree', root, { [layout.head]: plant(kernel, layout, entries) })
  return kernel.build().object('tree', root)
}

const POINTER = 0xffff_8880_0012_3000n

for (const [name, layout] of Object.entries(LAYOUTS)) {
  test(`${name}: every entry is yielded at its index, ascending, and can be loaded`, () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.integer({ min: 0, max: 5000 }), { maxLength: 20 }),
        (indices) => {
          const entries = new Map(
            indices
              .toSorted((a, b) => a - b)
              .map((index) => [BigInt(index), POINTER + BigInt(index * 8)]),
          )
          const tree = xarrayOf(layout, entries)
          assert.deepEqual(
            Array.from(xaForEach(tree), ({ index, entry }) => [index, entry]),
            [...entries],
          )
          for (const index of [0n, 1n, 77n, 5000n, 1n << 40n, ...entries.keys()]) {
            assert.equal(xaLoad(tree, index), entries.get(index) ?? 0n, `index ${index}`)
          }
        },
      ),
      { numRuns: 20 },
    )
  })

  test(`${name}: a lone entry at index 0 needs no node, and an empty tree has none`, () => {
    assert.deepEqual(
      [...xaForEach(xarrayOf(layout, new Map([[0n, POINTER]])))],
      [{ index: 0n, entry: POINTER }],
    )
    assert.deepEqual([...xaForEach(xarrayOf(layout, new Map()))], [])
    assert.equal(xaLoad(xarrayOf(layout, new Map([[0n, POINTER]])), 1n), 0n)
  })

  test(`${name}: a node that points to itself is corrupt, not endless`, () => {
    const kernel = new KernelBuilder(layout.types)
    const node = kernel.place(layout.node, { shift: 2 })
    kernel.set(layout.node, node, { 'slots[0]': POINTER, 'slots[1]': node | layout.tag })
    const root = layout === XARRAY ? 'struct xarray' : 'struct radix_tree_root'
    kernel.global('tree', root, { [layout.head]: node | layout.tag })
    const tree = kernel.build().object('tree', root)
    const seen: bigint[] = []
    assert.throws(
      () => {
        for (const { entry } of xaForEach(tree)) seen.push(entry)
      },
      { code: 'ERR_CORRUPT' },
    )
    assert.deepEqual(seen, [POINTER])
    assert.throws(() => xaLoad(tree, 4n), { code: 'ERR_CORRUPT' })
  })
}

test('marks of an xarray are no entries: siblings, retry and zero', () => {
  const kernel = new KernelBuilder(XARRAY.types)
  const sibling = (0n << 2n) | 2n
  const [retry, zero] = [(256n << 2n) | 2n, (257n << 2n) | 2n]
  const node = kernel.place(XARRAY.node, {
    shift: 0,
    'slots[0]': POINTER,
    'slots[1]': sibling,
    'slots[2]': retry,
    'slots[3]': zero,
  })
  kernel.global('tree', 'struct xarray', { xa_head: node | 2n })
  const tree = kernel.build().object('tree', 'struct xarray')
  assert.deepEqual([...xaForEach(tree)], [{ index: 0n, entry: POINTER }])
  // A sibling stands for the entry it belongs to.
  assert.equal(xaLoad(tree, 1n), POINTER)
  assert.equal(xaLoad(tree, 2n), 0n)
  assert.equal(xaLoad(tree, 3n), 0n)
})

test('a value entry is told from a pointer', () => {
  assert.ok(xaIsValue((42n << 1n) | 1n))
  assert.equal(xaToValue((42n << 1n) | 1n), 42n)
  assert.ok(!xaIsValue(POINTER))
})

for (const [name, layout] of Object.entries(LAYOUTS)) {
  test(`an idr over a ${name} counts from its base`, () => {
    const base = layout === XARRAY ? 1 : 0
    const kernel = new KernelBuilder(layout.types)
    const entries = new Map([1n, 2n, 9n].map((index) => [index, POINTER + index * 64n]))
    const head = plant(kernel, layout, entries)
    kernel.global('ids', 'struct idr', {
      [`idr_rt.${layout.head}`]: head,
      ...(base > 0 && { idr_base: base }),
    })
    const idr = kernel.build().object('ids', 'struct idr')
    assert.deepEqual(
      Array.from(idrForEach(idr), ({ id }) => id),
      [1, 2, 9].map((index) => index + base),
    )
    assert.equal(idrFind(idr, 9 + base), POINTER + 9n * 64n)
    assert.equal(idrFind(idr, 3 + base), 0n)
    assert.equal(idrFind(idr, -1), 0n)
  })
}
