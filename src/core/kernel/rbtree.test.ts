// Trees of a few nodes, well formed and damaged. Nodes are written by hand: what matters is the links.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { buildKernel } from '../../../test/support/kernel_recipe.ts'
import type { KObject } from '../program/kobject.ts'
import { rbFind, rbtreeInorderForEachEntry } from './rbtree.ts'

const NODE = `
  struct rb_node { unsigned long __rb_parent_color; struct rb_node *rb_right; struct rb_node *rb_left; };
  struct rb_root { struct rb_node *rb_node; };
  struct rb_root_cached { struct rb_root rb_root; struct rb_node *rb_leftmost; };`
/** The node's place in its entry differs, and so does the root's type. */
const LAYOUTS = {
  'rb_root, node first': {
    types: `${NODE} struct entry { struct rb_node node; long key; };`,
    root: 'struct rb_root',
  },
  'rb_root_cached, node last': {
    types: `${NODE} struct entry { long key; struct rb_node node; };`,
    root: 'struct rb_root_cached',
  },
}
type Layout = (typeof LAYOUTS)[keyof typeof LAYOUTS]
const PLAIN = LAYOUTS['rb_root, node first']

interface Links {
  parent: string
  left: string
  right: string
}

/** Links of a balanced tree over entries 0 to count - 1; '' is NULL. */
function balance(count: number): { readonly top: string; readonly links: Links[] } {
  const links: Links[] = []
  const link = (first: number, end: number, parent: string): string => {
    if (first >= end) return ''
    const middle = Math.floor((first + end) / 2)
    const name = `&e${middle}.node`
    links[middle] = {
      parent,
      left: link(first, middle, name),
      right: link(middle + 1, end, name),
    }
    return name
  }
  return { top: link(0, count, ''), links }
}

/** The root of a tree of these keys, which must ascend, after `damage`. */
function plant(
  layout: Layout,
  keys: readonly number[],
  damage?: (links: Links[]) => void,
): KObject {
  const { top, links } = balance(keys.length)
  damage?.(links)
  const pointer = (name: string): string | number => (name === '' ? 0 : name)
  const objects = links.map(({ parent, left, right }, i) => {
    // Black and red in turn: the colour bit must not count as address.
    const color = i & 1
    const parentColor = parent === '' ? color : `${parent}+${color}`
    const node = {
      __rb_parent_color: parentColor,
      rb_left: pointer(left),
      rb_right: pointer(right),
    }
    return [`e${i}`, ['struct entry', { key: keys[i] ?? 0, node }]] as const
  })
  const value =
    layout.root === 'struct rb_root'
      ? { rb_node: pointer(top) }
      : { rb_root: { rb_node: pointer(top) } }
  const { program } = buildKernel({
    types: layout.types,
    variables: { root: [layout.root, value] },
    objects: Object.fromEntries(objects),
  })
  return program.object('root', layout.root)
}

function keysOf(root: KObject, into: number[] = []): number[] {
  for (const entry of rbtreeInorderForEachEntry(root, 'struct entry', 'node'))
    into.push(entry.number('key'))
  return into
}

for (const [name, layout] of Object.entries(LAYOUTS)) {
  test(`a tree is walked in order (${name})`, () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.integer({ min: -1000, max: 1000 }), { maxLength: 60 }),
        (unsorted) => {
          const keys = unsorted.toSorted((a, b) => a - b)
          assert.deepEqual(keysOf(plant(layout, keys)), keys)
        },
      ),
      { numRuns: 25 },
    )
  })

  test(`an entry is found by its key, and none where there is none (${name})`, () => {
    const root = plant(layout, [1, 3, 5, 7, 9, 11, 13])
    for (let key = 0; key <= 14; key++) {
      const found = rbFind(root, 'struct entry', 'node', (entry) => key - entry.number('key'))
      assert.equal(found?.number('key'), key % 2 === 1 ? key : undefined, `key ${key}`)
    }
  })
}

test('a link back into the tree ends the walk with what it broke, after the good entries', () => {
  const root = plant(PLAIN, [1, 2, 3, 4, 5, 6, 7], (links) => {
    // The greatest entry's right child becomes the top: an endless loop to whoever trusts it.
    links[6] = { parent: '&e5.node', left: '', right: '&e3.node' }
  })
  const seen: number[] = []
  assert.throws(() => keysOf(root, seen), {
    code: 'ERR_CORRUPT',
    what: 'rbtree node has another parent',
  })
  assert.deepEqual(seen, [1, 2, 3, 4, 5, 6, 7])
})

test('a search that never ends is stopped', () => {
  const root = plant(PLAIN, [1, 2, 3], (links) => {
    links[0] = { parent: '&e1.node', left: '&e1.node', right: '' }
  })
  assert.throws(() => rbFind(root, 'struct entry', 'node', () => -1), { code: 'ERR_CORRUPT' })
})

test('a node outside the dump faults after the good entries', () => {
  const root = plant(PLAIN, [1, 2, 3], (links) => {
    links[2] = { parent: '&e1.node', left: '&e2.node+0x100000', right: '' }
  })
  const seen: number[] = []
  assert.throws(() => keysOf(root, seen), { code: 'ERR_FAULT' })
  assert.deepEqual(seen, [1, 2])
})
