// Maple trees built node by node, in the layout of v6.1 and in one with other node sizes: walkers must ask the types.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { buildKernel, type Placed } from '../../../test/support/kernel_recipe.ts'
import type { KObject } from '../program/kobject.ts'
import { mtForEach, mtLoad, type MapleEntry } from './maple_tree.ts'

const ULONG_MAX = 0xffff_ffff_ffff_ffffn
const LEAF_64 = 1
const RANGE_64 = 2
const ARANGE_64 = 3
const ENTRY = 0xffff_8880_0020_0000n

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

/** Nodes are of 256 bytes, so that they lie on multiples of it. */
const typesOf = ({ rangeSlots, arangeSlots, tree }: Layout): string => `
  ${tree}
  struct maple_range_64 { void *parent; unsigned long pivot[${rangeSlots - 1}]; void *slot[${rangeSlots}]; };
  struct maple_arange_64 { void *parent; unsigned long pivot[${arangeSlots - 1}]; void *slot[${arangeSlots}];
    unsigned long gap[${arangeSlots}]; };
  struct maple_node { union {
    struct { void *parent; void *slot[${rangeSlots * 2 - 1}]; };
    struct maple_range_64 mr64; struct maple_arange_64 ma64; char size[256]; }; };`

type Objects = Record<string, Placed>
type Pointer = string | bigint

interface Slot {
  readonly last: bigint
  readonly entry: Pointer
}

/** A reference to a node as its parent holds it, or as the tree does. */
const enode = (name: string, kind: number): string => `&${name}+${(kind << 3) | 4}`
const rootNode = (name: string, kind: number): string => `&${name}+${(kind << 3) | 2}`

/** Group slots into nodes from the leaves up, as a bulk load would. Returns the root. */
function plant(objects: Objects, layout: Layout, slots: readonly Slot[]): string {
  let kind = LEAF_64
  let level = group(objects, slots, layout.rangeSlots, kind)
  while (level.length > 1) {
    kind = ARANGE_64
    level = group(objects, level, layout.arangeSlots, kind)
  }
  return rootNode(`n${Object.keys(objects).length - 1}`, kind)
}

function group(objects: Objects, slots: readonly Slot[], size: number, kind: number): Slot[] {
  const nodes: Slot[] = []
  for (let at = 0; at < slots.length; at += size) {
    const own = slots.slice(at, at + size)
    const last = own.at(-1)?.last ?? 0n
    // The last slot's pivot is the node's end, or absent: here it is left 0 where there is one.
    const pivot = own.slice(0, -1).map((slot) => slot.last)
    const name = `n${Object.keys(objects).length}`
    const node = { pivot, slot: own.map(({ entry }) => entry) }
    objects[name] = ['struct maple_node', kind === ARANGE_64 ? { ma64: node } : { mr64: node }]
    nodes.push({ last, entry: enode(name, kind) })
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
  const objects: Objects = {}
  return build(layout, plant(objects, layout, coverAll(entries)), objects)
}

function build(layout: Layout, root: Pointer, objects: Objects): KObject {
  const variables: Objects = { tree: ['struct maple_tree', { ma_root: root }] }
  const { program } = buildKernel({ types: typesOf(layout), variables, objects })
  return program.object('tree', 'struct maple_tree')
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
      return { first, last: next - 1n, entry: ENTRY + BigInt(i * 64) }
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
    const entries = [{ first: 5n, last: ULONG_MAX, entry: ENTRY }]
    assert.deepEqual([...mtForEach(treeOf(layout, entries))], entries)
  })

  test(`a child that is its own parent is corrupt after the good entries, not endless (${name})`, () => {
    const tree = build(layout, rootNode('top', ARANGE_64), {
      leaf: ['struct maple_node', { mr64: { pivot: [9n, 99n], slot: [ENTRY] } }],
      top: [
        'struct maple_node',
        { ma64: { pivot: [99n], slot: [enode('leaf', LEAF_64), enode('top', ARANGE_64)] } },
      ],
    })
    const seen: bigint[] = []
    assert.throws(
      () => {
        for (const { entry } of mtForEach(tree)) seen.push(entry)
      },
      { code: 'ERR_CORRUPT' },
    )
    assert.deepEqual(seen, [ENTRY])
  })
}

const LAYOUT_6_1 = LAYOUTS['slots 16 and 10'] as Layout

test('an entry alone at index 0 needs no node', () => {
  const tree = build(LAYOUT_6_1, ENTRY, {})
  assert.deepEqual([...mtForEach(tree)], [{ first: 0n, last: 0n, entry: ENTRY }])
  assert.equal(mtLoad(tree, 0n)?.entry, ENTRY)
  assert.equal(mtLoad(tree, 1n), undefined)
})

test('a node of a kind that does not exist is corrupt', () => {
  const tree = build(LAYOUT_6_1, rootNode('n', 7), { n: ['struct maple_node'] })
  assert.throws(() => [...mtForEach(tree)], {
    code: 'ERR_CORRUPT',
    what: 'maple node of unknown type 7',
  })
})

test('pivots that do not ascend are corrupt', () => {
  const tree = build(LAYOUT_6_1, rootNode('n', RANGE_64), {
    n: ['struct maple_node', { mr64: { pivot: [100n, 50n] } }],
  })
  assert.throws(() => [...mtForEach(tree)], {
    code: 'ERR_CORRUPT',
    what: 'maple node pivots are out of order',
  })
})

test('nodes that each lead to the next twice are corrupt, not a walk of 2^29 steps', () => {
  const objects: Objects = {}
  objects.n28 = ['struct maple_node', { mr64: { slot: [ENTRY] } }]
  for (let depth = 0; depth < 28; depth++) {
    const next = enode(`n${depth + 1}`, depth < 27 ? ARANGE_64 : LEAF_64)
    // Both children must cover what is left to them; pivots of 0 mean "to the end".
    const pivot = [(1n << BigInt(60 - depth)) - 1n]
    const slot = [next, next]
    objects[`n${depth}`] = ['struct maple_node', { ma64: { pivot, slot } }]
  }
  const tree = build(LAYOUT_6_1, rootNode('n0', ARANGE_64), objects)
  const begin = performance.now()
  assert.throws(() => [...mtForEach(tree)], { code: 'ERR_CORRUPT' })
  assert.ok(performance.now() - begin < 2000)
})
