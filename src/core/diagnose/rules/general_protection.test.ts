// General protection faults of which nothing better is known.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { faultScene, type FaultRecipe } from '../../../../test/support/fault_scene.ts'
import type { Finding } from '../rule.ts'
import { RULES } from '../rules.ts'
import { generalProtection } from './general_protection.ts'

/** mov 0x8(%rsi),%rax */
function find(recipe: Partial<FaultRecipe>): Finding[] {
  const scene = faultScene({
    types: 'struct item { u64 id; u64 count; }; int show(void *file, struct item *item);',
    code: { show: '488b4608' },
    at: 'show',
    log: ['general protection fault: 0000 [#1] SMP'],
    ...recipe,
  })
  return [...generalProtection.find(scene)]
}

test('the rule is among the rules', () => {
  assert.ok(RULES.includes(generalProtection))
})

test('a pointer that is no address is named with its value', () => {
  const [finding] = find({ registers: { si: 0x1234_5678_9abc_def0n } })
  assert.equal(
    finding?.title,
    'item (struct item *, argument 2) is 0x123456789abcdef0, no address: item->count is read in show()',
  )
  assert.equal(finding.confidence, 'likely')
})

test('an instruction without memory is shown, and is only possibly the cause', () => {
  // wrmsr
  const [finding] = find({ code: { show: '0f30' } })
  assert.match(finding?.title ?? '', /^general protection fault at `wrmsr` in show\(\)$/)
  assert.equal(finding?.confidence, 'possible')
})

test('a call through a pointer that is no address names the pointer', () => {
  // call *%rsi
  const [finding] = find({ code: { show: 'ffd6' }, registers: { si: 0x1234_5678_9abc_def0n } })
  assert.match(finding?.title ?? '', /^item .* is 0x123456789abcdef0, no address: it was called/)
})

test('poison and text are not of this rule', () => {
  assert.deepEqual(find({ registers: { si: 0x6b6b_6b6b_6b6b_6b6bn } }), [])
  assert.deepEqual(find({ registers: { si: 0x726f_7272_6520_6b73n } }), [])
})
