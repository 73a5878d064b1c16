// Offsets of a struct with everything in it: nested and anonymous structs, unions, arrays, bit fields, padding.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { KernelBuilder } from '../../../test/support/kernel_builder.ts'
import { memberAt } from './member_at.ts'

const kernel = new KernelBuilder(`
  struct list_head { struct list_head *next, *prev; };
  struct inner { int id; char name[8]; };
  struct outer {
    int first; struct list_head link; struct { short a; short b; };
    union { long number; struct list_head other; }; struct inner items[3]; unsigned low : 4; unsigned high : 4;
    char last;
  };`)

const type = kernel.type('struct outer')

const CASES: readonly (readonly [offset: number, path: string, behind: number])[] = [
  [0, 'first', 0],
  [2, 'first', 2],
  [8, 'link.next', 0],
  [16, 'link.prev', 0],
  [20, 'link.prev', 4],
  [24, 'a', 0],
  [26, 'b', 0],
  [32, 'number', 0],
  // The first member of the union ends before: the second one reaches there.
  [40, 'other.prev', 0],
  [48, 'items[0].id', 0],
  [52, 'items[0].name[0]', 0],
  [60, 'items[1].id', 0],
  [84, 'low', 0],
]

for (const [offset, path, behind] of CASES) {
  test(`offset ${offset} is ${path}`, () => {
    assert.deepEqual(memberAt(type, offset), { path, offset: behind })
  })
}

test('a struct that is wanted whole is not looked into', () => {
  assert.deepEqual(memberAt(type, 64, 'inner'), { path: 'items[1]', offset: 4 })
})

test('padding is of the struct, and what is beyond of nobody', () => {
  assert.deepEqual(memberAt(type, 4), { path: '', offset: 4 })
  assert.equal(memberAt(type, 1000), undefined)
  assert.equal(memberAt(type, -1), undefined)
})
