// Addresses that nothing is mapped at, by their places.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { faultScene } from '../../../../test/support/fault_scene.ts'
import type { Finding } from '../rule.ts'
import { RULES } from '../rules.ts'
import { badAddress } from './bad_address.ts'

/** mov (%rdi),%eax */
function find(address: bigint): Finding[] {
  const scene = faultScene({
    types: 'struct log { u32 head; }; void append(struct log *log);',
    code: { append: '8b07' },
    at: 'append',
    registers: { di: address },
    variables: {
      vmalloc_base: ['unsigned long', 0xffff_c900_0000_0000n],
      last_unloaded_module: ['char [16]', 'nosuch_fs'],
    },
    log: [
      `BUG: unable to handle page fault for address: ${address.toString(16)}`,
      '#PF: error_code(0x0000) - not-present page',
    ],
  })
  return [...badAddress.find(scene)]
}

test('the rule is among the rules', () => {
  assert.ok(RULES.includes(badAddress))
})

test('memory of vmalloc without an area was freed', () => {
  const [finding] = find(0xffff_c900_0009_5000n)
  assert.equal(
    finding?.title,
    'log (struct log *, argument 1) leads to 0xffffc90000095000, which is in no vmalloc area (it was freed, or never one): log->head is read in append()',
  )
  assert.equal(finding.confidence, 'likely')
})

test('where modules are, the last that was unloaded is named', () => {
  assert.match(
    find(0xffff_ffff_c050_0000n)[0]?.title ?? '',
    /the last to be unloaded was nosuch_fs/,
  )
})

test('a number of user space that nothing is at was taken for a pointer', () => {
  assert.match(find(0x1234_5678n)[0]?.title ?? '', /a number taken for a pointer/)
})

test('an index that leads out of a variable is told with the variable', () => {
  // addl $0x1,counts(,%rdx,4)
  const scene = faultScene({
    code: { count: '8304950000000001' },
    at: 'count',
    registers: { dx: -9_123_456_789n },
    variables: { counts: ['unsigned [16]'] },
    log: ['BUG: unable to handle page fault for address: fffffff741328810'],
    more(kernel) {
      kernel.write(kernel.addressOf('count') + 3n, 4, kernel.addressOf('counts') & 0xffff_ffffn)
    },
  })
  const [finding] = badAddress.find(scene)
  assert.match(
    finding?.title ?? '',
    /^&counts leads to 0xf\w+, which .*: 4 bytes of an array are changed/,
  )
  assert.ok(finding?.evidence.some(({ text }) => text === 'the index in %rdx was -9123456789'))
})

test('what was given to kfree() and is no object of a slab is told as that', () => {
  // kfree: mov %rdi,%rbx; mov 0x8(%rax),%rdx
  const scene = faultScene({
    code: { kfree: '4889fb488b5008' },
    at: 'kfree+3',
    registers: { ax: 0xffff_f6e7_0090_9340n, bx: '&budget+64', di: '&budget+64' },
    variables: { budget: ['char [256]'] },
    log: ['BUG: unable to handle page fault for address: fffff6e700909348'],
  })
  const [finding] = badAddress.find(scene)
  assert.match(
    finding?.title ?? '',
    /^kfree\(\) was given 0xf\w+, budget\+0x40 by caller\(\): it cannot free that$/,
  )
  assert.equal(finding?.culprit?.function, 'caller')
})

test('NULL, errors and addresses that are none are not of this rule', () => {
  for (const other of [0x10n, -2n, 0x6b6b_6b6b_6b6b_6b6bn])
    assert.deepEqual(find(BigInt.asUintN(64, other)), [])
})
