// XArrays of v4.20 and later, and the radix trees before: nodes of 4 slots, so that small trees are deep.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { buildKernel, type Placed } from '../../../test/support/kernel_recipe.ts'
import type { KObject } from '../program/kobject.ts'
import { idrFind, idrForEach } from './idr.ts'
import { xaForEach, xaIsValue, xaLoad, xaToValue } from './xarray.ts'

const SLOT_BITS = 2
const SLOTS = 1 << SLOT_BITS

interface Layout {
  readonly types: string
  readonly root: string
  readonly node: string
  readonly head: string
  /** Low bits of a pointer to a node. */
  readonly tag: number
}

const XARRAY: Layout = {
  types: `
    struct xarray { unsigned int xa_lock; unsigned int xa_flags; void *xa_head; };
    struct xa_node { unsigned char shift; unsigned char offset; unsigned char count; void *parent; void *slots[${SLOTS}]; };
    struct idr { struct xarray idr_rt; unsigned int idr_base; unsigned int idr_next; };`,
  root: 'struct xarray',
  node: 'struct xa_node',
  head: 'xa_head',
  tag: 2,
}
/** v4.19 and older: other names, other tag, members in another order. */
const RADIX_TREE: Layout = {
  types: `
    struct radix_tree_root { unsigned int gfp_mask; struct radix_tree_node *rnode; };
    struct radix_tree_node { unsigned char shift; unsigned char offset; unsigned char count; void *parent; long list[2];
      void *slots[${SLOTS}]; unsigned long tags[3]; };
    struct idr { struct radix_tree_root idr_rt; unsigned int idr_next; };`,
  root: 'struct radix_tree_root',
  node: 'struct radix_tree_node',
  head: 'rnode',
  tag: 1,
}
const LAYOUTS = { xarray: XARRAY, 'radix tree': RADIX_TREE }
const POINTER = 0xffff_8880_0012_3000n

type Entries = ReadonlyMap<bigint, bigint>
type Objects = Record<string, Placed>

/** Add the nodes of a tree to `objects`; returns its head. */
function plant(objects: Objects, { node, tag }: Layout, entries: Entries): string | bigint {
  const highest = [...entries.keys()].reduce((high, index) => (index > high ? index : high), 0n)
  if (highest === 0n) return entries.get(0n) ?? 0n
  let top = 0
  while (highest >> BigInt(top + SLOT_BITS) > 0n) top += SLOT_BITS
  const build = (base: bigint, shift: number): string => {
    const name = `n${Object.keys(objects).length}`
    const slots: (string | bigint)[] = []
    objects[name] = [node, { shift, slots }]
    for (let slot = 0n; slot < SLOTS; slot++) {
      const first = base + (slot << BigInt(shift))
      const end = first + (1n << BigInt(shift))
      const isUsed = [...entries.keys()].some((index) => index >= first && index < end)
      if (!isUsed) slots.push(0n)
      else slots.push(shift === 0 ? (entries.get(first) ?? 0n) : build(first, shift - SLOT_BITS))
    }
    return `&${name}+${tag}`
  }
  return build(0n, top)
}

function treeOf(layout: Layout, entries: Entries): KObject {
  const objects: Objects = {}
  return build(layout, plant(objects, layout, entries), objects)
}

function build({ types, root, head }: Layout, value: string | bigint, objects: Objects): KObject {
  const { program } = buildKernel({
    types,
    variables: { tree: [root, { [head]: value }] },
    objects,
  })
  return program.object('tree', root)
}

for (const [name, layout] of Object.entries(LAYOUTS)) {
  test(`${name}: every entry is yielded at its index, ascending, and can be loaded`, () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.integer({ min: 0, max: 5000 }), { maxLength: 20 }),
        (unsorted) => {
          const indices = unsorted.toSorted((a, b) => a - b)
          const entries = new Map(
            indices.map((index) => [BigInt(index), POINTER + BigInt(index * 8)]),
          )
          const tree = treeOf(layout, entries)
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
    const lone = treeOf(layout, new Map([[0n, POINTER]]))
    assert.deepEqual([...xaForEach(lone)], [{ index: 0n, entry: POINTER }])
    assert.equal(xaLoad(lone, 0n), POINTER)
    assert.equal(xaLoad(lone, 1n), 0n)
    assert.deepEqual([...xaForEach(treeOf(layout, new Map()))], [])
  })

  test(`${name}: a node that points to itself is corrupt, not endless`, () => {
    const self = `&n0+${layout.tag}`
    const tree = build(layout, self, { n0: [layout.node, { shift: 2, slots: [POINTER, self] }] })
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

  test(`${name}: an idr over it counts from its base`, () => {
    const base = layout === XARRAY ? 1 : 0
    const objects: Objects = {}
    const entries = new Map([1n, 2n, 9n].map((index) => [index, POINTER + index * 64n]))
    const head = plant(objects, layout, entries)
    const value = { idr_rt: { [layout.head]: head }, ...(base > 0 && { idr_base: base }) }
    const { program } = buildKernel({
      types: layout.types,
      variables: { ids: ['struct idr', value] },
      objects,
    })
    const idr = program.object('ids', 'struct idr')
    assert.deepEqual(
      Array.from(idrForEach(idr), ({ id }) => id),
      [1, 2, 9].map((index) => index + base),
    )
    assert.equal(idrFind(idr, 9 + base), POINTER + 9n * 64n)
    assert.equal(idrFind(idr, 3 + base), 0n)
    assert.equal(idrFind(idr, -1), 0n)
  })
}

test('marks of an xarray are no entries: siblings, retry and zero', () => {
  const internal = (value: bigint): bigint => (value << 2n) | 2n
  const slots = [POINTER, internal(0n), internal(256n), internal(257n)]
  const tree = build(XARRAY, '&n0+2', { n0: [XARRAY.node, { shift: 0, slots }] })
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

test('nodes that each lead to the next from all slots are corrupt, not a walk without end', () => {
  const objects: Objects = {}
  for (let depth = 0; depth < 30; depth++) {
    const next = depth < 29 ? `&n${depth + 1}+2` : POINTER
    const slots = new Array<string | bigint>(Number(SLOTS)).fill(next)
    objects[`n${depth}`] = [XARRAY.node, { shift: 60 - 2 * depth, slots }]
  }
  const tree = build(XARRAY, '&n0+2', objects)
  assert.throws(() => [...xaForEach(tree)], {
    code: 'ERR_CORRUPT',
    what: 'xarray node is in the tree twice',
  })
})
