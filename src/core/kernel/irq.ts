// Interrupts: descriptors, their handlers and counts, softirqs and tasklets. Source: include/linux/irqdesc.h,
// kernel/irq/, kernel/softirq.c.
import { wrap64 } from '../base/addr.ts'
import { NotFoundError } from '../base/errors.ts'
import type { KObject } from '../program/kobject.ts'
import type { Program } from '../program/program.ts'
import { cpumaskCpus } from './cpumask.ts'
import { forEachNode } from './list.ts'
import { mtForEach, mtLoad } from './maple_tree.ts'
import { perCpu, perCpuOffset } from './percpu.ts'
import { xaForEach, xaLoad } from './xarray.ts'

export type IrqDesc = KObject<'irq_desc'>

/** A descriptor and its number. */
export interface NumberedIrq {
  readonly irq: number
  readonly desc: IrqDesc
}

/** NR_IRQS and what arch_probe_nr_irqs() makes of it stay below this; more is damage. */
const IRQ_LIMIT = 1 << 24
/** NR_SOFTIRQS. @source include/linux/interrupt.h */
const NR_SOFTIRQS = 10
/** Handlers that share a line; PCI has four. */
const ACTION_LIMIT = 10_000

/** How many interrupts there can be: one past the highest number. @source kernel/irq/irqdesc.c irq_get_nr_irqs() */
export function nrIrqs(program: Program): number {
  // Since v7.2, commit b99dc723b12e ("genirq: Expose nr_irqs in core code"), it is called total_nr_irqs.
  const name = ['total_nr_irqs', 'nr_irqs'].find((candidate) => program.hasSymbol(candidate))
  if (name === undefined) throw new NotFoundError('symbol', 'nr_irqs')
  return Math.min(program.memory.u32(program.symbol(name)), IRQ_LIMIT)
}

/**
 * Walk the interrupt descriptors.
 *
 * @yields those that exist, by number
 * @source kernel/irq/irqdesc.c irq_to_desc(), include/linux/irqnr.h for_each_irq_desc()
 */
export function* forEachIrqDesc(program: Program): Generator<NumberedIrq> {
  const at = (index: bigint, entry: bigint): NumberedIrq => ({
    irq: Number(index),
    desc: program.objectAt('struct irq_desc', entry),
  })
  const { tree, radix } = sparseIrqs(program)
  if (tree) for (const { first, entry } of mtForEach(tree)) yield at(first, entry)
  else if (radix) for (const { index, entry } of xaForEach(radix)) yield at(index, entry)
  else {
    for (let irq = 0; irq < nrIrqs(program); irq++) yield { irq, desc: irqArray(program, irq) }
  }
}

/** The descriptor of an interrupt, undefined if there is none. @source kernel/irq/irqdesc.c irq_to_desc() */
export function irqToDesc(program: Program, irq: number): IrqDesc | undefined {
  const { tree, radix } = sparseIrqs(program)
  if (!tree && !radix) return irq < nrIrqs(program) ? irqArray(program, irq) : undefined
  const entry = tree
    ? (mtLoad(tree, BigInt(irq))?.entry ?? 0n)
    : xaLoad(radix as KObject, BigInt(irq))
  return entry === 0n ? undefined : program.objectAt('struct irq_desc', entry)
}

interface SparseIrqs {
  readonly tree?: KObject
  readonly radix?: KObject
}

function sparseIrqs(program: Program): SparseIrqs {
  // Since v6.5, commit 721255b9826b ("genirq: Use a maple tree for interrupt descriptor management"), a maple tree.
  if (program.hasSymbol('sparse_irqs'))
    return { tree: program.object('sparse_irqs', 'struct maple_tree') }
  if (!program.hasSymbol('irq_desc_tree')) return {}
  // Since v4.20 a radix tree is an xarray under another name.
  const type = program.hasType('struct xarray') ? 'struct xarray' : 'struct radix_tree_root'
  return { radix: program.object('irq_desc_tree', type) }
}

/** Without CONFIG_SPARSE_IRQ the descriptors are an array. */
function irqArray(program: Program, irq: number): IrqDesc {
  const size = BigInt(program.sizeof('struct irq_desc'))
  return program.objectAt(
    'struct irq_desc',
    wrap64(program.symbol('irq_desc') + BigInt(irq) * size),
  )
}

