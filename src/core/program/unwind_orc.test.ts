// Stacks written word by word (test/support/stack_kernel.ts): whole, crossing interrupts, without rules, and garbage.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { KernelBuilder } from '../../../test/support/kernel_builder.ts'
import {
  stackKernel,
  type StackKernel,
  type StackKernelRecipe,
  type StackWord,
} from '../../../test/support/stack_kernel.ts'
import { frameSymbol, type StackTrace } from './stack_trace.ts'
import { unwindStack } from './unwind_stack.ts'

const FUNCTIONS = {
  start: 0x40,
  middle: 0x100,
  deep: 0x100,
  handler: 0x80,
  asm_irq: 0x80,
  bare: 0x80,
  caller: 0x80,
  entry: 0x80,
  __x86_indirect_thunk_array: 0x40,
}
/** `start` ends the stack, `deep` keeps a frame pointer; objtool ends each section with a rule that is none. */
const ORC = `
  start+0  -      -          end_of_stack
  middle+0 sp+24  -          call
  deep+0   bp+16  prev_sp-16 call
  handler+0 sp+8  -          call
  asm_irq+0 sp+0  -          regs         signal
  bare+0   -      -          undefined
  caller+0 sp+16  -          call
  entry+0  sp+0   -          regs_partial signal
  entry+0x80 -    -          undefined
  __x86_indirect_thunk_array+0 - - end_of_stack
  __x86_indirect_thunk_array+0x40 - - undefined`

function unwind(
  recipe: Partial<StackKernelRecipe> & { stack: readonly StackWord[] },
  start: { ip: StackWord; sp?: StackWord; fp?: StackWord },
): StackTrace & { readonly kernel: StackKernel } {
  const kernel = stackKernel({ functions: FUNCTIONS, orc: ORC, ...recipe })
  const trace = unwindStack(kernel.program, {
    ip: kernel.place(start.ip),
    sp: kernel.place(start.sp ?? '@0'),
    fp: kernel.place(start.fp ?? 0),
  })
  return { ...trace, kernel }
}

/** `name+offset quality`, an interrupted frame marked with !. */
function names({ frames, kernel }: StackTrace & { readonly kernel: StackKernel }): string[] {
  return frames.map((frame) => {
    const found = frameSymbol(kernel.program, frame)
    const name = found
      ? `${found.symbol.name}+0x${found.offset.toString(16)}`
      : `0x${frame.ip.toString(16)}`
    return `${name} ${frame.quality}${frame.interrupted ? '!' : ''}`
  })
}

/** The 21 words of struct pt_regs. */
function ptRegs({
  ip,
  sp,
  bp = 0,
  cs = 0x10,
  bx = 0,
}: {
  ip: StackWord
  sp: StackWord
  bp?: StackWord
  cs?: number
  bx?: number
}): StackWord[] {
  const zeros = (count: number): number[] => new Array<number>(count).fill(0)
  return [...zeros(4), bp, bx, ...zeros(10), ip, cs, 0x246, sp, 0x18]
}

test('calls are followed to the end of the stack, all exact', () => {
  const trace = unwind({ stack: [1, 2, 'middle+0x30', 3, 4, 'start+0x10'] }, { ip: 'middle+0x50' })
  assert.deepEqual(names(trace), ['middle+0x50 exact', 'middle+0x30 exact', 'start+0x10 exact'])
  assert.deepEqual([trace.end, trace.why], ['end', ''])
  assert.equal(trace.frames[1]?.sp, trace.kernel.place('@2'))
})

test('a retpoline is crossed, at its start and where speculation is caught', () => {
  const ip = '__x86_indirect_thunk_array+0x20'
  const rest = ['middle+0x30', 3, 4, 'start+0x10'] as const
  const callers = ['middle+0x30 exact', 'start+0x10 exact']
  assert.deepEqual(names(unwind({ stack: rest }, { ip })), [`${ip} exact`, ...callers])
  const caught = '__x86_indirect_thunk_array+0x25'
  assert.deepEqual(names(unwind({ stack: [caught, ...rest] }, { ip })), [
    ...[`${ip} exact`, `${caught} exact`],
    ...callers,
  ])
})

test('a frame by the frame pointer restores the caller’s', () => {
  const stack: StackWord[] = [0, 0, 0, '@6', 'deep+0x20', 0, '@9', 'deep+0x30', 0, 0, 'start+0x8']
  // bp points at the saved bp; the return address is above it.
  const trace = unwind(
    { stack: [0, '@4', 'deep+0x20', 0, 0, 'start+0x8', ...stack] },
    { ip: 'deep+0x10', fp: '@1' },
  )
  assert.deepEqual(names(trace), ['deep+0x10 exact', 'deep+0x20 exact', 'start+0x8 exact'])
})

