// Maple trees: ranges of indices to pointers. Source: include/linux/maple_tree.h, lib/maple_tree.c; since v6.1.
import { CorruptError } from '../base/errors.ts'
import { sizeofType, stripType } from '../debuginfo/type.ts'
import type { KObject } from '../program/kobject.ts'
import type { Program } from '../program/program.ts'

/** A range of indices and what it holds. */
export interface MapleEntry {
  /** First index, `unsigned long`. */
  readonly first: bigint
  /** Last index, inclusive. */
  readonly last: bigint
  readonly entry: bigint
}

const ULONG_MAX = 0xffff_ffff_ffff_ffffn
/** MAPLE_HEIGHT_MAX. */
const HEIGHT_LIMIT = 31

// include/linux/maple_tree.h enum maple_type: the encoding in a node pointer's bits 3 to 6.
const MAPLE_DENSE = 0
const MAPLE_LEAF_64 = 1
const MAPLE_RANGE_64 = 2
const MAPLE_ARANGE_64 = 3
/** MAPLE_NODE_MASK: nodes are aligned to 256 bytes; below lie the type and the XArray's internal tag. */
const NODE_MASK = 0xffn
/** Values below are marks and small integers, not nodes. */
const LOWEST_NODE = 4096n

interface NodeShape {
  /** Byte offset of the pivots; -1 where a slot is one index wide. */
  readonly pivots: number
  readonly pivotCount: number
  readonly slots: number
  readonly slotCount: number
}

interface MapleLayout {
  readonly program: Program
  readonly nodeSize: number
  readonly shapes: readonly NodeShape[]
}

/**
 * Walk the ranges of a maple tree that hold an entry.
 *
 * @param tree `struct maple_tree`
 * @yields ranges ascending; NULL ranges (gaps) left out
 * @throws {CorruptError} after the good entries, if a child's range leaves its parent's, or a node comes twice
 * @source include/linux/maple_tree.h mt_for_each()
 */
export function* mtForEach(tree: KObject): Generator<MapleEntry> {
  for (const { range, isNode: inner } of mtForEachPlace(tree.program, tree.pointer('ma_root')))
    if (!inner && isEntry(range.entry)) yield range
}

/** A node or a slot of a leaf, and the slots that lead to it. */
export interface MaplePlace {
  /** Empty for the root. */
  readonly path: readonly number[]
  /** What it covers, and what it holds: for a node the tagged pointer to it. */
  readonly range: MapleEntry
  readonly isNode: boolean
}

/**
 * Walk nodes and leaf slots, NULL ones included, each node before what is in it.
 *
 * @param root `ma_root`: a lone entry, or a tagged `struct maple_node` pointer
 * @throws {CorruptError} after the good ones, as {@link mtForEach}
 */
export function* mtForEachPlace(program: Program, root: bigint): Generator<MaplePlace> {
  // A lone entry at index 0 needs no node.
  if (!isNode(root)) yield { path: [], range: { first: 0n, last: 0n, entry: root }, isNode: false }
  else {
    const range = { first: 0n, last: ULONG_MAX, entry: root }
    yield* walkNode(mapleLayout(program), range, [], new Set())
  }
}

/** What a node holds beside its ranges; `tree -v` shows it. */
export interface MapleNodeContents {
  readonly address: bigint
  /** enum maple_type. */
  readonly type: number
  /** The parent's place, tagged. */
  readonly parent: bigint
  readonly slots: readonly bigint[]
  /** Empty where a slot is one index wide. */
  readonly pivots: readonly bigint[]
  /** Gaps below each slot, and `meta`; of arange nodes. */
  readonly gaps: readonly bigint[]
  readonly meta: { readonly end: number; readonly gap: number } | undefined
}

/**
 * Read a node.
 *
 * @param node tagged, as slots and roots hold it
 * @source include/linux/maple_tree.h struct maple_node
 */
export function mapleNodeContents(program: Program, node: bigint): MapleNodeContents {
  const type = nodeType(node)
  const object = program.objectAt('struct maple_node', node & ~NODE_MASK)
  const isArange = type === MAPLE_ARANGE_64
  const part = type === MAPLE_DENSE ? object : object.get(isArange ? 'ma64' : 'mr64')
  const words = (name: string): bigint[] =>
    part.has(name) ? Array.from(part.get(name), (word) => word.bigint()) : []
  return {
    address: object.address,
    type,
    parent: object.pointer(),
    slots: words('slot'),
    pivots: words('pivot'),
    gaps: isArange ? words('gap') : [],
    meta: isArange ? { end: part.number('meta.end'), gap: part.number('meta.gap') } : undefined,
  }
}

/**
 * Load the range that covers an index.
 *
 * @returns undefined if the index lies in a gap
 * @source lib/maple_tree.c mtree_load()
 */
