// Which words of a stack `bt -e` takes for an exception frame.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { stackKernel } from '../../../test/support/stack_kernel.ts'
import type { Registers } from '../program/registers.ts'
import { frameMode } from './stack_view.ts'

const { program, place } = stackKernel({ functions: { handler: 0x80 }, stack: [0, 0, 0, 0] })
const END = place('@0')
const KERNEL: Registers = {
  ip: place('handler+0x10'),
  cs: 0x10n,
  ss: 0x18n,
  flags: 0x246n,
  sp: END,
}
const modeOf = (changes: Registers): string | undefined =>
  frameMode(program, { ...KERNEL, ...changes }, END)

test('a frame pushed on the stack in use ends at its stack pointer, aligned to 16 bytes, whatever SS is', () => {
  assert.equal(modeOf({ ss: 0n }), 'KERNEL')
  assert.equal(modeOf({ ss: 0n, sp: END + 8n }), 'KERNEL')
  assert.equal(modeOf({ ss: 0n, sp: END + 16n }), undefined)
})

test("on another stack it has the kernel's SS", () => {
  assert.equal(modeOf({ sp: END + 0x4000n }), 'KERNEL')
  assert.equal(modeOf({ sp: END + 0x4000n, ss: 0n }), undefined)
})

test('words without text, with a user stack pointer or with flags that never are, are none', () => {
  for (const changes of [{ ip: END }, { sp: 0x7fff_0000n }, { flags: 0x244n }, { flags: 0x24en }])
    assert.equal(modeOf(changes), undefined)
})
