// Two kernels: one with shadow stacks and vma_flags_t, one of before.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { buildKernel } from '../../../test/support/kernel_recipe.ts'
import { vmFlagNames } from './vm_flags.ts'

const OLD = buildKernel({ types: 'struct mm_struct { int users; };' }).program
const NEW = buildKernel({
  types: `typedef struct { unsigned long bits[1]; } vma_flags_t; struct thread_shstk { unsigned long base; };
    struct mm_struct { int users; vma_flags_t flags; struct thread_shstk stack; };`,
}).program

test('bits have the names of the kernel, lowest first', () => {
  assert.deepEqual(vmFlagNames(OLD, 0x8100073n), [
    ...['READ', 'WRITE', 'MAYREAD', 'MAYWRITE', 'MAYEXEC', 'ACCOUNT', 'SOFTDIRTY'],
  ])
  assert.deepEqual(vmFlagNames(OLD, 0n), [])
  assert.deepEqual(vmFlagNames(OLD, 1n << 63n), ['BIT_63'])
})

test('bits that were given away twice are named by what the kernel has', () => {
  assert.deepEqual(vmFlagNames(OLD, (1n << 11n) | (1n << 37n)), ['DENYWRITE', 'UFFD_MINOR'])
  assert.deepEqual(vmFlagNames(NEW, (1n << 11n) | (1n << 37n)), ['MAYBE_GUARD', 'SHADOW_STACK'])
})
