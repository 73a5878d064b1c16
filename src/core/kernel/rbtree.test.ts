// Trees of a few nodes, well formed and damaged. Nodes are written by hand: what matters is the links.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { KernelBuilder } from '../../../test/support/kernel_builder.ts'
import { rbFind, rbtreeInorderForEachEntry } from './rbtree.ts'

const NODE =
  'struct rb_node { unsigned long __rb_parent_color; struct rb_node *rb_right; struct rb_node *rb_left; };' +
  'struct rb_root { struct rb_node *rb_node; };' +
  'struct rb_root_cached { struct rb_root rb_root; struct rb_node *rb_leftmost; };'
/** The node's place in its entry differs, and so does the root's type. */
const LAYOUTS = {
  'rb_root, node first': `${NODE} struct entry { struct rb_node node; long key; }; struct holder { struct rb_root root; };`,
  'rb_root_cached, node last': `${NODE} struct entry { long key; struct rb_node node; }; struct holder { struct rb_root_cached root; };`,
}

interface Tree {
  readonly kernel: KernelBuilder
  readonly holder: bigint
  readonly entries: readonly bigint[]
}

/** A balanced tree of the keys, which must ascend. */
function plant(types: string, keys: readonly number[]): Tree {
  const kernel = new KernelBuilder(types)
  const node = kernel.offsetof('struct entry', 'node')
  const entries = keys.map((key) => kernel.place('struct entry', { key }))
  const link = (first: number, end: number, parent: bigint): bigint => {
    if (first >= end) return 0n
    const middle = Math.floor((first + end) / 2)
    const entry = entries[middle] ?? 0n
    const here = entry + node
    kernel.set('struct entry', entry, {
      // Black and red in turn: the colour bit must not count as address.
      'node.__rb_parent_color': parent | BigInt(middle & 1),
      'node.rb_left': link(first, middle, here),
      'node.rb_right': link(middle + 1, end, here),
    })
    return here
  }
  const holder = kernel.global('holder', 'struct holder')
  kernel.write(holder, 8, link(0, keys.length, 0n))
  return { kernel, holder, entries }
}

function keysOf({ kernel }: Tree): number[] {
  const root = kernel.build().object('holder', 'struct holder').get('root')
  return Array.from(rbtreeInorderForEachEntry(root, 'struct entry', 'node'), (entry) =>
    entry.number('key'),
  )
}

for (const [layout, types] of Object.entries(LAYOUTS)) {
  test(`a tree is walked in order (${layout})`, () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.integer({ min: -1000, max: 1000 }), { maxLength: 60 }),
        (unsorted) => {
          const keys = unsorted.toSorted((a, b) => a - b)
          assert.deepEqual(keysOf(plant(types, keys)), keys)
        },
      ),
      { numRuns: 25 },
    )
  })

  test(`an entry is found by its key, and none where there is none (${layout})`, () => {
    const { kernel } = plant(types, [1, 3, 5, 7, 9, 11, 13])
    const root = kernel.build().object('holder', 'struct holder').get('root')
    for (let key = 0; key <= 14; key++) {
      const found = rbFind(root, 'struct entry', 'node', (entry) => key - entry.number('key'))
      assert.equal(found?.number('key'), key % 2 === 1 ? key : undefined, `key ${key}`)
    }
  })
}

test('a link back into the tree ends the walk with what it broke, after the good entries', () => {
  const tree = plant(LAYOUTS['rb_root, node first'], [1, 2, 3, 4, 5, 6, 7])
  const [first = 0n, , , top = 0n, , , last = 0n] = tree.entries
  // The greatest entry's right child becomes the root: an endless loop to whoever trusts it.
  tree.kernel.set('struct entry', last, { 'node.rb_right': top })
  const root = tree.kernel.build().object('holder', 'struct holder').get('root')
  const seen: number[] = []
  assert.throws(
    () => {
      for (const entry of rbtreeInorderForEachEntry(root, 'struct entry', 'node'))
        seen.push(entry.number('key'))
    },
    { code: 'ERR_CORRUPT', what: 'rbtree node has another parent' },
  )
  assert.deepEqual(seen, [1, 2, 3, 4, 5, 6, 7])
  assert.notEqual(first, 0n)
})

test('a search that never ends is stopped', () => {
  const { kernel, entries } = plant(LAYOUTS['rb_root, node first'], [1, 2, 3])
  const [lowest = 0n, top = 0n] = entries
  kernel.set('struct entry', lowest, { 'node.rb_left': top })
  const root = kernel.build().object('holder', 'struct holder').get('root')
  assert.throws(() => rbFind(root, 'struct entry', 'node', () => -1), { code: 'ERR_CORRUPT' })
})

test('a node outside the dump faults after the good entries', () => {
  const { kernel, entries } = plant(LAYOUTS['rb_root, node first'], [1, 2, 3])
  kernel.set('struct entry', entries[2] ?? 0n, { 'node.rb_left': 0xffff_8880_03f0_0000n })
  const root = kernel.build().object('holder', 'struct holder').get('root')
  const seen: number[] = []
  assert.throws(
    () => {
      for (const entry of rbtreeInorderForEachEntry(root, 'struct entry', 'node'))
        seen.push(entry.number('key'))
    },
    { code: 'ERR_FAULT', reason: 'not-present' },
  )
  assert.deepEqual(seen, [1, 2])
})
