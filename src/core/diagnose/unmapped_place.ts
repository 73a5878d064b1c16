// What an address that is not mapped was, by its place: nothing says it as well as what lies around it.
import { attempt } from '../base/errors.ts'
import { addressRegions } from '../kernel/identify.ts'
import { findVmapArea, vmapAreaVm } from '../kernel/vmalloc.ts'
import type { Program } from '../program/program.ts'
import { isCanonical } from './bad_pointer.ts'

/** A place as the rest of a sentence, and what to do about it. */
export interface UnmappedPlace {
  readonly text: string
  readonly next: string
  /** The page behind an area: what walks over the end of it comes here. */
  readonly isGuard?: boolean
}

const PAGE = 4096n

/** Say what an address that is not mapped was. */
export function unmappedPlace(program: Program, address: bigint): UnmappedPlace {
  return (
    initMemory(program, address) ??
    withinArea(program, address) ??
    byRegion(program, address) ?? {
      text: 'is not mapped',
      next: 'see where the pointer comes from: it was never valid',
    }
  )
}

/** Memory of __init functions and variables is freed when the kernel has booted. */
function initMemory(program: Program, address: bigint): UnmappedPlace | undefined {
  const isWithin = attempt(
    () => address >= program.symbol('__init_begin') && address < program.symbol('__init_end'),
  )
  if (isWithin !== true) return undefined
  const symbol = program.symbolize(address)
  return {
    text: `was init memory${symbol === undefined ? '' : ` (${symbol})`}, freed after boot`,
    next: 'find who uses what is marked __init after boot',
  }
}

/** An area of vmalloc ends in a page that is not mapped. @source mm/vmalloc.c __get_vm_area_node() */
function withinArea(program: Program, address: bigint): UnmappedPlace | undefined {
  const area = attempt(() => findVmapArea(program, address))
  const end = area && attempt(() => area.bigint('va_end'))
  if (!area || end === undefined) return undefined
  const vm = attempt(() => vmapAreaVm(area))
  const caller = attempt(() => vm && program.symbolize(vm.pointer('caller')))
  const made = `a vmalloc area${caller === undefined ? '' : ` made by ${caller}`}`
  return address >= end - PAGE
    ? {
        text: `is in the guard page behind ${made}`,
        next: 'see by what index or size the area was overrun',
        isGuard: true,
      }
    : { text: `is in ${made}, on a page that is not mapped`, next: 'see which pages the area has' }
}

/** By region; its name as kernel/identify.ts has it. */
const REGIONS: Readonly<Record<string, UnmappedPlace>> = {
  vmalloc: {
    text: 'is in no vmalloc area (it was freed, or never one)',
    next: 'find who frees the area while it is still used: vfree(), iounmap(), or the stack of a task that exits',
  },
  'direct map': {
    text: 'is a page of memory that is not mapped (secret, poisoned or given to a guest)',
    next: 'look at the page',
  },
  'user space': {
    text: 'is an address of user space that nothing is mapped at: a number taken for a pointer',
    next: 'recognise the number: a size, a flag, a file position',
  },
}

function byRegion(program: Program, address: bigint): UnmappedPlace | undefined {
  const regions = attempt(() => addressRegions(program)) ?? []
  const name = regions.find(({ start, end }) => address >= start && address < end)?.name ?? ''
  if (name === 'modules') return moduleMemory(program)
  const known = Object.hasOwn(REGIONS, name) ? REGIONS[name] : undefined
  if (known) return known
  if (name === '' && isCanonical(address))
    return {
      text: 'is in no region that the kernel uses',
      next: 'recognise the value: the pointer was written over, or never was one',
    }
  return undefined
}

function moduleMemory(program: Program): UnmappedPlace {
  const last = attempt(() => lastUnloaded(program)) ?? ''
  return {
    text: `is where modules are, but no module is there${last === '' ? '' : `: the last to be unloaded was ${last}`}`,
    next: 'find what a module left behind when it was unloaded: a timer, a notifier, a work item',
  }
}

/** @source kernel/module/main.c last_unloaded_module: since v5.18 a struct that begins with the name, before a char[] */
function lastUnloaded(program: Program): string {
  return program.readCString(program.symbol('last_unloaded_module'), 64)
}
