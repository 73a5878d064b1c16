// Small functions of machine code, as gas assembles what stands beside them: what a register holds before an instruction.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import * as iced from 'iced-x86'
import { createX86Disassembler } from '../arch/x86_64_disassembler.ts'
import { ValueFlow } from './value_flow.ts'

const AT = 0xffff_ffff_8100_0000n
const { operations, convention } = createX86Disassembler(iced)

function flowOf(code: Uint8Array): ValueFlow {
  const byAddress = new Map(Array.from(operations(code, AT), (each) => [each.address, each]))
  return new ValueFlow({
    entry: AT,
    operations: byAddress,
    convention,
    thunkRegister: (callee) => (callee === AT + 0x100n ? 'ax' : undefined),
  })
}

/** The key of what a register holds before the instruction at `offset`. */
function held(hex: string, offset: number, register: string): string | undefined {
  const state = flowOf(Uint8Array.from(Buffer.from(hex, 'hex'))).stateAt(AT + BigInt(offset))
  return state?.registers.get(register)?.key
}

test('an argument is in its register at entry, and where it was copied to', () => {
  // mov %rdi,%rbx; nop
  assert.equal(held('4889fb90', 0, 'si'), 'arg1')
  assert.equal(held('4889fb90', 3, 'bx'), 'arg0')
})

test('a chain of loads is told from the argument on', () => {
  // mov 0x10(%rdi),%rax; mov 0x8(%rax),%rax; call *%rax
  assert.equal(held('488b4710488b4008ffd0', 8, 'ax'), '8*(8*(arg0+10)+8)')
})

test('an offset added to a pointer and one of the load add up', () => {
  // lea -0x10(%rdi),%rax; mov 0x18(%rax),%rcx; nop
  assert.equal(held('488d47f0488b481890', 4, 'ax'), '(arg0+-10)')
  assert.equal(held('488d47f0488b481890', 8, 'cx'), '8*(arg0+8)')
})

test('what two ways agree on is known where they meet', () => {
  // mov %rdi,%rax; test %esi,%esi; je 1f; mov %rdi,%rax; 1: mov 8(%rax),%ecx
  assert.equal(held('4889f885f674034889f88b4808', 10, 'ax'), 'arg0')
})

test('what two ways do not agree on is unknown where they meet', () => {
  // mov %rdi,%rax; test %esi,%esi; je 1f; mov %rdx,%rax; 1: mov 8(%rax),%ecx
  assert.equal(held('4889f885f674034889d08b4808', 10, 'ax'), 'ax@ffffffff8100000a')
})

test('a pointer that a loop moves on is no argument any more, but one value within a turn', () => {
  // mov %rdi,%rbx; 1: mov 8(%rbx),%rax; mov (%rbx),%rbx; cmp %rdi,%rbx; jne 1b
  const loop = '4889fb488b4308488b1b4839fb75f4'
  assert.equal(held(loop, 3, 'bx'), 'bx@ffffffff81000003')
  assert.equal(held(loop, 7, 'ax'), '8*(bx@ffffffff81000003+8)')
  assert.equal(held(loop, 7, 'di'), 'arg0')
})

test('an argument that was put on the stack comes back across a call', () => {
  // push %rbx; sub $0x10,%rsp; mov %rdi,0x8(%rsp); call elsewhere; mov 0x8(%rsp),%rax; mov (%rax),%eax
  const spill = '534883ec1048897c2408e8f1020000488b4424088b00'
  assert.equal(held(spill, 15, 'di'), 'di@ffffffff8100000f')
  assert.equal(held(spill, 20, 'ax'), 'arg0')
})

test('what lies on the stack is not known after a call that was given its address', () => {
  // sub $0x10,%rsp; mov %rsi,(%rsp); mov %rsp,%rdi; call elsewhere; mov (%rsp),%rax; nop
  const given = '4883ec104889342' + '44889e7e8f9020000488b042490'
  assert.equal(held(given, 20, 'ax'), 'stack@ffffffff81000010')
})

test('a register that a callee must keep outlives the call, others do not', () => {
  // mov %rdi,%rbx; call elsewhere; nop
  assert.equal(held('4889fbe8f802000090', 8, 'bx'), 'arg0')
  assert.equal(held('4889fbe8f802000090', 8, 'si'), 'si@ffffffff81000008')
  assert.equal(held('4889fbe8f802000090', 8, 'ax'), 'result@ffffffff81000003')
})

test('a call at the entry is a tracer, which changes nothing', () => {
  // call elsewhere; nop
  assert.equal(held('e8fb02000090', 5, 'di'), 'arg0')
})

test('a call behind the place of the tracer is a call like any other', () => {
  // nopl 0x0(%rax,%rax,1); call elsewhere; nop
  assert.equal(held('0f1f440000e8f602000090', 10, 'di'), 'di@ffffffff8100000a')
})

test('a call of a retpoline goes where its register leads', () => {
  // nop (5 bytes); mov 0x10(%rdi),%rax; call +0x100; nop
  const state = flowOf(
    Uint8Array.from(Buffer.from('0f1f440000488b4710e8f200000090', 'hex')),
  ).stateAt(AT + 14n)
  const result = state?.registers.get('ax')
  assert.equal(result?.kind === 'result' && result.through?.key, '8*(arg0+10)')
})

test('code that no way leads to has no state', () => {
  // ret; nop
  assert.equal(held('c390', 1, 'di'), undefined)
})

test('an address between two instructions has no state', () => {
  assert.equal(held('4889fb90', 1, 'di'), undefined)
})

test('whatever the bytes, following them ends, and every state is of its entry', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 200 }), (code) => {
      const flow = flowOf(code)
      for (let offset = 0; offset < code.length; offset++) {
        const state = flow.stateAt(AT + BigInt(offset))
        assert.ok(state === undefined || state.registers.has('sp'))
      }
    }),
    { numRuns: 200 },
  )
})
