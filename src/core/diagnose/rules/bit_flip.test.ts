// Pointers that differ in one bit from one that would be right.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { faultScene } from '../../../../test/support/fault_scene.ts'
import { placeSlab, SLAB_TYPES, type SlabSceneRecipe } from '../../../../test/support/slab_scene.ts'
import type { Finding } from '../rule.ts'
import { RULES } from '../rules.ts'
import { bitFlip } from './bit_flip.ts'

const OBJECT = 0xffff_8880_0402_0000n

/** mov 0x8(%rsi),%rax, where %rsi is the object but for some bits. */
function find(bits: bigint, slab: Partial<SlabSceneRecipe> = {}, into = 0n): Finding[] {
  let object = 0n
  const recipe = {
    ...{ types: `${SLAB_TYPES} int show(void *file, u64 *item);`, code: { show: '488b4608' } },
    ...{ cpus: [{ cache_cpu: {} }, { cache_cpu: {} }], at: 'show' },
  }
  const scene = (pointer: bigint, page: bigint) =>
    faultScene({
      ...recipe,
      registers: { si: pointer },
      mapped: { [`0x${page.toString(16)}`]: 'rw' },
      prepare(kernel) {
        object = placeSlab(kernel, { name: 'item', ...slab }).objects[1] ?? 0n
      },
      log: [`BUG: unable to handle page fault for address: ${(pointer + 8n).toString(16)}`],
    })
  // Once to learn where the object lies, as it lies there every time.
  scene(OBJECT, OBJECT)
  return [...bitFlip.find(scene((object + into) ^ bits, object))]
}

test('the rule is among the rules', () => {
  assert.ok(RULES.includes(bitFlip))
})

test('a high bit that makes the start of an object of it is likely flipped', () => {
  const [finding] = find(1n << 41n)
  assert.equal(
    finding?.title,
    'a flipped bit: item (u64 *, argument 2) would be an object of item but for bit 41, and was used in show()',
  )
  assert.equal(finding.confidence, 'likely')
})

test('a bit that makes the address none at all is found as well', () => {
  assert.match(find(1n << 55n)[0]?.title ?? '', /but for bit 55/)
})

test('two bits, and a pointer into the middle of an object, are no flip', () => {
  assert.deepEqual(find((1n << 41n) | (1n << 43n)), [])
  assert.deepEqual(find(1n << 41n, {}, 0x18n), [])
})

test('an object that is free is not what a pointer should lead to', () => {
  assert.deepEqual(find(1n << 41n, { free: [1] }), [])
})
