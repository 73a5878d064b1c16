// Programs of BPF have names, as in /proc/kallsyms; damaged lists and sizes name nothing.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { buildKernel, type BuiltKernel } from '../../../test/support/kernel_recipe.ts'
import { generatedText } from './generated_text.ts'

const TYPES = `
  struct list_head { struct list_head *next, *prev; };
  struct bpf_ksym { unsigned long start; unsigned long end; char name[64]; struct list_head lnode; };
  struct ftrace_ops { unsigned long trampoline; unsigned long trampoline_size; struct list_head list; };`
const BPF = 0xffff_ffff_c010_0000n

const kernel = (end = BPF + 0x80n, next?: bigint): BuiltKernel =>
  buildKernel(
    {
      types: TYPES,
      variables: {
        bpf_kallsyms: ['struct list_head'],
        ftrace_ops_trampoline_list: ['struct list_head'],
      },
      objects: {
        program: ['struct bpf_ksym', { start: BPF, end, name: 'bpf_prog_6deef7357e7b4530_count' }],
        ops: ['struct ftrace_ops', { trampoline: BPF + 0x1000n, trampoline_size: 0xa0 }],
      },
      lists:
        next === undefined
          ? { bpf_kallsyms: ['program.lnode'], ftrace_ops_trampoline_list: ['ops.list'] }
          : { ftrace_ops_trampoline_list: ['ops.list'] },
    },
    { generatedText },
  )

test('generated code has names', () => {
  const { program } = kernel()
  assert.equal(program.symbolize(BPF + 4n), 'bpf_prog_6deef7357e7b4530_count+0x4 [bpf]')
  assert.equal(program.symbolize(BPF + 0x7fn), 'bpf_prog_6deef7357e7b4530_count+0x7f [bpf]')
  assert.equal(program.symbolize(BPF + 0x80n), undefined)
  assert.equal(program.symbolize(BPF + 0x1010n), 'ftrace_trampoline+0x10 [__builtin__ftrace]')
})

test('a size that is a lie names nothing', () => {
  assert.equal(kernel(BPF + 0x1_0000_0000n).program.symbolize(BPF + 4n), undefined)
  assert.equal(kernel(BPF - 1n).program.symbolize(BPF + 4n), undefined)
})

test('a kernel without such lists has none', () => {
  const { program } = buildKernel({ types: TYPES }, { generatedText })
  assert.equal(program.symbolAt(BPF), undefined)
})
