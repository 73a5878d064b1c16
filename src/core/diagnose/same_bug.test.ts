// How alike lists of frames are, and which signatures are of one bug.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sameBug, similarity } from './same_bug.ts'
import type { Signature } from './signature.ts'

const signature = (frames: readonly string[], more: Partial<Signature> = {}): Signature => ({
  ...{ version: 1, strict: frames.join(), loose: `oops in ${frames[0]}`, kind: 'oops', detail: '' },
  ...{ frames, dropped: [] },
  ...more,
})

test('equal lists are alike, lists with nothing in common are not, order of arguments is no matter', () => {
  assert.equal(similarity(['a', 'b'], ['a', 'b']), 1)
  assert.equal(similarity([], []), 1)
  assert.equal(similarity(['a', 'b'], ['c', 'd']), 0)
  assert.equal(similarity(['a', 'b'], []), 0)
  assert.equal(similarity(['a', 'x', 'b'], ['a', 'b']), similarity(['a', 'b'], ['a', 'x', 'b']))
})

test('a frame weighs less the further out it is', () => {
  const all = ['a', 'b', 'c', 'd', 'e']
  const changed = (index: number): number => similarity(all, all.with(index, 'x'))
  for (const index of [1, 2, 3, 4]) assert.ok(changed(index) > changed(index - 1))
})

test('a frame more in one of them is no other stack', () => {
  const alike = similarity(['a', 'inlined', 'b', 'c'], ['a', 'b', 'c'])
  assert.ok(alike > 0.7 && alike < 1, `${alike}`)
})

test('one bug: equal, or of one kind and detail and alike', () => {
  const one = signature(['a', 'b', 'c', 'd'])
  assert.ok(sameBug(one, one))
  assert.ok(sameBug(one, signature(['a', 'inlined', 'b', 'c'])))
  assert.ok(!sameBug(one, signature(['z', 'b', 'y', 'x'])))
  assert.ok(!sameBug(one, signature(one.frames, { kind: 'bug' })))
  assert.ok(!sameBug(one, signature(one.frames, { detail: '0x300' })))
  const sysrq = signature([], { kind: 'sysrq', loose: 'sysrq' })
  assert.ok(sameBug(sysrq, { ...sysrq, strict: 'another' }))
})
