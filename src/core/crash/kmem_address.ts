// `kmem ADDRESS`: what is there. Each part that knows something adds a block: symbol, per-CPU variable, slab object, free
// block, task, vmalloc area, page. Source of names, order and layout: crash's `kmem`.
import { UsageError, attempt } from '../base/errors.ts'
import { isDirectMap, pageOfDescriptor, pfnToPage, physToVirt, type Page } from '../kernel/page.ts'
import { findPerCpu } from '../kernel/percpu.ts'
import { taskAt } from '../kernel/task_at.ts'
import { findVmapArea } from '../kernel/vmalloc.ts'
import type { KernelSymbol } from '../debuginfo/symbol_index.ts'
import type { Program } from '../program/program.ts'
import { lines, record, type Block } from './command.ts'
import { findFreeBlockOf } from './kmem_free.ts'
import { pageTable } from './kmem_page.ts'
import { findSlabOf } from './kmem_slab.ts'
import { vmallocTable } from './kmem_vmalloc.ts'
import { parseAddress } from './operand.ts'
import { taskContext } from './task_context.ts'

/** What an operand of `kmem` names, by all its names. */
export interface MemoryPlace {
  /** As it was written, in hex. */
  readonly text: string
  /** A kernel address; for a physical one, that of the direct map. Undefined for one that is neither. */
  readonly address: bigint | undefined
  /** Undefined if it is mapped to nothing. */
  readonly physical: number | undefined
  /** The operand is the address of a page descriptor: that page is meant. */
  readonly isDescriptor: boolean
}

/** Resolve an operand: a kernel address or symbol, the address of a page descriptor, or a physical address. */
export function resolvePlace(program: Program, operand: string, isPhysical = false): MemoryPlace {
  const value = parseAddress(program, operand)
  const text = value.toString(16)
  const page = isPhysical ? undefined : descriptorAt(program, value)
  if (page) {
    const physical = physicalOfPage(program, page)
    return { text, address: value, physical, isDescriptor: true }
  }
  if (!isPhysical && program.arch.isKernelAddress(value))
    return { text, address: value, physical: physicalOf(program, value), isDescriptor: false }
  const end = BigInt(program.dump.pfnEnd * program.memory.pageSize)
  if (value >= end) return { text, address: undefined, physical: undefined, isDescriptor: false }
  const physical = Number(value)
  return { text, address: physToVirt(program, physical), physical, isDescriptor: false }
}

/** The descriptor of the page of a place. @throws {UsageError} in crash's words, if there is none */
export function pageOfPlace(program: Program, place: MemoryPlace): Page {
  const page = findPageOfPlace(program, place)
  if (!page) throw new UsageError(`cannot determine page for ${place.text}`)
  return page
}

/** The page of a place, undefined if it has none. */
export function findPageOfPlace(program: Program, { physical }: MemoryPlace): Page | undefined {
  if (physical === undefined) return undefined
  const page = pfnToPage(program, Math.floor(physical / program.memory.pageSize))
  // Where memory has a hole its descriptors are not mapped; those of excluded pages are.
  return physicalOf(program, page.address) === undefined ? undefined : page
}

/** All that is known of a place. */
export function* placeBlocks(program: Program, place: MemoryPlace): Generator<Block> {
  const page = findPageOfPlace(program, place)
  for (const part of placeParts(program, place, page)) {
    yield* part
    yield lines('')
  }
  if (page) yield pageTable([page])
  else {
    yield { kind: 'problem', command: 'kmem', message: `cannot determine page for ${place.text}` }
    yield lines(`${place.text}: physical address not found in mem map`)
  }
}

function* placeParts(
  program: Program,
  place: MemoryPlace,
  page: Page | undefined,
): Generator<Iterable<Block>> {
  const { address, text } = place
  if (address !== undefined && !place.isDescriptor) {
    // The start of the direct map is no part of the symbol that happens to lie before it.
    const symbol = isDirectMap(program, address) ? undefined : program.symbolAt(address)
    if (symbol) yield [symbolBlock(symbol, address)]
    const variable = findPerCpu(program, address)
    if (variable) yield [perCpuBlock(program, variable.cpu, variable.variable)]
  }
  const slab = address === undefined ? undefined : attempt(() => findSlabOf(program, address))
  if (slab) yield slab
  const free = page && attempt(() => findFreeBlockOf(page, text))
  if (free) yield free
  if (address === undefined || place.isDescriptor) return
  const task = taskAt(program, address)
  if (task) yield [taskContext(program, task.task)]
  const area = attempt(() => findVmapArea(program, address))
  if (area) yield [vmallocTable([area])]
}

function symbolBlock({ name, type, module, address }: KernelSymbol, at: bigint): Block {
  const offset = at - address
  const plus = offset === 0n ? '' : `+${offset}`
  const of = module === '' ? '' : ` [${module}]`
  return {
    kind: 'table',
    columns: [
      { title: 'ADDRESS', kind: 'address' },
      { title: 'TYPE', kind: 'text' },
      { title: 'SYMBOL', kind: 'text' },
      { title: 'OFFSET', kind: 'decimal' },
      { title: 'MODULE', kind: 'text' },
    ],
    rows: [[at, type, name, offset, module]],
    layout: { heading: '', line: () => `${at.toString(16)} (${type}) ${name}${plus}${of}` },
  }
}

/** Not told by crash. */
function perCpuBlock(program: Program, cpu: number, variable: bigint): Block {
  return record('line', [
    { title: 'PER-CPU', key: 'variable', kind: 'text', value: program.symbolize(variable) ?? null },
    { title: 'CPU', kind: 'decimal', value: cpu },
  ])
}

function descriptorAt(program: Program, address: bigint): Page | undefined {
  return attempt(() => pageOfDescriptor(program, address))
}

function physicalOfPage(program: Program, page: Page): number {
  const { pageSize } = program.memory
  const size = BigInt(program.sizeof('struct page'))
  const first = pfnToPage(program, 0).address
  return Number((page.address - first) / size) * pageSize
}

function physicalOf(program: Program, address: bigint): number | undefined {
  return attempt(() => program.memory.toPhysical(address))
}
