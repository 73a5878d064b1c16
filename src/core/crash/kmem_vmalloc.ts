// `kmem -v`: areas of vmalloc(), ioremap() and their like. Source of names and layout: crash's `kmem`.
import { attempt } from '../base/errors.ts'
import { readCell, type Cell, type Column } from '../base/table.ts'
import { forEachVmapArea, vmapAreaVm, type VmapArea } from '../kernel/vmalloc.ts'
import type { Program } from '../program/program.ts'
import { addressText, cellText } from './cell_text.ts'
import { table, type TableBlock } from './command.ts'

const COLUMNS: readonly Column[] = [
  { title: 'VMAP_AREA', kind: 'address' },
  { title: 'VM_STRUCT', kind: 'address' },
  { title: 'START', kind: 'address' },
  { title: 'END', kind: 'address' },
  { title: 'SIZE', kind: 'decimal' },
  { title: 'PAGES', kind: 'decimal' },
  { title: 'CALLER', kind: 'text' },
]

/** Areas, one a row. */
export function vmallocTable(areas: Iterable<VmapArea>): TableBlock {
  return table(COLUMNS, rowsOf(areas), {
    heading: '   VMAP_AREA         VM_STRUCT                 ADDRESS RANGE                SIZE',
    line: ([area, vm, start, end, size]) =>
      `${addressText(area)}  ${addressText(vm).padStart(16)}  ${addressText(start)} - ${addressText(end)}  ` +
      cellText(size).padStart(7),
  })
}

function* rowsOf(areas: Iterable<VmapArea>): Generator<Cell[]> {
  for (const area of areas) {
    const start = area.bigint('va_start')
    const end = area.bigint('va_end')
    const vm = vmapAreaVm(area)
    yield [
      area.address,
      // vm_map_ram() makes areas without one.
      vm?.address ?? null,
      start,
      end,
      Number(end - start),
      vm ? readCell(() => vm.number('nr_pages')) : null,
      vm ? readCell(() => callerOf(area.program, vm.pointer('caller'))) : null,
    ]
  }
}

const callerOf = (program: Program, caller: bigint): string | null =>
  caller === 0n ? null : (program.symbolize(caller) ?? null)

/** Areas that map a physical page: all of them are gone through, page by page. */
export function* areasOfPhysical(program: Program, physical: number): Generator<VmapArea> {
  const { memory } = program
  const page = physical - (physical % memory.pageSize)
  for (const area of forEachVmapArea(program)) {
    const end = area.bigint('va_end')
    for (let at = area.bigint('va_start'); at < end; at += BigInt(memory.pageSize)) {
      if (physicalOf(program, at) !== page) continue
      yield area
      break
    }
  }
}

function physicalOf(program: Program, address: bigint): number | undefined {
  // Guard pages are mapped to nothing.
  return attempt(() => program.memory.toPhysical(address))
}
