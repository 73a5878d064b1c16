// Per-CPU variables and the sets of CPUs. Source: include/linux/percpu-defs.h, include/linux/cpumask.h.
import { wrap64 } from '../base/addr.ts'
import type { VariableTag } from '../program/kernel_types.ts'
import { KObject } from '../program/kobject.ts'
import type { Program } from '../program/program.ts'

/** The most CPUs a kernel can be built for (NR_CPUS of MAXSMP). */
const CPU_LIMIT = 8192

/** The kernel's CPU masks. */
export type CpuSet = 'possible' | 'online' | 'present' | 'active'

/** `nr_cpu_ids`: one past the highest possible CPU number. */
export function nrCpuIds(program: Program): number {
  if (!program.hasSymbol('nr_cpu_ids')) return 1
  const count = program.memory.u32(program.symbol('nr_cpu_ids'))
  return Math.min(Math.max(count, 1), CPU_LIMIT)
}

/** `per_cpu_offset(cpu)`: what to add to a per-CPU symbol or pointer. */
export function perCpuOffset(program: Program, cpu: number): bigint {
  if (!program.hasSymbol('__per_cpu_offset')) return 0n
  return program.memory.u64(program.symbol('__per_cpu_offset') + BigInt(cpu * 8))
}

/**
 * `per_cpu(symbol, cpu)` as an object.
 *
 * The symbol's value is an offset before Linux v6.15 (commit 01157ddc58dc) and an address since; adding
 * the CPU's offset is right for both.
 */
export function perCpu<S extends string, T extends string = VariableTag<S>>(
  program: Program,
  symbol: S,
  cpu: number,
  typeName?: T | `struct ${T}`,
): KObject<T> {
  const variable = program.object(symbol, typeName)
  return new KObject<T>(
    program,
    variable.type,
    wrap64(variable.address + perCpuOffset(program, cpu)),
  )
}

/** `per_cpu_ptr(pointer, cpu)`: the CPU's copy of what a `__percpu` pointer points to. */
export function perCpuPtr(pointer: KObject, cpu: number): KObject {
  const target = pointer.deref()
  return new KObject(
    target.program,
    target.type,
    wrap64(target.address + perCpuOffset(target.program, cpu)),
  )
}

/** A CPU's copy of a per-CPU variable. */
export interface PerCpuPlace {
  readonly cpu: number
  /** The variable's own address, as its symbol has it. */
  readonly variable: bigint
}

/** The static per-CPU variable an address lies in, and whose copy it is; undefined if in none. @source mm/percpu.c is_kernel_percpu_address() */
export function findPerCpu(program: Program, address: bigint): PerCpuPlace | undefined {
  if (!program.hasSymbol('__per_cpu_start') || !program.hasSymbol('__per_cpu_end')) return undefined
  const start = program.symbol('__per_cpu_start')
  const end = program.symbol('__per_cpu_end')
  for (const cpu of forEachCpu(program, 'possible')) {
    const variable = wrap64(address - perCpuOffset(program, cpu))
    if (variable >= start && variable < end) return { cpu, variable }
  }
  return undefined
}

/** CPUs of a set, ascending. @source include/linux/cpumask.h for_each_cpu() */
export function forEachCpu(program: Program, set: CpuSet): number[] {
  const mask = program.symbol(`__cpu_${set}_mask`)
  const cpus: number[] = []
  const end = nrCpuIds(program)
  for (let cpu = 0; cpu < end; cpu++) {
    if (program.memory.u8(mask + BigInt(cpu >> 3)) & (1 << (cpu & 7))) cpus.push(cpu)
  }
  return cpus
}
