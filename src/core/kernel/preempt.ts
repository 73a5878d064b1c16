// What a CPU's code has forbidden itself: the preemption count with its nested interrupts.
// Source: include/linux/preempt.h, arch/x86/include/asm/preempt.h, arch/arm64/include/asm/preempt.h.
import type { Program } from '../program/program.ts'
import { perCpu } from './percpu.ts'
import { currentTask } from './sched.ts'

/** A preemption count, taken apart. */
export interface PreemptCount {
  /** Spinlocks and other reasons not to be preempted. */
  readonly preempt: number
  /** Times softirqs were disabled, counted by two; odd while one is served. */
  readonly softirq: number
  readonly hardirq: number
  readonly nmi: number
}

/** The preemption count of a CPU. @throws {NotFoundError} if the kernel has none of the known variables */
export function preemptCount(program: Program, cpu: number): PreemptCount {
  const count = rawCount(program, cpu)
  return {
    preempt: count & 0xff,
    softirq: (count >>> 8) & 0xff,
    hardirq: (count >>> 16) & 0xf,
    nmi: (count >>> 20) & 0xf,
  }
}

function rawCount(program: Program, cpu: number): number {
  // v6.2 to v6.14 it was a member of pcpu_hot, commit 64701838bf05 ("x86/percpu: Move preempt_count next to current_task").
  if (program.hasSymbol('pcpu_hot') && program.hasType('struct pcpu_hot')) {
    const hot = perCpu(program, 'pcpu_hot', cpu, 'struct pcpu_hot')
    if (hot.has('preempt_count')) return hot.number('preempt_count')
  }
  if (program.hasSymbol('__preempt_count'))
    return perCpu(program, '__preempt_count', cpu, 'int').number()
  // Other architectures keep it with the task.
  // Since v5.0, commit 396244692232 ("arm64: preempt: Provide our own implementation of asm/preempt.h"), beside a flag.
  return currentTask(program, cpu).number('thread_info.preempt.count', 'thread_info.preempt_count')
}
