// Jumps to what is mapped and no code.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { faultScene } from '../../../../test/support/fault_scene.ts'
import type { Finding } from '../rule.ts'
import { RULES } from '../rules.ts'
import { noExecute } from './no_execute.ts'

const HEAP = '0xffff888004000040'

/** mov %rdi,%rax; call *%rax */
function find(at: string, mapped: Record<string, 'rw'> = { [HEAP]: 'rw' }): Finding[] {
  const scene = faultScene({
    types: 'int run(int (*entry)(int id), int id);',
    code: { run: '4889f8ffd0' },
    at,
    callers: [{ name: 'run', offset: 5 }, 'kthread'],
    mapped,
  })
  return [...noExecute.find(scene)]
}

test('the rule is among the rules', () => {
  assert.ok(RULES.includes(noExecute))
})

test('a function pointer that led to data is named', () => {
  const [finding] = find(HEAP)
  assert.match(
    finding?.title ?? '',
    /^entry \(int \(\*\)\(int\), argument 1\) led to .*, which is no code in run\(\)$/,
  )
  assert.equal(finding?.confidence, 'certain')
})

test('user memory is no code of the kernel', () => {
  assert.match(find('0x400000', {})[0]?.title ?? '', /led to user memory, which is no code/)
})

test('what is not mapped at all is not of this rule', () => {
  assert.deepEqual(find(HEAP, {}), [])
})
