// A stack on which tracing put its own return addresses: the real ones come from where it keeps them, old layout and new.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  stackKernel,
  type StackKernel,
  type StackWord,
} from '../../../test/support/stack_kernel.ts'
import type { KernelBuilder } from '../../../test/support/kernel_builder.ts'
import { frameSymbol } from '../program/stack_trace.ts'
import { stackTrace } from './stack.ts'

const FUNCTIONS = {
  start: 0x40,
  caller: 0x40,
  traced: 0x40,
  schedule: 0x40,
  return_to_handler: 0x40,
  arch_rethook_trampoline: 0x40,
}
const ORC = `
  start+0    -     - end_of_stack
  caller+0   sp+8  - call
  traced+0   sp+8  - call
  schedule+0 sp+8  - call`
const COMMON = `
  struct llist_node { struct llist_node *next; }; struct llist_head { struct llist_node *first; };
  struct inactive_task_frame { unsigned long r15, r14, r13, r12, bx, bp, ret_addr; };
  struct rethook_node { long rcu[2]; struct llist_node llist; void *rethook; unsigned long ret_addr; unsigned long frame; };`
const OLD = `struct ftrace_ret_stack { unsigned long ret; unsigned long func; unsigned long long calltime; unsigned long *retp; };
  struct task_struct { int on_cpu; struct { unsigned long sp; } thread; int curr_ret_stack;
  struct ftrace_ret_stack *ret_stack; struct llist_head rethooks; };`
const NEW = `struct ftrace_ret_stack { unsigned long ret; unsigned long func; unsigned long *retp; };
  struct task_struct { int on_cpu; struct { unsigned long sp; } thread; int curr_ret_stack;
  unsigned long *ret_stack; struct llist_head rethooks; };`

/** Word 7 returns from schedule() into traced(), word 8 from traced(): the trampoline lies there; word 9 into start(). */
const stack = (trampoline: string): StackWord[] => [
  0,
  0,
  0,
  0,
  0,
  0,
  'schedule+4',
  'traced+4',
  `${trampoline}+0`,
  'start+4',
]

type Fill = (kernel: KernelBuilder, place: (word: StackWord) => bigint) => object

function traceOf(types: string, trampoline: string, fill: Fill): string[] {
  let task = 0n
  const kernel: StackKernel = stackKernel({
    functions: FUNCTIONS,
    orc: ORC,
    types: `${COMMON}${types}`,
    stack: stack(trampoline),
    more(builder, place) {
      const value = { thread: { sp: place('@0') }, ...fill(builder, place) }
      task = builder.place('struct task_struct', value)
    },
  })
  const { program } = kernel
  const { frames } = stackTrace(program, program.objectAt('task_struct', task))
  return frames.map((frame) => frameSymbol(program, frame)?.symbol.name ?? '')
}

const WHOLE = ['schedule', 'traced', 'caller', 'start']

test('calls of the function graph tracer, in an array of structs', () => {
  const names = traceOf(OLD, 'return_to_handler', (kernel, place) => {
    const entries = kernel.allocate(64)
    kernel.write(entries + 32n, 8, place('caller+4'))
    kernel.write(entries + 56n, 8, place('@8'))
    return { curr_ret_stack: 1, ret_stack: entries }
  })
  assert.deepEqual(names, WHOLE)
})

test('calls of the function graph tracer, in a series of words since v6.11', () => {
  const names = traceOf(NEW, 'return_to_handler', (kernel, place) => {
    const words = kernel.allocate(128)
    // Another call below: three words and the word that says so.
    kernel.write(words + 24n, 8, 3)
    kernel.write(words + 32n, 8, place('caller+4'))
    kernel.write(words + 48n, 8, place('@8'))
    // One word of a user of the tracer, then the offset with bits of users above it.
    kernel.write(words + 64n, 8, 0x1_0400n | 4n)
    return { curr_ret_stack: 9, ret_stack: words }
  })
  assert.deepEqual(names, WHOLE)
})

test('probes of returns, in a list of the task', () => {
  const names = traceOf(NEW, 'arch_rethook_trampoline', (kernel, place) => {
    const node = kernel.place('struct rethook_node', {
      ret_addr: place('caller+4'),
      frame: place('@8'),
    })
    return { rethooks: { first: node + 16n } }
  })
  assert.deepEqual(names, WHOLE)
})

test('what is not kept any more leaves the trampoline in the trace', () => {
  const names = traceOf(NEW, 'return_to_handler', (kernel) => {
    // An offset beyond its own place is damage.
    const words = kernel.allocate(64)
    kernel.write(words + 8n, 8, 0x3ff)
    return { curr_ret_stack: 2, ret_stack: words }
  })
  assert.equal(names[0], 'schedule')
  assert.equal(names[1], 'traced')
  assert.ok(!names.includes('caller'))
})
