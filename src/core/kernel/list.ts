// Linked lists. Source: include/linux/list.h. Every walk is bounded and notices cycles.
import { wrap64 } from '../base/addr.ts'
import { CorruptError } from '../base/errors.ts'
import type { KObject } from '../program/kobject.ts'

/** No list of a real kernel is longer than this; a damaged one may be endless. */
export const LIST_LIMIT = 10_000_000

/** `container_of()`: the `typeName` whose `member` lies at `address`. */
export function containerOf<T extends string>(
  node: KObject,
  address: bigint,
  typeName: T | `struct ${T}`,
  member: string,
): KObject<T> {
  const { program } = node
  return program.objectAt<T>(typeName, wrap64(address - BigInt(program.offsetof(typeName, member))))
}

/**
 * Walk a chain of nodes whose first word points to the next, until `end`.
 *
 * @yields addresses of nodes
 * @throws {CorruptError} after the good nodes, if the chain cycles without reaching `end`, or is too long
 * @throws {FaultError} after the good nodes, if a node cannot be read
 * @internal
 */
export function* forEachNode(
  read: (address: bigint) => bigint,
  first: bigint,
  isEnd: (address: bigint) => boolean,
): Generator<bigint> {
  // Brent: the mark moves at powers of two; meeting it again is a cycle.
  let mark = first
  let power = 1
  let steps = 0
  let count = 0
  let node = first
  while (!isEnd(node)) {
    if (node === 0n) throw new CorruptError(mark, `list ends in NULL after ${count} nodes`)
    // Read before the node is handed out: one that is not there is no entry.
    const next = read(node)
    yield node
    if (next === mark && !isEnd(next)) {
      throw new CorruptError(next, `list cycles after ${count + 1} nodes`)
    }
    if (++count > LIST_LIMIT) throw new CorruptError(node, `list exceeds ${LIST_LIMIT} nodes`)
    if (++steps === power) {
      mark = next
      power *= 2
      steps = 0
    }
    node = next
  }
}

/**
 * Walk a circular `struct list_head`.
 *
 * @param head `struct list_head` (not an entry)
 * @yields addresses of the nodes, head order
 * @source include/linux/list.h list_for_each()
 */
export function* listForEach(head: KObject): Generator<bigint> {
  const { memory } = head.program
  const end = head.address
  const first = head.pointer()
  // An uninitialised list_head is all zero: an empty list to whoever asks after a crash.
  if (first === 0n) return
  yield* forEachNode(
    (node) => memory.u64(node),
    first,
    (node) => node === end,
  )
}

/**
 * Walk the entries of a list.
 *
 * @param member the `struct list_head` member of `typeName`
 * @source include/linux/list.h list_for_each_entry()
 */
export function* listForEachEntry<T extends string>(
  head: KObject,
  typeName: T | `struct ${T}`,
  member: string,
): Generator<KObject<T>> {
  const offset = BigInt(head.program.offsetof(typeName, member))
  for (const node of listForEach(head))
    yield head.program.objectAt<T>(typeName, wrap64(node - offset))
}

/**
 * Walk an `struct hlist_head` or `hlist_bl_head` (whose low bit is a lock).
 *
 * @source include/linux/list.h hlist_for_each_entry(), include/linux/list_bl.h
 */
export function* hlistForEachEntry<T extends string>(
  head: KObject,
  typeName: T | `struct ${T}`,
  member: string,
): Generator<KObject<T>> {
  const { memory } = head.program
  const offset = BigInt(head.program.offsetof(typeName, member))
  const first = head.pointer() & ~1n
  for (const node of forEachNode(
    (at) => memory.u64(at),
    first,
    (at) => at === 0n,
  )) {
    yield head.program.objectAt<T>(typeName, wrap64(node - offset))
  }
}
