// The stacks of a CPU that belong to no task: those interrupts and exceptions run on. Found by the names of x86-64; other
// kernels have none of them. Source: arch/x86/include/asm/cpu_entry_area.h, arch/x86/kernel/irq_64.c map_irq_stack().
import { attempt } from '../base/errors.ts'
import { sizeofType, stripType } from '../debuginfo/type.ts'
import type { Program } from '../program/program.ts'
import { forEachCpu, perCpu } from './percpu.ts'

const IRQ_STACK_SIZE_DEFAULT = 16_384

/** A stack of a CPU. */
export interface CpuStack {
  /** As crash calls it: IRQ, DOUBLEFAULT, NMI, DEBUG, MCE, VC. */
  readonly name: string
  readonly cpu: number
  readonly start: bigint
  /** Exclusive. */
  readonly end: bigint
  /** Those of encrypted guests are mapped there only. */
  readonly isMapped: boolean
}

/** Interrupt stacks of all online CPUs, then each one's exception stacks. */
export function cpuStacks(program: Program): CpuStack[] {
  const cpus = forEachCpu(program, 'online')
  const irq = cpus.flatMap((cpu) => attempt(() => irqStack(program, cpu)) ?? [])
  return [...irq, ...cpus.flatMap((cpu) => attempt(() => exceptionStacks(program, cpu)) ?? [])]
}

function irqStack(program: Program, cpu: number): CpuStack[] {
  // v6.2 to v6.14 it was a member of pcpu_hot, commit d7b6d709a76a ("x86/percpu: Move irq_stack variables next to current_task").
  const pointer = program.hasSymbol('hardirq_stack_ptr')
    ? perCpu(program, 'hardirq_stack_ptr', cpu, 'void *').pointer()
    : perCpu(program, 'pcpu_hot', cpu).pointer('hardirq_stack_ptr')
  if (pointer === 0n) return []
  const size = program.hasType('struct irq_stack')
    ? program.sizeof('struct irq_stack')
    : IRQ_STACK_SIZE_DEFAULT
  // It points to the last word.
  const end = pointer + 8n
  return [{ name: 'IRQ', cpu, start: end - BigInt(size), end, isMapped: true }]
}

/** @source arch/x86/include/asm/cpu_entry_area.h ESTACKS_MEMBERS */
const EXCEPTION_STACKS = [
  ['DOUBLEFAULT', 'DF_stack'],
  ['NMI', 'NMI_stack'],
  ['DEBUG', 'DB_stack'],
  ['MCE', 'MCE_stack'],
  ['VC', 'VC_stack'],
] as const

function exceptionStacks(program: Program, cpu: number): CpuStack[] {
  if (!program.hasSymbol('cea_exception_stacks')) return []
  const type = stripType(program.type('struct cea_exception_stacks'))
  const pointerType = 'struct cea_exception_stacks *'
  const base = perCpu(program, 'cea_exception_stacks', cpu, pointerType).pointer()
  return EXCEPTION_STACKS.flatMap(([name, member]) => {
    const found = type.kind === 'struct' ? type.memberIndex.get(member) : undefined
    if (!found) return []
    const start = base + BigInt(found.bitOffset / 8)
    // VC's is there in encrypted guests only.
    const isMapped = attempt(() => program.memory.toPhysical(start)) !== undefined
    return [{ name, cpu, start, end: start + BigInt(sizeofType(found.type)), isMapped }]
  })
}
