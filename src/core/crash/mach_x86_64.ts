// What `mach` says of an x86-64 machine. Source: arch/x86/include/asm/{page_64_types,cpu_entry_area,processor,hypervisor}.h.
import { formatAddress } from '../base/hex.ts'
import { KdumpError } from '../base/errors.ts'
import { sizeofType, stripType } from '../debuginfo/type.ts'
import { forEachCpu, perCpu } from '../kernel/percpu.ts'
import { vmemmapBase } from '../kernel/page.ts'
import type { Program } from '../program/program.ts'
import type { RecordField } from './command.ts'

/** Where the kernel image is mapped. @source arch/x86/include/asm/page_64_types.h __START_KERNEL_map */
const START_KERNEL_MAP = 0xffff_ffff_8000_0000n
/** Modules follow the image's window. @source arch/x86/include/asm/pgtable_64_types.h MODULES_VADDR */
const KERNEL_IMAGE_SIZE_DEFAULT = 512 * 1024 * 1024
const IRQ_STACK_SIZE_DEFAULT = 16_384

/** What enum x86_hypervisor_type calls them, and people. @source arch/x86/include/asm/hypervisor.h */
const HYPERVISORS: Readonly<Record<string, string>> = {
  X86_HYPER_VMWARE: 'VMware',
  X86_HYPER_MS_HYPERV: 'Microsoft Hyper-V',
  X86_HYPER_XEN_PV: 'Xen PV',
  X86_HYPER_XEN_HVM: 'Xen HVM',
  X86_HYPER_KVM: 'KVM',
  X86_HYPER_JAILHOUSE: 'Jailhouse',
  X86_HYPER_ACRN: 'ACRN',
  X86_HYPER_BHYVE: 'Bhyve',
}

/** The hypervisor the kernel found itself under; undefined on bare metal, and under those it does not know. */
export function hypervisorName(program: Program): string | undefined {
  if (!program.hasSymbol('x86_hyper_type') || !program.hasType('enum x86_hypervisor_type'))
    return undefined
  const name = program.object('x86_hyper_type', 'enum x86_hypervisor_type').enumName()
  return name === undefined ? undefined : HYPERVISORS[name]
}

/** Where things are mapped. */
export function* layoutFields(program: Program): Generator<RecordField> {
  const variable = (name: string): bigint => program.memory.u64(program.symbol(name))
  const imageSize = program.info.number('KERNEL_IMAGE_SIZE') ?? KERNEL_IMAGE_SIZE_DEFAULT
  yield* addressField('KERNEL VIRTUAL BASE', () => program.directMapBase)
  yield* addressField('KERNEL VMALLOC BASE', () => variable('vmalloc_base'))
  yield* addressField('KERNEL VMEMMAP BASE', () => vmemmapBase(program))
  yield* addressField('KERNEL START MAP', () => START_KERNEL_MAP)
  yield* addressField('KERNEL MODULES BASE', () => START_KERNEL_MAP + BigInt(imageSize))
}

/** The stacks interrupts and exceptions run on, CPU by CPU. */
export function* stackFields(program: Program): Generator<RecordField> {
  const cpus = forEachCpu(program, 'online')
  const size = program.hasType('struct irq_stack')
    ? program.sizeof('struct irq_stack')
    : IRQ_STACK_SIZE_DEFAULT
  yield* stacks('IRQ', size, cpus, (cpu) => irqStack(program, cpu, size))
  if (!program.hasSymbol('cea_exception_stacks') || !program.hasType('struct cea_exception_stacks'))
    return
  for (const { title, member } of EXCEPTION_STACKS) {
    const type = program.type('struct cea_exception_stacks')
    const stack = stripType(type)
    const found = stack.kind === 'struct' ? stack.memberIndex.get(member) : undefined
    if (!found) continue
    const base = (cpu: number): bigint =>
      perCpu(program, 'cea_exception_stacks', cpu, 'struct cea_exception_stacks *').pointer() +
      BigInt(found.bitOffset / 8)
    yield* stacks(title, sizeofType(found.type), cpus, base, (at) => isMapped(program, at))
  }
}

/** @source arch/x86/include/asm/cpu_entry_area.h ESTACKS_MEMBERS */
const EXCEPTION_STACKS = [
  { title: 'DOUBLEFAULT', member: 'DF_stack' },
  { title: 'NMI', member: 'NMI_stack' },
  { title: 'DEBUG', member: 'DB_stack' },
  { title: 'MCE', member: 'MCE_stack' },
  { title: 'VC', member: 'VC_stack' },
]

function* stacks(
  title: string,
  size: number,
  cpus: readonly number[],
  base: (cpu: number) => bigint | undefined,
  isThere: (stack: bigint) => boolean = () => true,
): Generator<RecordField> {
  const found = cpus.flatMap((cpu) => {
    const stack = attempt(() => base(cpu))
    return stack === undefined ? [] : [{ cpu, stack }]
  })
  if (found.length === 0) return
  const key = title.toLowerCase()
  yield { title: `${title} STACK SIZE`, key: `${key}_stack_size`, kind: 'decimal', value: size }
  yield {
    title: `${title} STACKS`,
    key: `${key}_stacks`,
    kind: 'decimal',
    value: found.length,
    text: '',
  }
  for (const { cpu, stack } of found) {
    // Those of encrypted guests are mapped there only.
    const mark = isThere(stack) ? '' : ' [unavailable]'
    yield {
      title: `CPU ${cpu}`,
      key: `${key}_stack_cpu${cpu}`,
      kind: 'address',
      value: stack,
      text: `${formatAddress(stack)}${mark}`,
    }
  }
}

/** @source arch/x86/kernel/irq_64.c map_irq_stack() */
function irqStack(program: Program, cpu: number, size: number): bigint | undefined {
  // v6.2 to v6.14 it was a member of pcpu_hot, commit d7b6d709a76a ("x86/percpu: Move irq_stack variables next to current_task").
  const top = program.hasSymbol('hardirq_stack_ptr')
    ? perCpu(program, 'hardirq_stack_ptr', cpu, 'void *').pointer()
    : program.hasSymbol('pcpu_hot')
      ? perCpu(program, 'pcpu_hot', cpu).pointer('hardirq_stack_ptr')
      : 0n
  // It points to the last word.
  return top === 0n ? undefined : top + 8n - BigInt(size)
}

const isMapped = (program: Program, address: bigint): boolean =>
  attempt(() => program.memory.toPhysical(address)) !== undefined

function* addressField(title: string, read: () => bigint | undefined): Generator<RecordField> {
  const value = attempt(read)
  if (value === undefined) return
  yield {
    title,
    key: title.toLowerCase().replaceAll(' ', '_'),
    kind: 'address',
    value,
    text: formatAddress(value),
  }
}

function attempt<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch (error) {
    if (error instanceof KdumpError) return undefined
    throw error
  }
}