/** Walk the handlers of an interrupt, in the order they are called. @source include/linux/irqdesc.h for_each_action_of_desc() */
export function* forEachIrqAction(desc: IrqDesc): Generator<KObject<'irqaction'>> {
  const { program } = desc
  const next = BigInt(program.offsetof('struct irqaction', 'next'))
  let count = 0
  for (const address of forEachNode(
    (at) => program.memory.u64(wrap64(at + next)),
    desc.pointer('action'),
    (at) => at === 0n,
  )) {
    if (++count > ACTION_LIMIT) return
    yield program.objectAt('struct irqaction', address)
  }
}

/** Names of the handlers of an interrupt, joined; '' if it has none. */
export function irqDescActionNames(desc: IrqDesc, separator = ','): string {
  return Array.from(forEachIrqAction(desc), (action) => action.string('name')).join(separator)
}

/** The CPUs an interrupt may be sent to: /proc/irq/N/smp_affinity_list. */
export function irqDescAffinity(desc: IrqDesc): number[] {
  // Since v4.3, commit 9df872faa7e1 ("genirq: Move field 'affinity' from irq_data into irq_common_data").
  return cpumaskCpus(desc.get('irq_common_data.affinity', 'irq_data.affinity'))
}

/** How often an interrupt came to a CPU: /proc/interrupts. @source kernel/irq/irqdesc.c kstat_irqs_cpu() */
export function kstatIrqsCpu(desc: IrqDesc, cpu: number): number {
  const counts = desc.get('kstat_irqs')
  if (counts.isNull()) return 0
  // Since v6.10, commit 86d2a2f51fba ("genirq: Convert kstat_irqs to a struct"), the count is the first member.
  return desc.program.memory.u32(wrap64(counts.pointer() + perCpuOffset(desc.program, cpu)))
}

/** Name of the chip an interrupt comes through; undefined if it has none. */
export function irqChipName(desc: IrqDesc): string | undefined {
  const chip = desc.get('irq_data.chip')
  return chip.isNull() ? undefined : chip.deref().string('name')
}

/** A softirq: its number and what runs for it, 0n if nothing does. */
export interface Softirq {
  readonly index: number
  readonly action: bigint
}

/** Walk the softirq vector. */
export function* forEachSoftirq(program: Program): Generator<Softirq> {
  const vector = program.object('softirq_vec', 'struct softirq_action [0]')
  for (let index = 0; index < NR_SOFTIRQS; index++)
    yield { index, action: vector.at(index).pointer('action') }
}

/** Walk the tasklets that wait on a CPU. @source kernel/softirq.c tasklet_action_common() */
export function* forEachTasklet(
  program: Program,
  cpu: number,
  vector: 'tasklet_vec' | 'tasklet_hi_vec' = 'tasklet_vec',
): Generator<KObject<'tasklet_struct'>> {
  const head = perCpu(program, vector, cpu, 'struct tasklet_head')
  const next = BigInt(program.offsetof('struct tasklet_struct', 'next'))
  for (const address of forEachNode(
    (at) => program.memory.u64(wrap64(at + next)),
    head.pointer('head'),
    (at) => at === 0n,
  ))
    yield program.objectAt('struct tasklet_struct', address)
}

/** What a tasklet runs. */
export function taskletFunction(tasklet: KObject<'tasklet_struct'>): bigint {
  // Since v5.9 use_callback says which member of the union it is; both lie at the same place.
  return tasklet.pointer('func')
}

/**
 * Walk the gates of the interrupt descriptor table of x86, by vector.
 *
 * @yields the address each vector enters at
 * @throws {NotFoundError} on architectures that have none
 * @source arch/x86/include/asm/desc_defs.h gate_offset()
 */
export function* forEachIdtGate(program: Program): Generator<bigint> {
  const table = program.object('idt_table', 'gate_desc [256]')
  for (const gate of table) {
    const low = gate.bigint('offset_low')
    const middle = gate.bigint('offset_middle')
    yield low | (middle << 16n) | (gate.bigint('offset_high') << 32n)
  }
}
