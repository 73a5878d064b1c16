// Graphs given as text: each letter leads to those behind it.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { findRings } from './wait_cycles.ts'

function rings(graph: Readonly<Record<string, string>>): string[] {
  return findRings(Object.keys(graph), (node) => (graph[node] ?? '').split('').filter(Boolean)).map(
    (ring) => ring.join(''),
  )
}

test('a chain that leads into a ring is no part of it', () => {
  assert.deepEqual(rings({ a: 'b', b: 'c', c: 'd', d: 'b' }), ['bcd'])
})

test('a node that leads to itself is a ring', () => {
  assert.deepEqual(rings({ a: 'a', b: 'a' }), ['a'])
})

test('two ways to one end are no ring', () => {
  assert.deepEqual(rings({ a: 'bc', b: 'd', c: 'd', d: '' }), [])
})

test('of rings that share a node the first is kept', () => {
  assert.deepEqual(rings({ a: 'bc', b: 'a', c: 'a' }), ['ab'])
})

test('rings apart from each other are all found', () => {
  assert.deepEqual(rings({ a: 'b', b: 'a', c: 'd', d: 'c' }), ['ab', 'cd'])
})

test('a chain of a hundred thousand is walked', () => {
  const count = 100_000
  const nodes = Array.from({ length: count }, (_, i) => i)
  assert.equal(findRings(nodes, (i) => [(i + 1) % count])[0]?.length, count)
})
