// Pointers that say themselves what they are.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { faultScene } from '../../../../test/support/fault_scene.ts'
import type { Finding } from '../rule.ts'
import { RULES } from '../rules.ts'
import { tellingPointer } from './telling_pointer.ts'

function find(si: bigint): Finding[] {
  const scene = faultScene({
    types: 'struct item { struct item *next; u64 id; }; int show(void *file, struct item *item);',
    // mov 0x8(%rsi),%rax
    code: { show: '488b4608' },
    at: 'show',
    registers: { si },
    log: [
      `general protection fault, probably for non-canonical address 0x${(si + 8n).toString(16)}: 0000 [#1]`,
    ],
  })
  return [...tellingPointer.find(scene)]
}

test('the rule is among the rules', () => {
  assert.ok(RULES.includes(tellingPointer))
})

test('poison of a list is what a deleted entry has', () => {
  const [finding] = find(0xdead_0000_0000_0100n)
  assert.equal(finding?.kind, 'list-corruption')
  assert.match(
    finding.title,
    /^item \(struct item \*, argument 2\) is LIST_POISON1, what list_del\(\)/,
  )
  assert.equal(finding.confidence, 'likely')
})

test('text is shown', () => {
  const [finding] = find(0x726f_7272_6520_6b73n)
  assert.equal(finding?.kind, 'memory-corruption')
  assert.match(
    finding.title,
    /is "sk error", text where a pointer should be: item->id is read in show\(\)$/,
  )
})

test('text that was called, and text over the lower bytes of an address, are text as well', () => {
  assert.match(find(0xffff_7473_6165_2d79n)[0]?.title ?? '', / is "y-east", text where a pointer/)
  const scene = faultScene({
    types: 'struct task { int (*run)(struct task *task); }; int start(struct task *task);',
    // mov (%rdi),%rax; call *%rax
    code: { start: '488b07ffd0' },
    at: '0x747361652d797261',
    callers: [{ name: 'start', offset: 5 }, 'kthread'],
    log: ['general protection fault: 0000 [#1] PREEMPT SMP NOPTI'],
  })
  const [finding] = tellingPointer.find(scene)
  assert.match(
    finding?.title ?? '',
    /^task->run \(.*\) is "ary-east", .*it was called in start\(\)$/,
  )
})

test('poison of freed memory, and a number of no pattern, are left to others', () => {
  assert.deepEqual(find(0x6b6b_6b6b_6b6b_6b6bn), [])
  assert.deepEqual(find(0x1234_5678_9abc_def0n), [])
})
