// What gdb 16 (binutils 2.44) prints for these bytes, then whatever bytes there may be.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import * as iced from 'iced-x86'
import { getDisassembler, registerDisassembler, type Instruction } from './disassembler.ts'
import { createX86Disassembler } from './x86_64_disassembler.ts'
import { X86_64_CONVENTION } from './x86_64_operations.ts'

registerDisassembler('x86_64', () => createX86Disassembler(iced))

const AT = 0xffff_ffff_8100_0000n

/** Bytes in hex, and their text; `. ` is where they lie. */
const KNOWN: readonly (readonly [bytes: string, text: string])[] = [
  ['f30f1efa', 'endbr64'],
  ['4889e5', 'mov    %rsp,%rbp'],
  ['e8fbffffff', 'call   0xffffffff81000000'],
  ['74fe', 'je     0xffffffff81000000'],
  ['ffe0', 'jmp    *%rax'],
  ['ff15f9ffffff', 'call   *-0x7(%rip)        # 0xffffffff80ffffff'],
  ['0f0b', 'ud2'],
  ['cc', 'int3'],
  ['c3', 'ret'],
  ['48cf', 'iretq'],
  ['f0480fb117', 'lock cmpxchg %rdx,(%rdi)'],
  ['f048291d00000000', 'lock sub %rbx,0x0(%rip)        # 0xffffffff81000008'],
  ['0f1f4000', 'nopl   0x0(%rax)'],
  ['0f1f440000', 'nopl   0x0(%rax,%rax,1)'],
  ['660f1f440000', 'nopw   0x0(%rax,%rax,1)'],
  ['662e0f1f840000000000', 'cs nopw 0x0(%rax,%rax,1)'],
  ['66662e0f1f840000000000', 'data16 cs nopw 0x0(%rax,%rax,1)'],
  ['6690', 'xchg   %ax,%ax'],
  ['2e2e2e31c0', 'cs cs cs xor %eax,%eax'],
  ['f348ab', 'rep stos %rax,%es:(%rdi)'],
  ['f348a5', 'rep movsq %ds:(%rsi),%es:(%rdi)'],
  ['f3a6', 'repz cmpsb %es:(%rdi),%ds:(%rsi)'],
  ['f2ae', 'repnz scas %es:(%rdi),%al'],
  ['ec', 'in     (%dx),%al'],
  ['48d1e8', 'shr    $1,%rax'],
  ['48c1e801', 'shr    $0x1,%rax'],
  ['4d69e460100000', 'imul   $0x1060,%r12,%r12'],
  ['ff7370', 'push   0x70(%rbx)'],
  ['488b0c07', 'mov    (%rdi,%rax,1),%rcx'],
  ['48c74308000000ff', 'movq   $0xffffffffff000000,0x8(%rbx)'],
  ['65488b042528000000', 'mov    %gs:0x28,%rax'],
  ['488b04c500000082', 'mov    -0x7e000000(,%rax,8),%rax'],
  ['0fb6450c', 'movzbl 0xc(%rbp),%eax'],
  ['4863c7', 'movslq %edi,%rax'],
  ['0f01cb', 'stac'],
  ['0f6f06', 'movq   (%rsi),%mm0'],
  ['660f6f06', 'movdqa (%rsi),%xmm0'],
  ['c5fd6f06', 'vmovdqa (%rsi),%ymm0'],
  ['62f17d486f06', 'vmovdqa32 (%rsi),%zmm0'],
  ['0f01ca', 'clac'],
]

for (const [bytes, text] of KNOWN) {
  test(`${bytes} is ${text}`, () => {
    const [instruction] = disassemble(hex(bytes))
    assert.ok(instruction)
    assert.equal(textOf(instruction), text)
    assert.equal(instruction.length, bytes.length / 2)
  })
}

test('an access of the percpu area is known as one', () => {
  const [instruction] = disassemble(hex('65488b1df9ffffff'))
  assert.equal(instruction?.isPerCpu, true)
  assert.equal(instruction?.memory, AT + 1n)
})

test('what is no instruction is one bad byte, and decoding goes on behind it', () => {
  assert.deepEqual(
    disassemble(hex('06c3')).map(({ mnemonic, address }) => [mnemonic, address]),
    [
      ['(bad)', AT],
      ['ret', AT + 1n],
    ],
  )
})

test('an instruction that code ends within is left out', () => {
  assert.deepEqual(
    disassemble(hex('90e800')).map(({ mnemonic }) => mnemonic),
    ['nop'],
  )
})

test('any bytes are decoded without a gap, to an end short of one instruction', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      let at = AT
      for (const instruction of disassemble(bytes)) {
        assert.equal(instruction.address, at)
        assert.ok(instruction.length >= 1 && instruction.length <= 15)
        at += BigInt(instruction.length)
      }
      const left = bytes.length - Number(at - AT)
      assert.ok(left >= 0 && left < 15, `${left} bytes left`)
    }),
    { numRuns: 2000 },
  )
})

test('an address at the end of all addresses wraps', () => {
  const end = 0xffff_ffff_ffff_ffffn
  const found = [...getDisassembler('x86_64').disassemble(hex('9090'), end)]
  assert.deepEqual(
    found.map(({ address }) => address),
    [end, 0n],
  )
})

test('an architecture without a disassembler is refused by name', () => {
  assert.throws(() => getDisassembler('aarch64'), /not supported: disassembly of aarch64/)
})

test('a disassembler is loaded once, when it is asked for', () => {
  let count = 0
  registerDisassembler('test', () => {
    count++
    const nothing = (): [] => []
    return {
      ...{ arch: 'test', lengthMax: 1, convention: X86_64_CONVENTION },
      ...{ disassemble: nothing, operations: nothing },
    }
  })
  assert.equal(count, 0)
  getDisassembler('test')
  getDisassembler('test')
  assert.equal(count, 1)
})

function disassemble(code: Uint8Array): Instruction[] {
  return [...getDisassembler('x86_64').disassemble(code, AT)]
}

function textOf({ mnemonic, operands, target, memory }: Instruction): string {
  const shown = target === undefined ? operands : `0x${target.toString(16)}`
  const text = shown === '' ? mnemonic : `${mnemonic.padEnd(6)} ${shown}`
  return memory === undefined ? text : `${text}        # 0x${memory.toString(16)}`
}

function hex(text: string): Uint8Array {
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16))
}
