// Maple trees built node by node, in the layout of v6.1 and in one with other node sizes: walkers must ask the types.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { KernelBuilder } from '../../../test/support/kernel_builder.ts'
import type { KObject } from '../program/kobject.ts'
import { mtForEach, mtLoad, type MapleEntry } from './maple_tree.ts'

const ULONG_MAX = 0xffff_ffff_ffff_ffffn
const LEAF_64 = 1n
const RANGE_64 = 2n
const ARANGE_64 = 3n

/** Slots of the two node kinds, and where the tree keeps its root. */
interface Layout {
  readonly rangeSlots: number
  readonly arangeSlots: number
  readonly tree: string
}

const LAYOUTS: Readonly<Record<string, Layout>> = {
  // v6.1: flags behind the root.
  'slots 16 and 10': {
    rangeSlots: 16,
    arangeSlots: 10,
    tree: 'struct maple_tree { unsigned int ma_lock; void *ma_root; unsigned int ma_flags; };',
  },
  'slots 4 and 3': {
    rangeSlots: 4,
    arangeSlots: 3,
    tree: 'struct maple_tree { unsigned int ma_lock; unsigned int ma_flags; void *ma_root; };',
  },
}

const typesOf = ({ rangeSlots, arangeSlots, tree }: Layout): string => `
  ${tree}
  struct maple_range_64 { void *parent; unsigned long pivot[${rangeSlots - 1}]; void *slot[${rangeSlots}]; };
  struct maple_arange_64 { void *parent; unsigned long pivot[${arangeSlots - 1}]; void *slot[${arangeSlots}];
    unsigned long gap[${arangeSlots}]; };
  struct maple_plain { void *parent; void *slot[${rangeSlots * 2 - 1}]; };
  struct maple_node { union { struct { void *parent; void *slot[${rangeSlots * 2 - 1}]; }; struct maple_range_64 mr64;
    struct maple_arange_64 ma64; }; };`

interface Slot {
  readonly last: bigint
  readonly entry: bigint
}

/** Group slots into nodes from the leaves up, as a bulk load would. Returns the root entry. */
function plant(kernel: KernelBuilder, layout: Layout, slots: readonly Slot[]): bigint {
  let level = group(kernel, slots, layout.rangeSlots, LEAF_64)
  while (level.length > 1) level = group(kernel, level, layout.arangeSlots, ARANGE_64)
  // The root is tagged as a node; children are told by their place.
  return ((level[0]?.entry ?? 0n) & ~7n) | 2n
}

function group(kernel: KernelBuilder, slots: readonly Slot[], size: number, kind: bigint): Slot[] {
  const type = kind === ARANGE_64 ? 'struct maple_arange_64' : 'struct maple_range_64'
  const nodes: Slot[] = []
  for (let at = 0; at < slots.length; at += size) {
    const own = slots.slice(at, at + size)
    const end = own.at(-1)?.last ?? 0n
    const address = kernel.allocate(256, 256)
    own.forEach(({ last, entry }, slot) => {
      // The last slot's pivot is the node's end, or absent: here it is left 0 where there is one.
      const pivot = slot < size - 1 && last !== end ? { [`pivot[${slot}]`]: last } : {}
      kernel.set(type, address, { ...pivot, [`slot[${slot}]`]: entry })
    })
    nodes.push({ last: end, entry: address | (kind << 3n) | 4n })
  }
  return nodes
}

/** Turn entries into slots that cover every index. */
function coverAll(entries: readonly MapleEntry[]): Slot[] {
  const slots: Slot[] = []
  let next = 0n
  for (const { first, last, entry } of entries) {
    if (first > next) slots.push({ last: first - 1n, entry: 0n })
    slots.push({ last, entry })
    next = last + 1n
  }
  if (next <= ULONG_MAX) slots.push({ last: ULONG_MAX, entry: 0n })
  return slots
}

function treeOf(layout: Layout, entries: readonly MapleEntry[]): KObject {
  const kernel = new KernelBuilder(typesOf(layout))
  kernel.global('tree', 'struct maple_tree', { ma_root: plant(kernel, layout, coverAll(entries)) })
  return kernel.build().object('tree', 'struct maple_tree')
}

