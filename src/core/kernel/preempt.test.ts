// The count of three kernels: of v6.1, of v6.2 to v6.14, and of an architecture that keeps it with the task.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { buildKernel } from '../../../test/support/kernel_recipe.ts'
import { preemptCount } from './preempt.ts'

/** Two spinlocks, a softirq being served, one NMI. */
const COUNT = 0x0010_0102
const EXPECTED = { preempt: 2, softirq: 1, hardirq: 0, nmi: 1 }

test('x86 before v6.2 and since v6.15 has a variable', () => {
  const { program } = buildKernel({
    types: 'percpu int __preempt_count;',
    cpus: [{ __preempt_count: 0 }, { __preempt_count: COUNT }],
  })
  assert.deepEqual(preemptCount(program, 1), EXPECTED)
  assert.deepEqual(preemptCount(program, 0), { preempt: 0, softirq: 0, hardirq: 0, nmi: 0 })
})

test('in between it is a member of pcpu_hot; the flag in its highest bit is none of it', () => {
  const { program } = buildKernel({
    types:
      'struct pcpu_hot { void *current_task; int preempt_count; }; percpu struct pcpu_hot pcpu_hot;',
    cpus: [{ pcpu_hot: { preempt_count: COUNT | 0x8000_0000 } }],
  })
  assert.deepEqual(preemptCount(program, 0), EXPECTED)
})

test('other architectures keep it with the task', () => {
  const { program } = buildKernel({
    types: `struct task_struct { struct { union { unsigned long long preempt_count;
        struct { unsigned int count; unsigned int need_resched; } preempt; }; } thread_info; };
      percpu struct task_struct *current_task;`,
    objects: {
      task: ['struct task_struct', { 'thread_info.preempt.count': COUNT }],
    },
    cpus: [{ current_task: '&task' }],
  })
  assert.deepEqual(preemptCount(program, 0), EXPECTED)
})
