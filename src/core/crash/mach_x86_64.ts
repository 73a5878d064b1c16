// What `mach` says of an x86-64 machine. Source: arch/x86/include/asm/{page_64_types,cpu_entry_area,processor,hypervisor}.h.
import { formatAddress } from '../base/hex.ts'
import { attempt } from '../base/errors.ts'
import { cpuStacks, type CpuStack } from '../kernel/cpu_stacks.ts'
import { vmemmapBase } from '../kernel/page.ts'
import type { Program } from '../program/program.ts'
import type { RecordField } from './command.ts'

/** Where the kernel image is mapped. @source arch/x86/include/asm/page_64_types.h __START_KERNEL_map */
const START_KERNEL_MAP = 0xffff_ffff_8000_0000n
/** Modules follow the image's window. @source arch/x86/include/asm/pgtable_64_types.h MODULES_VADDR */
const KERNEL_IMAGE_SIZE_DEFAULT = 512 * 1024 * 1024

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
  const byName = Map.groupBy(cpuStacks(program), ({ name }) => name)
  for (const [name, stacks] of byName) yield* stacksOfName(name, stacks)
}

function* stacksOfName(name: string, stacks: readonly CpuStack[]): Generator<RecordField> {
  const key = name.toLowerCase()
  const [first] = stacks
  const size = first ? Number(first.end - first.start) : 0
  yield { title: `${name} STACK SIZE`, key: `${key}_stack_size`, kind: 'decimal', value: size }
  yield {
    title: `${name} STACKS`,
    key: `${key}_stacks`,
    kind: 'decimal',
    value: stacks.length,
    text: '',
  }
  for (const { cpu, start, isMapped } of stacks) {
    const mark = isMapped ? '' : ' [unavailable]'
    yield {
      title: `CPU ${cpu}`,
      key: `${key}_stack_cpu${cpu}`,
      kind: 'address',
      value: start,
      text: `${formatAddress(start)}${mark}`,
    }
  }
}

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
