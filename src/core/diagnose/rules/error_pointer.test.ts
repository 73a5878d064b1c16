// Error codes where pointers should be, and what is none of them.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { faultScene, type FaultRecipe } from '../../../../test/support/fault_scene.ts'
import type { Finding } from '../rule.ts'
import { RULES } from '../rules.ts'
import { errorPointer } from './error_pointer.ts'

/** movq $0,0x38(%rdi) */
const ENABLE: FaultRecipe = {
  types: 'struct channel { u64 id; u64 readings @ 56; }; int enable(struct channel *channel);',
  code: { enable: '48c7473800000000' },
  at: 'enable',
  registers: { di: -19n },
  log: ['BUG: kernel NULL pointer dereference, address: 0000000000000025'],
}

function find(recipe: FaultRecipe): Finding[] {
  return [...errorPointer.find(faultScene(recipe))]
}

test('the rule is among the rules', () => {
  assert.ok(RULES.includes(errorPointer))
})

test('an error is named, though the kernel took what it led to for NULL', () => {
  const [finding] = find(ENABLE)
  assert.equal(
    finding?.title,
    'channel (struct channel *, argument 1) is the error -ENODEV, no pointer: channel->readings is written in enable()',
  )
  assert.equal(finding.confidence, 'certain')
  assert.ok(finding.explains.includes('null-dereference'))
})

test('a small negative number without a name is only likely an error', () => {
  // pop %rdi; movq $0,0x38(%rdi)
  const code = { enable: '5f48c7473800000000' }
  const [finding] = find({ ...ENABLE, code, at: 'enable+1' })
  assert.equal(finding?.confidence, 'likely')
  assert.match(finding.title, /^the pointer in %rdi is the error -ENODEV/)
})

test('NULL is no error', () => {
  const log = ['BUG: kernel NULL pointer dereference, address: 0000000000000038']
  assert.deepEqual(find({ ...ENABLE, registers: { di: 0 }, log }), [])
})
