// tree over small trees of each kind, whole and damaged.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { crashSession } from '../../../../test/support/crash_session.ts'
import { SMALL_KERNEL } from '../../../../test/support/small_kernel.ts'

const RED = 0
const { text, addressOf } = crashSession({
  types: `${SMALL_KERNEL.types}
    struct rb_node { unsigned long __rb_parent_color; struct rb_node *rb_right, *rb_left; };
    struct rb_root { struct rb_node *rb_node; };
    struct item { long key; struct rb_node node; };
    struct holder { long before; struct rb_root root; };
    struct xarray { unsigned int xa_lock; unsigned int xa_flags; void *xa_head; };
    struct xa_node { unsigned char shift; unsigned char offset; unsigned char count; void *parent; void *slots[4]; };
  `,
  objects: {
    holder: ['struct holder', { root: { rb_node: '&top.node' } }],
    top: ['struct item', { key: 5, node: { rb_left: '&low.node', rb_right: '&high.node' } }],
    low: [
      'struct item',
      { key: 2, node: { __rb_parent_color: '&top.node', rb_right: '&mid.node' } },
    ],
    mid: ['struct item', { key: 3, node: { __rb_parent_color: '&low.node' } }],
    high: ['struct item', { key: 9, node: { __rb_parent_color: '&top.node' } }],
    broken: ['struct rb_root', { rb_node: '&odd.node' }],
    odd: ['struct item', { key: 1, node: { rb_left: '&top.node', __rb_parent_color: RED } }],
    array: ['struct xarray', { xa_head: '&root+2' }],
    root: ['struct xa_node', { shift: 2, slots: [0n, '&leaf+2'] }],
    leaf: ['struct xa_node', { shift: 0, slots: [0n, '&top', 0n, 7n] }],
  },
})

const hex = (reference: string): string => addressOf(reference).toString(16)
const addresses = (...names: string[]): string[] => names.map(hex)

test('a red-black tree is shown from the top down, with -l in order', () => {
  const line = `tree -o item.node -r holder.root ${hex('holder')}`
  assert.deepEqual(text(line), addresses('top', 'low', 'mid', 'high'))
  assert.deepEqual(text(`${line} -l`), addresses('low', 'mid', 'top', 'high'))
  assert.deepEqual(text(`${line} -l -S item.key -p`).slice(0, 6), [
    hex('low'),
    '  position: root/l',
    '  key = 2',
    hex('mid'),
    '  position: root/l/r',
    '  key = 3',
  ])
})

test('-N begins at a node, which may have a parent', () => {
  assert.deepEqual(text(`tree -o item.node -N ${hex('low.node')}`), addresses('low', 'mid'))
})

test('a child that has another parent ends the tree behind what was good', () => {
  const lines = text(`tree -o item.node ${hex('broken')}`)
  assert.equal(lines[0], hex('odd'))
  assert.match(lines[1] ?? '', /^tree: corrupt kernel data at .*rbtree node has another parent/)
})

test('an XArray is shown by index, value entries too', () => {
  for (const kind of ['x', 'xarray', 'ra', 'radix']) {
    assert.deepEqual(text(`tree -t ${kind} -p ${hex('array')}`), [
      hex('top'),
      '  index: 5  position: root/1/1',
      '7',
      '  index: 7  position: root/1/3',
    ])
  }
})

test('options of the other kind are refused, and unknown kinds', () => {
  const at = hex('array')
  assert.equal(text(`tree -t x -l ${at}`)[0], 'tree: -l option is not applicable to Xarrays')
  assert.equal(text(`tree -t m -o 8 ${at}`)[0], 'tree: -o option is not applicable to maple trees')
  assert.equal(text(`tree -t y ${at}`)[0], 'tree: invalid tree type: y')
  assert.equal(text('tree')[0], 'tree: a starting address is required')
  assert.equal(text(`tree -o item.nope ${at}`)[0], 'tree: invalid -o argument: item.nope')
})

test('a maple tree of a kernel without one names the type', () => {
  assert.equal(text(`tree -t maple ${hex('array')}`)[0], 'tree: type not found: struct maple_tree')
})
