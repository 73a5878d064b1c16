// Memory as it is switched on and off, /sys/devices/system/memory. Source: drivers/base/memory.c, include/linux/memory.h.
import { stripType } from '../debuginfo/type.ts'
import type { KObject } from '../program/kobject.ts'
import type { Program } from '../program/program.ts'
import { pagesPerSection } from './sparse.ts'
import { xaForEach } from './xarray.ts'

export type MemoryBlock = KObject<'memory_block'>

/** State before v6.19, where it became an enum. @source include/linux/memory.h */
const STATES: readonly (readonly [value: number, name: string])[] = [
  [1, 'MEM_ONLINE'],
  [2, 'MEM_GOING_OFFLINE'],
  [4, 'MEM_OFFLINE'],
  [8, 'MEM_GOING_ONLINE'],
  [16, 'MEM_CANCEL_ONLINE'],
  [32, 'MEM_CANCEL_OFFLINE'],
]

/** Walk the blocks by number; none without CONFIG_MEMORY_HOTPLUG. @source drivers/base/memory.c for_each_memory_block() */
export function* forEachMemoryBlock(program: Program): Generator<MemoryBlock> {
  // Since v5.8, commit 4fb6eabf1037 ("drivers/base/memory.c: cache memory blocks in xarray to accelerate lookup").
  if (!program.hasSymbol('memory_blocks')) return
  for (const { entry } of xaForEach(program.object('memory_blocks', 'struct xarray')))
    yield program.objectAt('struct memory_block', entry)
}

/** `memory0`. */
export function memoryBlockName(block: MemoryBlock): string {
  return block.string('dev.kobj.name')
}

/** Physical bytes of a block, its end exclusive. */
export function memoryBlockRange(block: MemoryBlock): { start: number; end: number } {
  const { program } = block
  const sectionSize = pagesPerSection(program) * program.memory.pageSize
  const sections = program.object('sections_per_block', 'int').number()
  const start = block.number('start_section_nr') * sectionSize
  return { start, end: start + sections * sectionSize }
}

/** `ONLINE`, `GOING_OFFLINE`, …; `UNKNOWN` for what is no state. */
export function memoryBlockState(block: MemoryBlock): string {
  const state = block.get('state')
  // Since v6.19 (and in some stable kernels before) an enum of other values.
  const name =
    stripType(state.type).kind === 'enum'
      ? state.enumName()
      : STATES.find(([value]) => value === state.number())?.[1]
  return name?.replace(/^MEM_/, '') ?? 'UNKNOWN'
}
