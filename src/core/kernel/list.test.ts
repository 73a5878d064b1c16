// Lists linked by hand in a small kernel: whole, cut, cyclic, and with the kernel's own poison.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { KernelBuilder } from '../../../test/support/kernel_builder.ts'
import { CorruptError, FaultError, KdumpError } from '../base/errors.ts'
import type { KObject } from '../program/kobject.ts'
import {
  containerOf,
  forEachNode,
  hlistForEachEntry,
  listForEach,
  listForEachEntry,
} from './list.ts'

const TYPES = `
  struct list_head { struct list_head *next, *prev; };
  struct hlist_head { struct hlist_node *first; };
  struct hlist_node { struct hlist_node *next, **pprev; };
  struct entry { int id; struct list_head link; struct hlist_node hash; };`

/** Entries 0..n-1; `links` gives each entry's successor, 'head' or an address. */
function listOf(
  links: readonly (number | 'head' | bigint)[],
  first: number | 'head' | bigint = 0,
): { head: KObject; ids: () => number[] } {
  const kernel = new KernelBuilder(TYPES)
  const head = kernel.global('head', 'struct list_head')
  const entries = links.map((_, id) => kernel.place('struct entry', { id }))
  const link = (to: number | 'head' | bigint): bigint =>
    typeof to === 'bigint'
      ? to
      : to === 'head'
        ? head
        : (entries[to] as bigint) + BigInt(kernel.offsetof('struct entry', 'link'))
  entries.forEach((entry, i) =>
    kernel.set('struct entry', entry, { 'link.next': link(links[i] ?? 0n) }),
  )
  kernel.set('struct list_head', head, { next: link(links.length === 0 ? 'head' : first) })
  const object = kernel.build().object('head', 'struct list_head')
  const ids = (): number[] =>
    Array.from(listForEachEntry(object, 'struct entry', 'link'), (entry) => entry.number('id'))
  return { head: object, ids }
}

/** What was yielded, and what it ended with. */
function drain(list: { head: KObject }): { ids: number[]; error: unknown } {
  const ids: number[] = []
  try {
    for (const entry of listForEachEntry(list.head, 'struct entry', 'link'))
      ids.push(entry.number('id'))
    return { ids, error: undefined }
  } catch (error) {
    return { ids, error }
  }
}

test('entries come in list order', () => {
  assert.deepEqual(listOf([2, 'head', 1]).ids(), [0, 2, 1])
})

test('an empty list, and one that was never initialised, have no entries', () => {
  assert.deepEqual(listOf([]).ids(), [])
  assert.deepEqual(listOf([1, 'head'], 0n).ids(), [])
})

test('a list that ends in NULL is corrupt, after the good entries', () => {
  const { ids, error } = drain(listOf([1, 2, 0n]))
  assert.deepEqual(ids, [0, 1, 2])
  assert.ok(error instanceof CorruptError)
  assert.match(error.message, /list ends in NULL after 3 nodes/)
})

test('a list that leads to poison faults with the poison, after the good entries', () => {
  const { ids, error } = drain(listOf([1, 0xdead_0000_0000_0100n]))
  assert.deepEqual(ids, [0, 1])
  assert.ok(error instanceof FaultError && error.address === 0xdead_0000_0000_0100n)
})

test('a list that leads out of the dump yields no entry from there', () => {
  const { ids, error } = drain(listOf([1, 0xffff_8880_0f00_0000n]))
  assert.deepEqual(ids, [0, 1])
  assert.ok(error instanceof FaultError && error.reason === 'not-present')
})

for (const [what, links] of [
  ['to itself', [0]],
  ['to its second entry', [1, 2, 3, 1]],
  ['of two', [1, 0]],
] as const) {
  test(`a cycle ${what} is noticed after a few rounds`, () => {
    const { ids, error } = drain(listOf(links))
    assert.ok(error instanceof CorruptError && error.message.includes('list cycles'))
    assert.ok(ids.length <= 4 * links.length)
  })
}

test('whatever the links, a walk ends; without error it saw every node to the head once', () => {
  const links = fc.integer({ min: 1, max: 12 }).chain((count) =>
    fc.array(fc.oneof(fc.nat(count - 1), fc.constant<'head'>('head'), fc.constant(0n)), {
      minLength: count,
      maxLength: count,
    }),
  )
  fc.assert(
    fc.property(links, (targets) => {
      const { ids, error } = drain(listOf(targets))
      assert.ok(error === undefined || error instanceof KdumpError)
      const expected: number[] = []
      for (
        let at: number | 'head' | bigint = 0;
        typeof at === 'number' && expected.length < ids.length;
        at = targets[at] ?? 0n
      ) {
        expected.push(at)
      }
      assert.deepEqual(ids, expected)
      if (error === undefined) assert.equal(new Set(ids).size, ids.length)
      assert.ok(ids.length <= 4 * targets.length)
    }),
    { numRuns: 60 },
  )
})

test('a chain longer than any list stops', () => {
  let reads = 0
  const endless = forEachNode(
    (at) => {
      reads++
      return at + 16n
    },
    16n,
    () => false,
  )
  let seen = 0
  for (const _ of endless) if (++seen === 100_000) break
  assert.ok(reads <= 100_001)
})

test('an hlist ends in NULL, and the lock bit of its head is no address', () => {
  const kernel = new KernelBuilder(TYPES)
  const ids = [7, 8]
  const offset = BigInt(kernel.offsetof('struct entry', 'hash'))
  const [first = 0n, second = 0n] = ids.map((id) => kernel.place('struct entry', { id }))
  kernel.set('struct entry', first, { 'hash.next': second + offset })
  kernel.global('heads', 'struct hlist_head', { first: (first + offset) | 1n })
  const head = kernel.build().object('heads', 'struct hlist_head')
  assert.deepEqual(
    Array.from(hlistForEachEntry(head, 'struct entry', 'hash'), (entry) => entry.number('id')),
    ids,
  )
})

test('the container of a member begins before it', () => {
  const { head } = listOf(['head'])
  const [node = 0n] = [...listForEach(head)]
  assert.equal(containerOf(head, node, 'struct entry', 'link').number('id'), 0)
})
