// Counters spread over the CPUs. Source: include/linux/percpu_counter.h, lib/percpu_counter.c.
import type { KObject } from '../program/kobject.ts'
import { forEachCpu, perCpuPtr } from './percpu.ts'

/**
 * The exact value: the shared count and what each CPU has not added to it yet.
 *
 * /proc mostly shows the shared count alone, which is off by up to a batch (32 or twice the CPUs) per CPU.
 *
 * @param counter `struct percpu_counter`
 * @source lib/percpu_counter.c __percpu_counter_sum()
 */
export function percpuCounterSum(counter: KObject): bigint {
  let sum = counter.bigint('count')
  const counters = counter.get('counters')
  // Kernels for one CPU have no per-CPU part; a counter not yet set up has a NULL one.
  if (counters.isNull()) return sum
  // What a CPU left behind when it went offline is folded in: a possible CPU that is off reads 0.
  for (const cpu of forEachCpu(counter.program, 'possible'))
    sum += perCpuPtr(counters, cpu).bigint()
  return sum
}

/** The shared count, 0n instead of a negative one: what most of /proc shows. @source percpu_counter_read_positive() */
export function percpuCounterReadPositive(counter: KObject): bigint {
  const count = counter.bigint('count')
  return count < 0n ? 0n : count
}
