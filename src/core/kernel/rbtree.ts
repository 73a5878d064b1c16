// Red-black trees. Source: include/linux/rbtree.h, lib/rbtree.c.
// A child whose parent link does not point back is damage, and the check that makes a cycle impossible.
import { wrap64 } from '../base/addr.ts'
import { CorruptError } from '../base/errors.ts'
import type { KObject } from '../program/kobject.ts'
import type { Program } from '../program/program.ts'

/** A balanced tree of 2^64 nodes is at most this deep. */
const RB_DEPTH_LIMIT = 128
/** No tree of a real kernel has more nodes. */
const RB_NODE_LIMIT = 100_000_000
/** Bit 0 of `__rb_parent_color` is the colour, bit 1 unused. */
const RB_PARENT_MASK = ~3n

interface RbLayout {
  readonly parent: bigint
  readonly left: bigint
  readonly right: bigint
}

/** A node of a tree, and the way to it from where the walk began. */
export interface RbPlace {
  readonly node: bigint
  /** `/l/r`: right child of the left child of the top node; '' for the top node itself. */
  readonly path: string
}

/**
 * Walk a tree in order.
 *
 * @param root `struct rb_root` or `struct rb_root_cached`
 * @yields addresses of `struct rb_node`, ascending
 * @throws {CorruptError} after the good nodes, if a link is damaged
 * @source lib/rbtree.c rb_first(), rb_next()
 */
export function* rbtreeInorderForEach(root: KObject): Generator<bigint> {
  // Both root types begin with the pointer to the top node.
  for (const { node } of rbtreeForEachPlace(root.program, root.pointer(), 'inorder')) yield node
}

/**
 * Walk the nodes below and including `top`.
 *
 * @param top address of a `struct rb_node`, 0n for an empty tree
 * @param order 'inorder' ascending, 'preorder' each node before its left, then its right child
 * @param parent what the top node's parent link must say; 'any' where the walk begins inside a tree
 * @throws {CorruptError} after the good nodes, if a link is damaged
 */
export function* rbtreeForEachPlace(
  program: Program,
  top: bigint,
  order: 'inorder' | 'preorder',
  parent: bigint | 'any' = 0n,
): Generator<RbPlace> {
  const { memory } = program
  const layout = rbLayout(program)
  const stack: RbPlace[] = []
  let count = 0
  let above: bigint | 'any' = parent
  let node = top
  let path = ''
  while (node !== 0n || stack.length > 0) {
    while (node !== 0n) {
      const parentColor = memory.u64(wrap64(node + layout.parent))
      if (above !== 'any') checkParent(parentColor, above, node)
      const place = { node, path }
      if (stack.push(place) > RB_DEPTH_LIMIT)
        throw new CorruptError(node, `rbtree is deeper than ${RB_DEPTH_LIMIT}`)
      if (order === 'preorder') yield place
      above = node
      node = memory.u64(wrap64(node + layout.left))
      path = `${place.path}/l`
    }
    const next = stack.pop() as RbPlace
    if (++count > RB_NODE_LIMIT)
      throw new CorruptError(next.node, `rbtree exceeds ${RB_NODE_LIMIT} nodes`)
    if (order === 'inorder') yield next
    above = next.node
    node = memory.u64(wrap64(next.node + layout.right))
    path = `${next.path}/r`
  }
}

/**
 * Walk the entries of a tree in order.
 *
 * @param member the `struct rb_node` member of `typeName`
 * @source include/linux/rbtree.h rb_entry()
 */
export function* rbtreeInorderForEachEntry<T extends string>(
  root: KObject,
  typeName: T | `struct ${T}`,
  member: string,
): Generator<KObject<T>> {
  const offset = BigInt(root.program.offsetof(typeName, member))
  for (const node of rbtreeInorderForEach(root))
    yield root.program.objectAt<T>(typeName, wrap64(node - offset))
}

/**
 * Find an entry by descending from the root.
 *
 * @param compare negative if what is wanted lies left of the entry, positive if right, 0 if this is it
 * @returns undefined if no entry matches
 * @throws {CorruptError} if the path down does not end
 * @source include/linux/rbtree.h rb_find()
 */
export function rbFind<T extends string>(
  root: KObject,
  typeName: T | `struct ${T}`,
  member: string,
  compare: (entry: KObject<T>) => number,
): KObject<T> | undefined {
  const { program } = root
  const layout = rbLayout(program)
  const offset = BigInt(program.offsetof(typeName, member))
  let node = root.pointer()
  for (let depth = 0; node !== 0n; depth++) {
    if (depth > RB_DEPTH_LIMIT)
      throw new CorruptError(node, `rbtree is deeper than ${RB_DEPTH_LIMIT}`)
    const entry = program.objectAt<T>(typeName, wrap64(node - offset))
    const order = compare(entry)
    if (order === 0) return entry
    node = program.memory.u64(wrap64(node + (order < 0 ? layout.left : layout.right)))
  }
  return undefined
}

function rbLayout(program: Program): RbLayout {
  return {
    parent: BigInt(program.offsetof('struct rb_node', '__rb_parent_color')),
    left: BigInt(program.offsetof('struct rb_node', 'rb_left')),
    right: BigInt(program.offsetof('struct rb_node', 'rb_right')),
  }
}

function checkParent(parentColor: bigint, parent: bigint, node: bigint): void {
  if ((parentColor & RB_PARENT_MASK) !== parent)
    throw new CorruptError(node, 'rbtree node has another parent')
}
