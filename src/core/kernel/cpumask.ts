// Sets of CPUs in structs. Source: include/linux/cpumask.h.
import { stripType } from '../debuginfo/type.ts'
import type { KObject } from '../program/kobject.ts'
import { nrCpuIds } from './percpu.ts'

/**
 * The CPUs of a mask, ascending.
 *
 * @param mask `struct cpumask`, `cpumask_var_t` or `struct cpumask *`
 * @returns none for a NULL pointer
 * @source include/linux/cpumask.h for_each_cpu()
 */
export function cpumaskCpus(mask: KObject): number[] {
  // With CONFIG_CPUMASK_OFFSTACK cpumask_var_t is a pointer, else an array of one.
  const isPointer = stripType(mask.type).kind === 'pointer'
  const address = isPointer ? mask.pointer() : mask.address
  if (address === 0n) return []
  const { program } = mask
  const memory = isPointer ? program.memory : mask.memory
  // Bits of words of eight bytes: on big-endian machines bytes within a word run the other way.
  const flip = memory.littleEndian ? 0 : 7
  const cpus: number[] = []
  for (let cpu = 0; cpu < nrCpuIds(program); cpu++) {
    if (memory.u8(address + BigInt((cpu >> 3) ^ flip)) & (1 << (cpu & 7))) cpus.push(cpu)
  }
  return cpus
}

/** `0-3,8`, as the kernel prints `%*pbl`; '' for no CPU. @source lib/vsprintf.c bitmap_list_string() */
export function formatCpuList(cpus: readonly number[]): string {
  const ranges: string[] = []
  for (let i = 0; i < cpus.length; i++) {
    const first = cpus[i] as number
    while (cpus[i + 1] === (cpus[i] as number) + 1) i++
    const last = cpus[i] as number
    ranges.push(first === last ? `${first}` : `${first}-${last}`)
  }
  return ranges.join(',')
}
