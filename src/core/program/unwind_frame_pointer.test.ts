// Stacks of a kernel without unwind tables, written word by word (test/support/stack_kernel.ts): frames, registers whose
// address entry code leaves in the frame pointer, functions that have no frame, and garbage.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { stackKernel, type StackWord } from '../../../test/support/stack_kernel.ts'
import { frameSymbol, type StackTrace } from './stack_trace.ts'
import { unwindStack } from './unwind_stack.ts'

const FUNCTIONS = { entry: 0x40, outer: 0x100, inner: 0x100, leaf: 0x40 }
/** push %rbp; mov %rsp,%rbp. */
const PROLOGUE = '554889e5'

interface Start {
  readonly ip: StackWord
  readonly sp?: StackWord
  readonly fp?: StackWord
  /** The CPU was interrupted here, rather than asleep. */
  readonly running?: boolean
}

function unwind(
  stack: readonly StackWord[],
  { ip, sp = '@0', fp = 0, running = false }: Start,
  code: Readonly<Record<string, string>> = { inner: PROLOGUE, outer: PROLOGUE },
): StackTrace & { readonly names: readonly string[] } {
  const { program, place } = stackKernel({
    functions: FUNCTIONS,
    stack,
    code: Object.fromEntries(Object.entries(code).map(([name, hex]) => [`${name}+0`, hex])),
  })
  const start = { ip: place(ip), sp: place(sp), fp: place(fp) }
  const registers = { ip: start.ip, sp: start.sp, bp: start.fp, cs: 0x10n }
  const trace = unwindStack(program, running ? { ...start, registers } : start)
  const names = trace.frames.map((frame) => {
    const found = frameSymbol(program, frame)
    return `${found?.symbol.name}+0x${found?.offset.toString(16)} ${frame.quality}`
  })
  return { ...trace, names }
}

/** The 21 words of struct pt_regs. */
function ptRegs(words: Readonly<Record<number, StackWord>>): StackWord[] {
  return Array.from({ length: 21 }, (_, i) => words[i] ?? 0)
}
const BP = 4
const IP = 16
const CS = 17
const SP = 19

test('each frame leads to the next, up to the registers of the system call', () => {
  const stack = [
    ...['@4', 'outer+0x20', 0, 0],
    ...[0, 'entry+0x10'],
    ...ptRegs({ [IP]: 0x40_1000, [CS]: 0x33, [SP]: 0x7fff_0000 }),
  ]
  const trace = unwind(stack, { ip: 'inner+0x20', fp: '@0' })
  assert.deepEqual(trace.names, ['inner+0x20 exact', 'outer+0x20 exact', 'entry+0x10 exact'])
  assert.equal(trace.end, 'user')
  assert.equal(trace.userRegisters?.ip, 0x40_1000n)
})

test('a frame pointer with its lowest bit set leads to the registers of an interrupt', () => {
  const stack = [
    ...['@3+1', 'entry+0x20', 0],
    ...ptRegs({ [IP]: 'outer+0x30', [BP]: '@24', [CS]: 0x10, [SP]: '@24' }),
    ...[0, 'entry+0x10'],
    ...ptRegs({}),
  ]
  const trace = unwind(stack, { ip: 'inner+0x20', fp: '@0' })
  assert.deepEqual(trace.names, [
    'inner+0x20 exact',
    'entry+0x20 exact',
    'outer+0x30 exact',
    'entry+0x10 exact',
  ])
  assert.equal(trace.end, 'end')
})

test('a kernel thread ends where its registers are empty', () => {
  const trace = unwind(['@3+1', 'entry+0x20', 0, ...ptRegs({})], { ip: 'inner+0x20', fp: '@0' })
  assert.deepEqual(trace.names, ['inner+0x20 exact', 'entry+0x20 exact'])
  assert.deepEqual([trace.end, trace.why], ['end', ''])
})

test('a function without a frame is left by the return address that its call has pushed', () => {
  const { place } = stackKernel({ functions: FUNCTIONS, stack: [0] })
  const distance = Number(BigInt.asIntN(32, place('leaf+0') - place('inner+0x20')))
  const bytes = Buffer.alloc(4)
  bytes.writeInt32LE(distance)
  const call = `${PROLOGUE}${'90'.repeat(0x1b - 4)}e8${bytes.toString('hex')}`
  const stack = ['inner+0x20', 0, 0, '@5', 'outer+0x20', 0, 'entry+0x10', ...ptRegs({})]
  const trace = unwind(
    stack,
    { ip: 'leaf+0x10', fp: '@3', running: true },
    { inner: call, outer: PROLOGUE },
  )
  assert.deepEqual(trace.names, [
    'leaf+0x10 exact',
    'inner+0x20 validated',
    'outer+0x20 exact',
    'entry+0x10 exact',
  ])
})

test('a frame pointer that is none ends the trace, and says so', () => {
  const { end, why } = unwind([0, 0], { ip: 'inner+0x20', fp: 0x1234 })
  assert.deepEqual([end, why], ['lost', 'frame pointer 0x1234 is none'])
})

test('whatever a stack holds, unwinding ends and never throws', () => {
  const words = ['@0', '@2', '@4', '@4+1', 'inner+0x20', 'outer+0x8', 0, 1, 0x33, 0x10]
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom(...words), { minLength: 30, maxLength: 60 }),
      fc.constantFrom(...words),
      fc.boolean(),
      (stack, fp, running) => {
        const { frames } = unwind(stack, { ip: 'inner+0x20', fp, running })
        assert.ok(frames.length < 100)
      },
    ),
    { numRuns: 300 },
  )
})