test('an interrupt is crossed: its frame has registers, the interrupted one is no return address', () => {
  const stack = [
    'asm_irq+0x20',
    ...ptRegs({ ip: 'middle+0x44', sp: '@22', bx: 0x77 }),
    5,
    6,
    'start+0x10',
  ]
  const trace = unwind({ stack }, { ip: 'handler+0x8' })
  assert.deepEqual(names(trace), [
    'handler+0x8 exact',
    'asm_irq+0x20 exact',
    'middle+0x44 exact!',
    'start+0x10 exact',
  ])
  assert.equal(trace.frames[2]?.registers?.bx, 0x77n)
  assert.equal(trace.frames[2]?.registersAddress, trace.kernel.place('@1'))
  assert.equal(trace.frames[3]?.registers, undefined)
  assert.equal(trace.end, 'end')
})

test('entry from user mode ends the trace with the user’s registers', () => {
  const stack = ['asm_irq+0x20', ...ptRegs({ ip: 0x5555_0000, sp: 0x7ffc_0000, cs: 0x33 })]
  const trace = unwind({ stack }, { ip: 'handler+0x8' })
  assert.deepEqual([trace.end, trace.frames.length], ['user', 2])
  assert.equal(trace.userRegisters?.ip, 0x5555_0000n)
})

test('the five words the CPU pushes are crossed too', () => {
  const stack: StackWord[] = [
    'entry+0x4',
    'middle+0x44',
    0x10,
    0x246,
    '@6',
    0x18,
    0,
    0,
    'start+0x10',
  ]
  const trace = unwind({ stack }, { ip: 'handler+0x8' })
  assert.deepEqual(names(trace), [
    'handler+0x8 exact',
    'entry+0x4 exact',
    'middle+0x44 exact!',
    'start+0x10 exact',
  ])
})

test('a running CPU begins with its registers, interrupted where it is', () => {
  const kernel = stackKernel({ functions: FUNCTIONS, orc: ORC, stack: [0, 0, 'start+0x10'] })
  const registers = { ip: kernel.place('middle+0x0'), sp: kernel.place('@0'), bp: 0n, cs: 0x10n }
  const trace = {
    ...unwindStack(kernel.program, { ip: registers.ip, sp: registers.sp, fp: 0n, registers }),
    kernel,
  }
  assert.deepEqual(names(trace), ['middle+0x0 exact!', 'start+0x10 exact'])
  const user = { ...registers, cs: 0x33n }
  assert.equal(unwindStack(kernel.program, { ip: 0n, sp: 0n, fp: 0n, registers: user }).end, 'user')
})

test('a return address behind the last instruction of a function belongs to that function', () => {
  const trace = unwind({ stack: [0, 0, 'deep+0x0', 0, 0, 0] }, { ip: 'middle+0x50' })
  // middle is 0x100 long and deep follows: the address after its last call.
  assert.equal(names(trace)[1], 'middle+0x100 exact')
})

// __crash_kexec() has no rules: STACK_FRAME_NON_STANDARD.
test('a function without rules is left by the call of it that is found on the stack', () => {
  const kernel = stackKernel({
    functions: FUNCTIONS,
    orc: ORC,
    stack: ['middle+0x20', 0x1234, 'caller+0x15', 0, 'start+0x10'],
    // caller+0x10: call bare; middle+0x1b: call of something else.
    more: (builder, place) => {
      const relative = Number(place('bare+0') - place('caller+0x15'))
      builder.write(place('caller+0x10'), 1, 0xe8)
      builder.write(place('caller+0x11'), 4, BigInt.asUintN(32, BigInt(relative)))
      builder.write(place('middle+0x1b'), 1, 0xe8)
    },
  })
  const trace = {
    ...unwindStack(kernel.program, {
      ip: kernel.place('bare+0x10'),
      sp: kernel.place('@0'),
      fp: 0n,
    }),
    kernel,
  }
  assert.deepEqual(names(trace), ['bare+0x10 exact', 'caller+0x15 validated', 'start+0x10 exact'])
})

test('without a direct call the first indirect one is a guess', () => {
  const recipe = { stack: [0x99, 'caller+0x12', 0, 'start+0x10'], code: { 'caller+0x10': 'ffd0' } }
  assert.deepEqual(names(unwind(recipe, { ip: 'bare+0x10' })), [
    'bare+0x10 exact',
    'caller+0x12 guess',
    'start+0x10 exact',
  ])
})

test('without any call the trace is lost, and says why', () => {
  const trace = unwind({ stack: [0x99, 'caller+0x12', 0] }, { ip: 'bare+0x10' })
  assert.deepEqual(
    [trace.end, trace.why],
    ['lost', 'no unwind rule for bare and no call of it on the stack'],
  )
})

