// Addresses of user space in the hands of the kernel.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { faultScene } from '../../../../test/support/fault_scene.ts'
import type { Finding } from '../rule.ts'
import { RULES } from '../rules.ts'
import { userAccess } from './user_access.ts'

/** movzbl (%rsi),%eax */
function find(errorCode: string): Finding[] {
  const scene = faultScene({
    types: 'int copy_label(void *channel, const char *label);',
    code: { copy_label: '0fb606' },
    at: 'copy_label',
    registers: { si: 0x7ffc_73d5_1f8dn },
    log: [
      'BUG: unable to handle page fault for address: 00007ffc73d51f8d',
      '#PF: supervisor read access in kernel mode',
      `#PF: error_code(${errorCode})`,
    ],
  })
  return [...userAccess.find(scene)]
}

test('the rule is among the rules', () => {
  assert.ok(RULES.includes(userAccess))
})

test('a user page that was there, and refused, is certain', () => {
  const [finding] = find('0x0001')
  assert.match(
    finding?.title ?? '',
    /^label \(const char \*, argument 2\) is an address of user space, 0x7ffc73d51f8d .* in copy_label\(\)$/,
  )
  assert.equal(finding?.confidence, 'certain')
})

test('a number that the process has nothing at is none of its addresses', () => {
  assert.deepEqual(find('0x0000'), [])
})