/** Ranges that ascend and may touch. */
const ranges = fc
  .array(fc.tuple(fc.integer({ min: 0, max: 500 }), fc.integer({ min: 0, max: 500 })), {
    maxLength: 40,
  })
  .map((steps) => {
    let next = 0x1000n
    return steps.map(([gap, length], i): MapleEntry => {
      const first = next + BigInt(gap)
      next = first + BigInt(length) + 1n
      return { first, last: next - 1n, entry: 0xffff_8880_0020_0000n + BigInt(i * 64) }
    })
  })

for (const [name, layout] of Object.entries(LAYOUTS)) {
  test(`every range is yielded, ascending, gaps left out (${name})`, () => {
    fc.assert(
      fc.property(ranges, (entries) => {
        assert.deepEqual([...mtForEach(treeOf(layout, entries))], entries)
      }),
      { numRuns: 25 },
    )
  })

  test(`the range around an index is found, and nothing in a gap (${name})`, () => {
    fc.assert(
      fc.property(ranges, (entries) => {
        const tree = treeOf(layout, entries)
        for (const range of entries) {
          assert.deepEqual(mtLoad(tree, range.first), range)
          assert.deepEqual(mtLoad(tree, range.last), range)
        }
        assert.equal(mtLoad(tree, 0n), undefined)
        assert.equal(mtLoad(tree, ULONG_MAX), undefined)
      }),
      { numRuns: 15 },
    )
  })

  test(`a range to the last index ends the walk (${name})`, () => {
    const entries = [{ first: 5n, last: ULONG_MAX, entry: 0xffff_8880_0020_0000n }]
    assert.deepEqual([...mtForEach(treeOf(layout, entries))], entries)
  })

  test(`a child that is its own parent is corrupt after the good entries, not endless (${name})`, () => {
    const kernel = new KernelBuilder(typesOf(layout))
    const leaf = kernel.allocate(256, 256)
    kernel.set('struct maple_range_64', leaf, {
      'pivot[0]': 9n,
      'slot[0]': 0xffff_8880_0020_0000n,
      'pivot[1]': 99n,
    })
    const node = kernel.allocate(256, 256)
    kernel.set('struct maple_arange_64', node, {
      'pivot[0]': 99n,
      'slot[0]': leaf | (LEAF_64 << 3n) | 4n,
      'slot[1]': node | (ARANGE_64 << 3n) | 4n,
    })
    kernel.global('tree', 'struct maple_tree', { ma_root: node | (ARANGE_64 << 3n) | 2n })
    const tree = kernel.build().object('tree', 'struct maple_tree')
    const seen: bigint[] = []
    assert.throws(
      () => {
        for (const { entry } of mtForEach(tree)) seen.push(entry)
      },
      { code: 'ERR_CORRUPT' },
    )
    assert.deepEqual(seen, [0xffff_8880_0020_0000n])
  })
}

test('an entry alone at index 0 needs no node', () => {
  const kernel = new KernelBuilder(typesOf(LAYOUTS['slots 16 and 10'] as Layout))
  kernel.global('tree', 'struct maple_tree', { ma_root: 0xffff_8880_0020_0000n })
  const tree = kernel.build().object('tree', 'struct maple_tree')
  assert.deepEqual([...mtForEach(tree)], [{ first: 0n, last: 0n, entry: 0xffff_8880_0020_0000n }])
  assert.equal(mtLoad(tree, 0n)?.entry, 0xffff_8880_0020_0000n)
  assert.equal(mtLoad(tree, 1n), undefined)
})

test('a node of a kind that does not exist is corrupt', () => {
  const kernel = new KernelBuilder(typesOf(LAYOUTS['slots 16 and 10'] as Layout))
  const node = kernel.allocate(256, 256)
  kernel.global('tree', 'struct maple_tree', { ma_root: node | (7n << 3n) | 2n })
  assert.throws(() => [...mtForEach(kernel.build().object('tree', 'struct maple_tree'))], {
    code: 'ERR_CORRUPT',
    what: 'maple node of unknown type 7',
  })
})

test('pivots that do not ascend are corrupt', () => {
  const kernel = new KernelBuilder(typesOf(LAYOUTS['slots 16 and 10'] as Layout))
  const node = kernel.allocate(256, 256)
  kernel.set('struct maple_range_64', node, { 'pivot[0]': 100n, 'pivot[1]': 50n })
  kernel.global('tree', 'struct maple_tree', { ma_root: node | (RANGE_64 << 3n) | 2n })
  assert.throws(() => [...mtForEach(kernel.build().object('tree', 'struct maple_tree'))], {
    code: 'ERR_CORRUPT',
    what: 'maple node pivots are out of order',
  })
})
