// The access of a fault, with a disassembler and without one, as in the capture image or on an architecture that has none.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as iced from 'iced-x86'
import { faultScene, type FaultRecipe } from '../../../test/support/fault_scene.ts'
import { registerDisassembler, type Disassembler } from '../arch/disassembler.ts'
import { createX86Disassembler } from '../arch/x86_64_disassembler.ts'
import { UnsupportedError } from '../base/errors.ts'
import { diagnose } from './diagnose.ts'
import { faultingAccesses } from './faulting_access.ts'

const WITHOUT = (): Disassembler => {
  throw new UnsupportedError('disassembly')
}

/** mov 0x8(%rsi),%rax */
const READ: FaultRecipe = {
  types: 'struct item { u64 id; u64 count; }; int show(void *file, struct item *item);',
  code: { show: '488b4608' },
  at: 'show',
}
const NULL_LOG = ['BUG: kernel NULL pointer dereference, address: 0000000000000008']
const GPF_LOG = [
  'general protection fault, probably for non-canonical address 0x6b6b6b6b6b6b6b73: 0',
]

test('of two places that an instruction names the address tells which was refused', () => {
  // rep movsq
  const recipe = { ...READ, code: { show: 'f348a5' }, registers: { si: 0x1000, di: 0x2000 } }
  for (const [address, register, access] of [
    ['1000', 'si', 'read'],
    ['2000', 'di', 'write'],
  ] as const) {
    const log = [`BUG: unable to handle page fault for address: 000000000000${address}`]
    const [found] = faultingAccesses(faultScene({ ...recipe, log }))
    assert.deepEqual([found?.pointer?.register, found?.access], [register, access])
  }
})

test('without a log a pointer that is no address is known by its instruction', () => {
  const [found] = faultingAccesses(
    faultScene({ ...READ, registers: { si: 0x6b6b_6b6b_6b6b_6b6bn } }),
  )
  assert.deepEqual([found?.exception, found?.access], ['protection', 'read'])
  assert.equal(found?.address, 0x6b6b_6b6b_6b6b_6b73n)
})

test('a warning is no access', () => {
  const log = ['WARNING: CPU: 0 PID: 100 at fs/inode.c:10 show+0x0/0x80', 'RIP: 0010:show+0x0/0x80']
  assert.deepEqual(faultingAccesses(faultScene({ ...READ, log })), [])
})

test('without a disassembler the log still tells what sort of fault it was, and rules go on', (context) => {
  registerDisassembler('x86_64', WITHOUT)
  context.after(() => registerDisassembler('x86_64', () => createX86Disassembler(iced)))
  const nulls = diagnose(faultScene({ ...READ, log: NULL_LOG }))
  assert.equal(nulls.verdict?.kind, 'null-dereference')
  assert.match(nulls.verdict?.title ?? '', /^a NULL pointer: 0x8 is .* in show\(\)$/)
  const poison = diagnose(faultScene({ ...READ, log: GPF_LOG }))
  assert.equal(poison.verdict?.kind, 'use-after-free')
  const stopped = [...nulls.problems, ...poison.problems].filter(({ why }) =>
    why.includes('disassembl'),
  )
  assert.deepEqual(stopped, [])
})