test('generated code without a symbol is left by its frame pointer, as a guess', () => {
  const trace = unwind(
    { stack: [0, '@0', 'middle+0x20', 0, 0, 'start+0x10'] },
    { ip: 0xffff_ffff_c012_3456n, fp: '@1' },
  )
  assert.deepEqual(names(trace).slice(1), ['middle+0x20 guess', 'start+0x10 exact'])
})

test('a word that is no kernel text ends the trace', () => {
  const trace = unwind({ stack: [0, 0, 0x1234_5678] }, { ip: 'middle+0x50' })
  assert.deepEqual([trace.end, trace.why], ['lost', '0x12345678 is no kernel text'])
})

test('a stack that is not in the dump ends the trace with its page', () => {
  const trace = unwind({ stack: [0] }, { ip: 'middle+0x50', sp: 0xffff_8880_0900_0000n })
  assert.equal(trace.end, 'lost')
  assert.match(trace.why, /^cannot read virtual address 0xffff888009000010: page not present$/)
})

test('registers that lead back to the same stack are noticed', () => {
  const stack = ['asm_irq+0x20', ...ptRegs({ ip: 'handler+0x8', sp: '@0' })]
  const trace = unwind({ stack }, { ip: 'handler+0x8' })
  assert.equal(trace.end, 'lost')
  assert.match(trace.why, /^stack pointer 0x[0-9a-f]+ repeats$/)
})

test('a stack deeper than any is cut', () => {
  const stack = new Array<StackWord>(6000).fill('handler+0x8')
  const trace = unwind({ stack }, { ip: 'handler+0x8' })
  assert.deepEqual(
    [trace.end, trace.frames.length, trace.why],
    ['lost', 2048, 'more than 2048 frames'],
  )
})

test('a function that has returned is found by its caller, who has called on from the same place', () => {
  // bare() saved its registers; caller() then called deep(), whose return address lies where bare()'s did.
  const trace = unwind(
    {
      stack: ['caller+0x30', 0, 'start+8'],
      more(builder, place) {
        writeCall(builder, place, 'caller+0x1b', 'bare')
        writeCall(builder, place, 'caller+0x2b', 'deep')
      },
    },
    { ip: 'bare+0x10' },
  )
  assert.deepEqual(names(trace).slice(0, 2), ['bare+0x10 exact', 'caller+0x20 validated'])
})

/** `call rel32`. */
function writeCall(
  builder: KernelBuilder,
  place: (word: StackWord) => bigint,
  at: string,
  target: string,
): void {
  builder.write(place(at), 1, 0xe8)
  const distance = place(target) - place(at) - 5n
  builder.write(place(at) + 1n, 4, BigInt.asUintN(32, distance))
}

test('whatever a stack holds, unwinding ends and never throws', () => {
  const places = Object.keys(FUNCTIONS).map((name) => `${name}+0x20`)
  const word = fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom(...places) },
    { weight: 2, arbitrary: fc.nat(63).map((row) => `@${row}`) },
    fc.constantFrom<StackWord>(0x10, 0x33, 0, -1, 0xdead_0000_0000_0100n, 0xffff_ffff_ffff_fff8n),
  )
  fc.assert(
    fc.property(
      fc.array(word, { minLength: 8, maxLength: 64 }),
      fc.constantFrom(...places),
      fc.nat(7),
      (stack, ip, fp) => {
        const code = { 'caller+0x1e': 'ffd0' }
        const trace = unwind({ stack, code }, { ip, fp: `@${fp}` })
        assert.ok(trace.frames.length <= 2048)
        assert.ok(trace.end !== 'lost' || trace.why !== '')
      },
    ),
    { numRuns: 150 },
  )
})

test('a call through NULL, or to nowhere, goes on at its caller', () => {
  // call *%rax, in middle, before the return address
  const code = { 'middle+0x2e': 'ffd0' }
  for (const ip of [0, 0xffff_8880_0400_0000n]) {
    const kernel = stackKernel({
      ...{ functions: FUNCTIONS, orc: ORC, code },
      stack: ['middle+0x30', 3, 4, 'start+0x10'],
    })
    const trace = unwindStack(kernel.program, {
      ...{ ip: BigInt(ip), sp: kernel.place('@0'), fp: 0n },
      registers: { ip: BigInt(ip), sp: kernel.place('@0'), cs: 0x10n },
    })
    assert.deepEqual(names({ ...trace, kernel }).slice(1), [
      'middle+0x30 exact',
      'start+0x10 exact',
    ])
    assert.equal(trace.end, 'end')
  }
})

test('what went to nowhere by no call is lost', () => {
  const kernel = stackKernel({ functions: FUNCTIONS, orc: ORC, stack: ['middle+0x30', 3, 4] })
  const trace = unwindStack(kernel.program, {
    ...{ ip: 0n, sp: kernel.place('@0'), fp: 0n },
    registers: { ip: 0n, sp: kernel.place('@0'), cs: 0x10n },
  })
  assert.deepEqual([trace.frames.length, trace.end], [1, 'lost'])
})
