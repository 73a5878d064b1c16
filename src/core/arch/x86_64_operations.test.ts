// Instructions as gas assembles them, and what they do; then whatever bytes there may be.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import * as iced from 'iced-x86'
import type { MemoryOperand, Operation, ValueSource } from './operation.ts'
import { createX86Disassembler } from './x86_64_disassembler.ts'

const { operations, convention } = createX86Disassembler(iced)
const AT = 0xffff_ffff_8100_0000n

function operationsOf(hex: string): Operation[] {
  return [...operations(Uint8Array.from(Buffer.from(hex, 'hex')), AT)]
}

/** `di+0x18/8`, `[gs]0x28/8`. */
function memoryText({ base, index, scale, displacement, size, isPerCpu }: MemoryOperand): string {
  const by = index === '' ? '' : `+${index}*${scale}`
  return `${isPerCpu ? '[gs]' : ''}${base}${by}+0x${displacement.toString(16)}/${size}`
}

function sourceText(source: ValueSource): string {
  if (source.kind === 'register') return source.register
  if (source.kind === 'constant') return `$0x${source.value.toString(16)}`
  return `${source.kind === 'address' ? '&' : '*'}${memoryText(source.memory)}`
}

function text(operation: Operation | undefined): string {
  if (!operation) return ''
  const { flow, memory, writes, transfer, divisor, through, target } = operation
  return [
    flow,
    ...memory.map((each) => `${each.access} ${memoryText(each)}`),
    writes.length > 0 ? `writes ${writes.join(' ')}` : '',
    transfer ? `${sourceText(transfer.to)} = ${sourceText(transfer.from)} (${transfer.size})` : '',
    divisor ? `by ${sourceText(divisor)}` : '',
    through ? `through ${sourceText(through)}` : '',
    target === undefined ? '' : `to ${(target - AT).toString()}`,
  ]
    .filter((part) => part !== '')
    .join(', ')
}

const KNOWN: readonly (readonly [hex: string, instruction: string, does: string])[] = [
  ['8b461c', 'mov 0x1c(%rsi),%eax', 'next, read si+0x1c/4, writes ax, ax = *si+0x1c/4 (4)'],
  ['48895f08', 'mov %rbx,8(%rdi)', 'next, write di+0x8/8, *di+0x8/8 = bx (8)'],
  ['4889fb', 'mov %rdi,%rbx', 'next, writes bx, bx = di (8)'],
  ['89f0', 'mov %esi,%eax', 'next, writes ax, ax = si (4)'],
  ['48c747380a000000', 'movq $10,0x38(%rdi)', 'next, write di+0x38/8, *di+0x38/8 = $0xa (8)'],
  ['891487', 'mov %edx,(%rdi,%rax,4)', 'next, write di+ax*4+0x0/4, *di+ax*4+0x0/4 = dx (4)'],
  ['0fb606', 'movzbl (%rsi),%eax', 'next, read si+0x0/1, writes ax, ax = *si+0x0/1 (1)'],
  ['8a06', 'mov (%rsi),%al', 'next, read si+0x0/1, writes ax'],
  ['48830001', 'addq $1,(%rax)', 'next, read-write ax+0x0/8'],
  ['4883c008', 'add $8,%rax', 'next, writes ax, ax = &ax+0x8/0 (8)'],
  ['4883e808', 'sub $8,%rax', 'next, writes ax, ax = &ax+0xfffffffffffffff8/0 (8)'],
  ['83c008', 'add $8,%eax', 'next, writes ax'],
  ['488d47f0', 'lea -0x10(%rdi),%rax', 'next, writes ax, ax = &di+0xfffffffffffffff0/0 (8)'],
  ['4531ff', 'xor %r15d,%r15d', 'next, writes r15, r15 = $0x0 (4)'],
  ['4831c8', 'xor %rcx,%rax', 'next, writes ax'],
  ['48c7c767452381', 'mov $0x81234567,%rdi', 'next, writes di, di = $0xffffffff81234567 (8)'],
  [
    '65488b042580fb0100',
    'mov %gs:0x1fb80,%rax',
    'next, read [gs]+0x1fb80/8, writes ax, ax = *[gs]+0x1fb80/8 (8)',
  ],
  [
    '488b0500010000',
    'mov 0x100(%rip),%rax',
    'next, read +0xffffffff81000107/8, writes ax, ax = *+0xffffffff81000107/8 (8)',
  ],
  [
    '53',
    'push %rbx',
    'next, write sp+0xfffffffffffffff8/8, writes sp, *sp+0xfffffffffffffff8/8 = bx (8)',
  ],
  ['5b', 'pop %rbx', 'next, read sp+0x0/8, writes bx sp, bx = *sp+0x0/8 (8)'],
  ['f7f1', 'div %ecx', 'next, writes ax dx, by cx'],
  ['f77724', 'divl 0x24(%rdi)', 'next, read di+0x24/4, writes ax dx, by *di+0x24/4'],
  ['ffd0', 'call *%rax', 'call, write sp+0xfffffffffffffff8/8, writes sp, through ax'],
  ['e8fbffffff', 'call .', 'call, write sp+0xfffffffffffffff8/8, writes sp, to 0'],
  ['7402', 'je .+4', 'branch, to 4'],
  ['eb02', 'jmp .+4', 'jump, to 4'],
  ['ffe0', 'jmp *%rax', 'end, through ax'],
  ['c3', 'ret', 'end, read sp+0x0/8, writes sp'],
  ['0f0b', 'ud2', 'trap'],
]

for (const [hex, instruction, does] of KNOWN) {
  test(`what \`${instruction}\` does is told`, () => {
    const [operation] = operationsOf(hex)
    assert.equal(text(operation), does)
  })
}

test('of two places a string instruction names each has its own access', () => {
  const [operation] = operationsOf('f348a5')
  const accesses = operation?.memory.map(({ base, access }) => `${access} ${base}`)
  assert.deepEqual(accesses?.toSorted(), ['read si', 'write di'])
})

test('a call through memory tells that memory, not the slot of its return address', () => {
  const [operation] = operationsOf('ff5008')
  assert.equal(operation?.through && sourceText(operation.through), '*ax+0x8/8')
})

test('a push from memory stores what it read', () => {
  const [operation] = operationsOf('ff7008')
  assert.equal(operation?.transfer && sourceText(operation.transfer.from), '*ax+0x8/8')
})

test('a retpoline is known by its register, the first one also as the array of all', () => {
  assert.equal(convention.thunkRegister('__x86_indirect_thunk_rbp'), 'bp')
  assert.equal(convention.thunkRegister('__x86_indirect_thunk_r11'), 'r11')
  assert.equal(convention.thunkRegister('__x86_indirect_thunk_array'), 'ax')
  assert.equal(convention.thunkRegister('__x86_return_thunk'), undefined)
})

test('operations lie where the instructions of the same bytes do', () => {
  const { disassemble } = createX86Disassembler(iced)
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (code) => {
      const good = [...disassemble(code, AT)].filter(({ mnemonic }) => mnemonic !== '(bad)')
      const places = (list: Iterable<{ address: bigint; length: number }>): string[] =>
        Array.from(list, ({ address, length }) => `${address}+${length}`)
      assert.deepEqual(places(operations(code, AT)), places(good))
    }),
    { numRuns: 300 },
  )
})
