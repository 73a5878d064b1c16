// Writes to what the page tables have as read-only, and to what they have as writable.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { faultScene, type FaultRecipe } from '../../../../test/support/fault_scene.ts'
import type { Finding } from '../rule.ts'
import { RULES } from '../rules.ts'
import { writeProtected } from './write_protected.ts'

/** mov %edx,0x8(%rdi) */
function find(recipe: Partial<FaultRecipe> = {}): Finding[] {
  const scene = faultScene({
    types: 'struct limits { u64 low; u32 high; }; void tune(struct limits *limits, int by);',
    code: { tune: '895708' },
    at: 'tune',
    registers: { di: '&default_limits' },
    variables: { default_limits: ['struct limits'] },
    mapped: { default_limits: 'ro' },
    ...recipe,
  })
  return [...writeProtected.find(scene)]
}

test('the rule is among the rules', () => {
  assert.ok(RULES.includes(writeProtected))
})

test('a write to a page that may not be written names the variable', () => {
  const [finding] = find()
  assert.equal(
    finding?.title,
    'default_limits+0x8, which is read-only, was to be written in tune() through limits (struct limits *, argument 1)',
  )
  assert.equal(finding.confidence, 'certain')
  assert.equal(finding.kind, 'write-protected')
})

test('a read of it, and a write where writing is allowed, are not of this rule', () => {
  // mov 0x8(%rdi),%eax
  assert.deepEqual(find({ code: { tune: '8b4708' } }), [])
  assert.deepEqual(find({ mapped: { default_limits: 'rw' } }), [])
})
