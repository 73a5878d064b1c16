// The map against a list kept in order of use.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { LruMap } from './lru.ts'

test('the value used longest ago is dropped, and handed back', () => {
  const map = new LruMap<string, number>(2)
  map.set('a', 1)
  map.set('b', 2)
  assert.equal(map.get('a'), 1)
  assert.equal(map.set('c', 3), 2)
  assert.equal(map.get('b'), undefined)
})

test('setting a key again counts as use', () => {
  const map = new LruMap<string, number>(2)
  map.set('a', 1)
  map.set('b', 2)
  map.set('a', 3)
  assert.equal(map.set('c', 4), 2)
  assert.equal(map.get('a'), 3)
})

test('any sequence of gets and sets keeps exactly the most recently used keys', () => {
  const steps = fc.array(fc.tuple(fc.boolean(), fc.nat(7)), { maxLength: 60 })
  fc.assert(
    fc.property(steps, fc.integer({ min: 1, max: 5 }), (operations, limit) => {
      const map = new LruMap<number, number>(limit)
      let model: number[] = []
      for (const [isSet, key] of operations) {
        const known = model.includes(key)
        if (isSet) map.set(key, key * 10)
        else assert.equal(map.get(key), known ? key * 10 : undefined)
        if (isSet || known) model = [...model.filter((other) => other !== key), key].slice(-limit)
        assert.equal(map.size, model.length)
      }
    }),
  )
})
