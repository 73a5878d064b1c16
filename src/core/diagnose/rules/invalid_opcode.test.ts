// Invalid instructions that are no BUG().
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { faultScene } from '../../../../test/support/fault_scene.ts'
import type { Finding } from '../rule.ts'
import { RULES } from '../rules.ts'
import { invalidOpcode } from './invalid_opcode.ts'

function find(code: string, log: readonly string[]): Finding[] {
  return [...invalidOpcode.find(faultScene({ code: { run: code }, at: 'run', log }))]
}

test('the rule is among the rules', () => {
  assert.ok(RULES.includes(invalidOpcode))
})

test('ud2 that is no BUG() is where the compiler thought nobody would come', () => {
  const [finding] = find('0f0b', ['invalid opcode: 0000 [#1] SMP'])
  assert.match(finding?.title ?? '', /the compiler thought it never would .* in run\(\)$/)
  assert.equal(finding?.confidence, 'likely')
})

test('a call of a function of another type is told in the words of the log', () => {
  const said = 'CFI failure at run+0x1/0x80 (target: stop+0x0/0x10; expected type: 0x12345678)'
  const [finding] = find('0f0b', [said, 'invalid opcode: 0000 [#1] SMP'])
  assert.match(
    finding?.title ?? '',
    /^an indirect call went to what it must not: CFI failure at run/,
  )
  assert.equal(finding?.confidence, 'certain')
})

test('another invalid instruction is only possibly what it looks like', () => {
  const [finding] = find('ff', ['Oops: invalid opcode: 0000 [#1] SMP'])
  assert.equal(finding?.confidence, 'possible')
})

test('a BUG() is not of this rule', () => {
  assert.deepEqual(find('0f0b', ['kernel BUG at fs/inode.c:10!', 'invalid opcode: 0000 [#1]']), [])
})
