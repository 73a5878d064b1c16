// XArrays, and the radix trees they replaced. Source: include/linux/xarray.h, lib/xarray.c; lib/radix-tree.c before v4.20.
import { wrap64 } from '../base/addr.ts'
import { CorruptError } from '../base/errors.ts'
import { stripType } from '../debuginfo/type.ts'
import type { KObject } from '../program/kobject.ts'
import type { Program } from '../program/program.ts'

/** An index and what it holds. */
export interface XArrayEntry {
  /** `unsigned long`. */
  readonly index: bigint
  /** A pointer, or a value entry: see `xaIsValue()`. */
  readonly entry: bigint
}

/** An entry, and the slots that lead to it from where the walk began. */
export interface XArrayPlace extends XArrayEntry {
  /** Empty for a lone entry in the root. */
  readonly path: readonly number[]
}

/** Index bits an `unsigned long` has; a node's shift beyond is damage. */
const INDEX_BITS = 64
/** Internal entries up to here are siblings, retry and zero marks, not nodes. */
const XA_INTERNAL_MAX = 4096n

interface XLayout {
  readonly program: Program
  readonly node: string
  readonly shift: bigint
  readonly slots: bigint
  readonly slotCount: number
  /** Low two bits of an entry that points to a node. */
  readonly nodeTag: bigint
}

/**
 * Walk the entries of an XArray or radix tree.
 *
 * @param xa `struct xarray`, or `struct radix_tree_root` of old kernels
 * @yields entries by ascending index; a multi-index entry once, at its first index
 * @throws {CorruptError} after the good entries, if nodes do not shrink on the way down, or one comes twice
 * @source include/linux/xarray.h xa_for_each()
 */
export function* xaForEach(xa: KObject): Generator<XArrayEntry> {
  for (const { index, entry } of xaForEachPlace(xa.program, xaHead(xa), xaKind(xa)))
    yield { index, entry }
}

/**
 * Walk the entries below a tagged pointer to a node, as the root holds one.
 *
 * @param head `xa_head` or `rnode`: an entry, or a tagged `struct xa_node` pointer
 * @yields entries by ascending index, as {@link xaForEach}
 */
export function* xaForEachPlace(
  program: Program,
  head: bigint,
  kind: XArrayKind = 'xarray',
): Generator<XArrayPlace> {
  const layout = xLayout(program, kind)
  if (isNode(layout, head)) yield* walkNode(layout, head, 0n, INDEX_BITS, [], new Set())
  else if (isEntry(layout, head)) yield { index: 0n, entry: head, path: [] }
}

/**
 * Load the entry at an index.
 *
 * @returns 0n if there is none
 * @source lib/xarray.c xa_load()
 */
export function xaLoad(xa: KObject, index: bigint): bigint {
  const layout = xLayout(xa.program, xaKind(xa))
  let entry = xaHead(xa)
  let below = INDEX_BITS
  if (!isNode(layout, entry)) return index === 0n && isEntry(layout, entry) ? entry : 0n
  const { memory } = layout.program
  for (let top = true; isNode(layout, entry); top = false) {
    const node = entry - layout.nodeTag
    const shift = readShift(layout, node, below)
    below = shift
    const position = index >> BigInt(shift)
    // Only the top node may be too small for the index.
    if (top && position >= BigInt(layout.slotCount)) return 0n
    let slot = Number(position & BigInt(layout.slotCount - 1))
    entry = memory.u64(slotAddress(layout, node, slot))
    if (isSibling(layout, entry)) {
      slot = Number(entry >> 2n)
      entry = memory.u64(slotAddress(layout, node, slot))
    }
  }
  return isEntry(layout, entry) ? entry : 0n
}

/** Is this entry an integer rather than a pointer? @source include/linux/xarray.h xa_is_value() */
export function xaIsValue(entry: bigint): boolean {
  return (entry & 1n) !== 0n
}

/** The integer of a value entry. @source include/linux/xarray.h xa_to_value() */
export function xaToValue(entry: bigint): bigint {
  return entry >> 1n
}

function* walkNode(
  layout: XLayout,
  tagged: bigint,
  base: bigint,
  below: number,
  path: readonly number[],
  visited: Set<bigint>,
): Generator<XArrayPlace> {
  const node = tagged - layout.nodeTag
  // Damaged slots that lead to a node from many others make a walk without end of a few pages.
  if (visited.has(node)) throw new CorruptError(node, 'xarray node is in the tree twice')
  visited.add(node)
  const shift = readShift(layout, node, below)
  const bytes = layout.program.memory.bytes(wrap64(node + layout.slots), layout.slotCount * 8)
  const slots = new DataView(bytes.buffer)
  for (let slot = 0; slot < layout.slotCount; slot++) {
    const entry = slots.getBigUint64(slot * 8, layout.program.memory.littleEndian)
    if (entry === 0n) continue
    const index = base + (BigInt(slot) << BigInt(shift))
    if (isNode(layout, entry))
      yield* walkNode(layout, entry, index, shift, [...path, slot], visited)
    else if (isEntry(layout, entry)) yield { index, entry, path: [...path, slot] }
  }
}

/** The root entry. */
function xaHead(xa: KObject): bigint {
  // Since v4.20, commit f8d5d0cc145c ("xarray: Add definition of struct xarray"), it is xa_head.
  return xa.pointer('xa_head', 'rnode')
}

/** A node's shift must be smaller than its parent's: the check that makes a cycle impossible. */
function readShift({ program, shift }: XLayout, node: bigint, below: number): number {
  const value = program.memory.u8(wrap64(node + shift))
  if (value >= below)
    throw new CorruptError(node, `xarray node of shift ${value} below one of shift ${below}`)
  return value
}

function isNode({ nodeTag }: XLayout, entry: bigint): boolean {
  return (entry & 3n) === nodeTag && entry > XA_INTERNAL_MAX
}

function isSibling({ nodeTag, slotCount }: XLayout, entry: bigint): boolean {
  return (entry & 3n) === nodeTag && entry < BigInt(slotCount) << 2n && entry !== 0n
}

/** Not NULL, and not one of the marks an XArray keeps for itself. */
function isEntry({ nodeTag }: XLayout, entry: bigint): boolean {
  return entry !== 0n && (entry & 3n) !== nodeTag
}

function slotAddress({ slots }: XLayout, node: bigint, slot: number): bigint {
  return wrap64(node + slots + BigInt(slot * 8))
}

/** Which of the two a root is; before v4.20 nodes have another name and tag. */
export type XArrayKind = 'xarray' | 'radix tree'

function xaKind(xa: KObject): XArrayKind {
  // Since v4.20, commit f8d5d0cc145c ("xarray: Add definition of struct xarray"), it is an xarray and nodes are
  // tagged 2. A radix_tree_node is tagged 1, and its exceptional entries (tag 2) are entries like any other.
  return xa.has('xa_head') ? 'xarray' : 'radix tree'
}

function xLayout(program: Program, kind: XArrayKind): XLayout {
  const node = kind === 'xarray' ? 'struct xa_node' : 'struct radix_tree_node'
  const slots = program.objectAt(node, 0n).get('slots').type
  const array = stripType(slots)
  return {
    program,
    node,
    shift: BigInt(program.offsetof(node, 'shift')),
    slots: BigInt(program.offsetof(node, 'slots')),
    slotCount: array.kind === 'array' ? array.length : 0,
    nodeTag: kind === 'xarray' ? 2n : 1n,
  }
}
