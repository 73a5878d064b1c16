// What is this address? Everything that is known of it, each part found by a piece of its own, none needed by another.
import { KdumpError, attempt } from '../base/errors.ts'
import type { AddressRegion } from '../program/address_region.ts'
import type { Program } from '../program/program.ts'
import { frameSymbol } from '../program/stack_trace.ts'
import { cpuStacks } from './cpu_stacks.ts'
import { identifyPage } from './identify_page.ts'
import { identifySlab, memberText } from './identify_slab.ts'
import { forEachModule, moduleRanges, type Module } from './module.ts'
import { isDirectMap, pageOfDescriptor, pageToPfn, pfnToPage, vmemmapBase } from './page.ts'
import { findPerCpu } from './percpu.ts'
import { valueMeaning } from './poison.ts'
import type { Task } from './sched.ts'
import { kernelStack } from './stack_bounds.ts'
import { stackTrace } from './stack.ts'
import { taskAt } from './task_at.ts'
import { findVmapArea, vmapAreaVm } from './vmalloc.ts'
import { vmaText } from './identify_user.ts'
import { taskMm, vmaLookup } from './mm.ts'

/** One thing that an address is. */
export interface Identity {
  /** `symbol`, `slab object`, `task`, `page`…; stable, for programs. */
  readonly kind: string
  /** What it is called: `init_task`, a cache, a module, a path. */
  readonly name: string
  /** Where the thing begins; undefined if it is not a thing in memory. */
  readonly start?: bigint
  /** Bytes the address is behind `start`. */
  readonly offset?: bigint
  /** More, for people. */
  readonly detail: string
}

/**
 * Say what an address is, the most telling things first.
 *
 * @param task whose user addresses are meant
 * @returns [] for an address of which nothing at all is known
 */
export function identifyAddress(program: Program, address: bigint, task?: Task): Identity[] {
  const found: Identity[] = []
  for (const piece of PIECES) {
    try {
      found.push(...piece(program, address, task))
    } catch (error) {
      // What a dump lacks tells nothing, and stops nobody else.
      if (!(error instanceof KdumpError)) throw error
    }
  }
  return found
}

type Piece = (program: Program, address: bigint, task: Task | undefined) => Iterable<Identity>

const PIECES: readonly Piece[] = [
  identifyValue,
  identifySymbol,
  identifyPerCpu,
  identifyModule,
  identifySlab,
  identifyTask,
  identifyCpuStack,
  identifyVmalloc,
  identifyUser,
  identifyDescriptor,
  identifyRegion,
  identifyPageOf,
]

function* identifyValue(_: Program, address: bigint): Generator<Identity> {
  const value = valueMeaning(address)
  if (value) yield { kind: 'value', name: value.name, detail: value.meaning }
}

function* identifySymbol(program: Program, address: bigint): Generator<Identity> {
  // The start of the direct map is no part of the symbol that happens to lie before it.
  if (!program.arch.isKernelAddress(address) || isDirectMap(program, address)) return
  const symbol = program.symbolAt(address)
  if (!symbol) return
  const { name, type, module, address: start } = symbol
  const detail = `(${type})${module === '' ? '' : ` [${module}]`}`
  yield { kind: 'symbol', name, start, offset: address - start, detail }
}

function* identifyPerCpu(program: Program, address: bigint): Generator<Identity> {
  const found = findPerCpu(program, address)
  if (!found) return
  const symbol = program.symbolAt(found.variable)
  const offset = symbol ? found.variable - symbol.address : 0n
  yield {
    kind: 'percpu variable',
    name: symbol?.name ?? '(unknown)',
    start: address - offset,
    offset,
    detail: `of CPU ${found.cpu}`,
  }
}

function* identifyModule(program: Program, address: bigint): Generator<Identity> {
  for (const module of forEachModule(program)) {
    const name = module.string('name')
    const offset = address - module.address
    if (offset >= 0n && offset < BigInt(program.sizeof('struct module')))
      yield { kind: 'module', name, start: module.address, offset, detail: 'its struct module' }
    for (const { start, size } of moduleRanges(module)) {
      if (address < start || address >= start + BigInt(size)) continue
      const part = partOf(module, start)
      yield { kind: 'module', name, start, offset: address - start, detail: part }
      return
    }
  }
}

/** `text`, `rodata`: what the kind of memory is called. @source include/linux/module.h enum mod_mem_type */
function partOf(module: Module, start: bigint): string {
  if (!module.has('mem')) return start === module.pointer('core_layout.base') ? 'core' : 'init'
  const index = Array.from(module.get('mem'), (part) => part.pointer('base')).indexOf(start)
  const names = [
    'text',
    'data',
    'rodata',
    'read-only after init',
    'init text',
    'init data',
    'init rodata',
  ]
  return names[index] ?? 'memory'
}

function* identifyTask(program: Program, address: bigint): Generator<Identity> {
  if (!program.arch.isKernelAddress(address)) return
  const found = taskAt(program, address)
  if (!found) return
  const { task, part } = found
  const name = `PID ${task.number('pid')} "${task.string('comm')}"`
  if (part === 'task_struct') {
    const offset = address - task.address
    const detail = memberText(program.type('struct task_struct'), offset) ?? 'its task_struct'
    yield { kind: 'task', name, start: task.address, offset, detail }
    return
  }
  const { start, end } = kernelStack(task)
  const detail = `its stack of ${end - start} bytes${frameText(program, task, address)}`
  yield { kind: 'task stack', name, start, offset: address - start, detail }
}

