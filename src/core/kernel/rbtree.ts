// Red-black trees. Source: include/linux/rbtree.h, lib/rbtree.c.
// A child whose parent link does not point back is damage, and the check that makes a cycle impossible.
import { wrap64 } from '../base/addr.ts'
import { CorruptError } from '../base/errors.ts'
import type { KObject } from '../program/kobject.ts'

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

/**
 * Walk a tree in order.
 *
 * @param root `struct rb_root` or `struct rb_root_cached`
 * @yields addresses of `struct rb_node`, ascending
 * @throws {CorruptError} after the good nodes, if a link is damaged
 * @source lib/rbtree.c rb_first(), rb_next()
 */
export function* rbtreeInorderForEach(root: KObject): Generator<bigint> {
  const { memory } = root.program
  const layout = rbLayout(root)
  const stack: bigint[] = []
  let count = 0
  // Both root types begin with the pointer to the top node.
  let parent = 0n
  let node = root.pointer()
  while (node !== 0n || stack.length > 0) {
    while (node !== 0n) {
      checkParent(memory.u64(wrap64(node + layout.parent)), parent, node)
      if (stack.push(node) > RB_DEPTH_LIMIT)
        throw new CorruptError(node, `rbtree is deeper than ${RB_DEPTH_LIMIT}`)
      parent = node
      node = memory.u64(wrap64(node + layout.left))
    }
    const next = stack.pop() as bigint
    if (++count > RB_NODE_LIMIT)
      throw new CorruptError(next, `rbtree exceeds ${RB_NODE_LIMIT} nodes`)
    yield next
    parent = next
    node = memory.u64(wrap64(next + layout.right))
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
  const layout = rbLayout(root)
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

function rbLayout({ program }: KObject): RbLayout {
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