export function mtLoad(tree: KObject, index: bigint): MapleEntry | undefined {
  const root = tree.pointer('ma_root')
  if (!isNode(root))
    return index === 0n && isEntry(root) ? { first: 0n, last: 0n, entry: root } : undefined
  const layout = mapleLayout(tree.program)
  let node = root
  let range: Range = { first: 0n, last: ULONG_MAX }
  for (let depth = 0; depth <= HEIGHT_LIMIT; depth++) {
    let found: MapleEntry | undefined
    for (const slot of forEachSlot(layout, node, range)) {
      if (index >= slot.first && index <= slot.last) found = slot
    }
    if (!found || found.entry === 0n) return undefined
    if (isLeaf(node)) return isEntry(found.entry) ? found : undefined
    node = found.entry
    range = found
  }
  throw new CorruptError(node, `maple tree is deeper than ${HEIGHT_LIMIT}`)
}

interface Range {
  readonly first: bigint
  readonly last: bigint
}

function* walkNode(
  layout: MapleLayout,
  range: MapleEntry,
  path: readonly number[],
  visited: Set<bigint>,
): Generator<MaplePlace> {
  const node = range.entry
  if (path.length > HEIGHT_LIMIT)
    throw new CorruptError(node, `maple tree is deeper than ${HEIGHT_LIMIT}`)
  // Damaged links that lead to a node from many others make a walk without end of a few pages.
  if (visited.has(node)) throw new CorruptError(node, 'maple node is in the tree twice')
  visited.add(node)
  yield { path, range, isNode: true }
  const leaf = isLeaf(node)
  let slot = 0
  for (const inner of forEachSlot(layout, node, range)) {
    const place = [...path, slot++]
    if (leaf) yield { path: place, range: inner, isNode: false }
    else if (inner.entry !== 0n) yield* walkNode(layout, inner, place, visited)
  }
}

/** The slots in use with the ranges they cover, NULL ones included. */
function* forEachSlot(layout: MapleLayout, node: bigint, range: Range): Generator<MapleEntry> {
  const { memory } = layout.program
  const shape = layout.shapes[nodeType(node)]
  if (!shape || node < LOWEST_NODE)
    throw new CorruptError(node, `maple node of unknown type ${nodeType(node)}`)
  const address = node & ~NODE_MASK
  const bytes = memory.bytes(address, layout.nodeSize)
  const view = new DataView(bytes.buffer)
  let first = range.first
  for (let slot = 0; slot < shape.slotCount; slot++) {
    const last = slotEnd(view, memory.littleEndian, shape, slot, range)
    if (last < first || last > range.last)
      throw new CorruptError(address, 'maple node pivots are out of order')
    yield { first, last, entry: view.getBigUint64(shape.slots + slot * 8, memory.littleEndian) }
    if (last === range.last) return
    first = last + 1n
  }
}

/** Last index of a slot. The last slot in use ends with the node: its pivot is absent, the maximum, or 0. */
function slotEnd(
  view: DataView,
  little: boolean,
  shape: NodeShape,
  slot: number,
  range: Range,
): bigint {
  if (shape.pivots < 0) return range.first + BigInt(slot)
  if (slot >= shape.pivotCount) return range.last
  const pivot = view.getBigUint64(shape.pivots + slot * 8, little)
  return pivot === 0n && (slot > 0 || range.first > 0n) ? range.last : pivot
}

function nodeType(node: bigint): number {
  return Number((node >> 3n) & 0xfn)
}

function isLeaf(node: bigint): boolean {
  return nodeType(node) < MAPLE_RANGE_64
}

/** Is the root a node? Only the root is tagged 2; a child's place in its parent says what it is. @source xa_is_node() */
function isNode(root: bigint): boolean {
  return (root & 3n) === 2n && root > LOWEST_NODE
}

/** Not NULL, and not a mark of the tree's own such as XA_ZERO_ENTRY. */
function isEntry(entry: bigint): boolean {
  return entry !== 0n && (entry & 3n) !== 2n
}

function mapleLayout(program: Program): MapleLayout {
  const shapes: NodeShape[] = []
  const range64 = nodeShape(program, 'struct maple_range_64')
  shapes[MAPLE_DENSE] = {
    pivots: -1,
    pivotCount: 0,
    slots: program.offsetof('struct maple_node', 'slot'),
    slotCount: arrayLength(program, 'struct maple_node', 'slot'),
  }
  shapes[MAPLE_LEAF_64] = range64
  shapes[MAPLE_RANGE_64] = range64
  shapes[MAPLE_ARANGE_64] = nodeShape(program, 'struct maple_arange_64')
  return { program, nodeSize: program.sizeof('struct maple_node'), shapes }
}

function nodeShape(program: Program, type: string): NodeShape {
  return {
    pivots: program.offsetof(type, 'pivot'),
    pivotCount: arrayLength(program, type, 'pivot'),
    slots: program.offsetof(type, 'slot'),
    slotCount: arrayLength(program, type, 'slot'),
  }
}

function arrayLength(program: Program, typeName: string, member: string): number {
  const type = stripType(program.type(typeName))
  const found = 'memberIndex' in type ? type.memberIndex.get(member) : undefined
  const array = found && stripType(found.type)
  return array?.kind === 'array' && sizeofType(array.element) === 8 ? array.length : 0
}