/** In whose frame a slot of a stack is. */
function frameText(program: Program, task: Task, address: bigint): string {
  const { frames } = stackTrace(program, task)
  const [first] = frames
  if (!first) return ''
  if (address < first.sp) return ', below the stack pointer: stale'
  // A frame reaches up to the slot of its own return address, which is where its caller's is listed.
  const index = frames.findIndex(({ sp }) => sp >= address)
  const frame = index < 0 ? undefined : frames[index]
  if (!frame) return ', above the last frame'
  const name = (at: number): string => {
    const each = frames[at]
    return (each && frameSymbol(program, each)?.symbol.name) ?? '(unknown)'
  }
  if (frame.sp === address) return `, the return address into ${name(index)}`
  return `, in the frame of ${name(Math.max(0, index - 1))}`
}

function* identifyCpuStack(program: Program, address: bigint): Generator<Identity> {
  for (const { name, cpu, start, end, isMapped } of cpuStacks(program)) {
    if (!isMapped) continue
    if (address < start || address >= end) continue
    const detail = `of CPU ${cpu}, ${end - start} bytes`
    yield { kind: 'cpu stack', name, start, offset: address - start, detail }
  }
}

function* identifyVmalloc(program: Program, address: bigint): Generator<Identity> {
  if (!program.arch.isKernelAddress(address)) return
  const area = findVmapArea(program, address)
  if (!area) return
  const start = area.bigint('va_start')
  const vm = vmapAreaVm(area)
  const caller = vm && program.symbolize(vm.pointer('caller'))
  const parts = [
    `${area.bigint('va_end') - start} bytes`,
    ...(vm ? [`${vm.number('nr_pages')} pages`] : []),
    ...(caller === undefined ? [] : [`by ${caller}`]),
  ]
  yield {
    kind: 'vmalloc area',
    name: vm ? areaName(vm.bigint('flags')) : 'vm_map_ram',
    start,
    offset: address - start,
    detail: parts.join(', '),
  }
}

/** @source include/linux/vmalloc.h */
const VM_FLAGS = ['ioremap', 'vmalloc', 'vmap', 'user', 'dma-coherent'] as const

const areaName = (flags: bigint): string =>
  VM_FLAGS.find((_, bit) => (flags >> BigInt(bit)) & 1n) ?? 'area'

function* identifyUser(
  program: Program,
  address: bigint,
  task: Task | undefined,
): Generator<Identity> {
  if (!task || program.arch.isKernelAddress(address)) return
  const mm = taskMm(task)
  const vma = mm && vmaLookup(mm, address)
  if (!mm || !vma) return
  const start = vma.bigint('vm_start')
  const detail = `of PID ${task.number('pid')} "${task.string('comm')}"`
  yield { kind: 'user mapping', name: vmaText(mm, vma), start, offset: address - start, detail }
  const physical = program.memory.translator.walk(
    program.memory.toPhysical(mm.pointer('pgd')),
    address,
  )
  yield* identifyPage(program, physical)
}

function* identifyDescriptor(program: Program, address: bigint): Generator<Identity> {
  const page = pageOfDescriptor(program, address)
  if (!page) return
  const pfn = pageToPfn(page)
  const detail = `of physical ${(pfn * program.memory.pageSize).toString(16)}`
  yield {
    kind: 'page descriptor',
    name: `pfn ${pfn}`,
    start: page.address,
    offset: address - page.address,
    detail,
  }
  yield* identifyPage(program, pfn * program.memory.pageSize)
}

function* identifyRegion(program: Program, address: bigint): Generator<Identity> {
  const region = addressRegions(program).find(({ start, end }) => address >= start && address < end)
  if (!region) return
  const { name, start } = region
  // Nobody counts from the start of what is no address.
  if (name === 'non-canonical') {
    yield { kind: 'region', name, detail: 'no address of this machine' }
    return
  }
  yield {
    kind: 'region',
    name,
    start,
    offset: address - start,
    detail: physicalText(program, address),
  }
}

/** What the ranges of virtual addresses of this kernel are for. */
export function addressRegions(program: Program): readonly AddressRegion[] {
  const { arch, dump, info, memory } = program
  const variable = (name: string): bigint | undefined =>
    program.hasSymbol(name) ? memory.u64(program.symbol(name)) : undefined
  return arch.regions({
    directMap: program.directMapBase,
    vmalloc: variable('vmalloc_base'),
    vmemmap: attempt(() => vmemmapBase(program)),
    physicalEnd: dump.pfnEnd * memory.pageSize,
    imageSize: info.number('KERNEL_IMAGE_SIZE') ?? 512 * 1024 * 1024,
    levels: info.number('pgtable_l5_enabled') === 1 ? 5 : 4,
  })
}

function physicalText(program: Program, address: bigint): string {
  if (!program.arch.isKernelAddress(address)) return ''
  const physical = attempt(() => program.memory.toPhysical(address))
  return physical === undefined ? 'not mapped' : `physical ${physical.toString(16)}`
}

function* identifyPageOf(program: Program, address: bigint): Generator<Identity> {
  if (!program.arch.isKernelAddress(address)) return
  const physical = program.memory.toPhysical(address)
  // Devices have no descriptors.
  if (physical >= program.dump.pfnEnd * program.memory.pageSize) return
  if (
    attempt(() =>
      program.memory.toPhysical(
        pfnToPage(program, Math.floor(physical / program.memory.pageSize)).address,
      ),
    ) === undefined
  )
    return
  yield* identifyPage(program, physical)
}
