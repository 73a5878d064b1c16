// Divisions, by a register and by memory.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { faultScene, type FaultRecipe } from '../../../../test/support/fault_scene.ts'
import type { Finding } from '../rule.ts'
import { RULES } from '../rules.ts'
import { divideError } from './divide_error.ts'

const TYPES = `struct channel { u64 id; u32 period @ 36; };
  u32 interval(struct channel *channel, u32 ticks);`
const LOG = ['divide error: 0000 [#1] PREEMPT SMP NOPTI']

function find(recipe: Partial<FaultRecipe>): Finding[] {
  const scene = faultScene({ types: TYPES, code: {}, at: 'interval', log: LOG, ...recipe })
  return [...divideError.find(scene)]
}

/** mov 0x24(%rdi),%ecx; mov %esi,%eax; xor %edx,%edx; div %ecx */
const BY_REGISTER = { code: { interval: '8b4f2489f031d2f7f1' }, at: 'interval+7' }

test('the rule is among the rules', () => {
  assert.ok(RULES.includes(divideError))
})

test('what was 0 is named, from a register', () => {
  const [finding] = find(BY_REGISTER)
  assert.equal(finding?.title, 'division by zero: channel->period is 0 in interval()')
  assert.equal(finding.confidence, 'certain')
})

test('what was 0 is named, in memory, and without a log', () => {
  // mov %esi,%eax; xor %edx,%edx; divl 0x24(%rdi)
  const [finding] = find({
    code: { interval: '89f031d2f77724' },
    at: 'interval+4',
    registers: { di: '&channel' },
    objects: { channel: ['struct channel'] },
    log: [],
  })
  assert.equal(finding?.title, 'division by zero: channel->period is 0 in interval()')
  assert.ok(finding.evidence.some(({ text }) => text === 'channel->period lies there'))
})

test('a divisor that is not 0 overflowed the quotient', () => {
  const [finding] = find({ ...BY_REGISTER, registers: { cx: 1 } })
  assert.match(finding?.title ?? '', /^division overflow: divided by channel->period, which is 0x1/)
})

test('another fault is no division', () => {
  assert.deepEqual(find({ ...BY_REGISTER, log: ['general protection fault: 0000 [#1] SMP'] }), [])
})
