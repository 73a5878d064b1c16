// A call through a pointer that is NULL: the CPU stands at 0, and the caller is on the stack.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { faultScene } from '../../../../test/support/fault_scene.ts'
import type { Finding } from '../rule.ts'
import { RULES } from '../rules.ts'
import { nullCall } from './null_call.ts'

const TYPES = `
  struct channel;
  struct channel_ops { int (*open)(struct channel *channel); int (*tune)(struct channel *channel, int to); };
  struct channel { struct list_head link; struct channel_ops *ops; };
  int tune(struct channel *channel, int to);
`
const LOG = ['BUG: kernel NULL pointer dereference, address: 0000000000000000', 'RIP: 0010:0x0']

function find(code: string, offset: number, log = LOG): Finding[] {
  const scene = faultScene({
    types: TYPES,
    code: { tune: code },
    at: '0x0',
    callers: [{ name: 'tune', offset }, 'kthread'],
    log,
  })
  return [...nullCall.find(scene)]
}

const TITLE =
  'channel->ops->tune (int (*)(struct channel *, int), struct channel_ops.tune) is NULL and was called in tune()'

test('the rule is among the rules', () => {
  assert.ok(RULES.includes(nullCall))
})

test('the member that should have held the function is named, called through a register', () => {
  // mov 0x10(%rdi),%rax; mov 0x8(%rax),%rax; call *%rax
  const [finding] = find('488b4710488b4008ffd0', 10)
  assert.equal(finding?.title, TITLE)
  assert.equal(finding.confidence, 'certain')
  assert.equal(finding.culprit?.function, 'tune')
})

test('the member is named as well when the call goes through memory, and without a log', () => {
  // mov 0x10(%rdi),%rax; call *0x8(%rax)
  const [finding] = find('488b4710ff5008', 7, [])
  assert.equal(finding?.title, TITLE)
})

test('a pointer that nothing is known of was called all the same', () => {
  // nopl; pop %rax; call *%rax
  const [finding] = find('0f1f44000058ffd0', 8)
  assert.equal(finding?.title, 'a function pointer is NULL and was called in tune()')
})
