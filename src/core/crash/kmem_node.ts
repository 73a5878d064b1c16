// `kmem -n`, -o: where memory and its descriptors are.
import { formatAddress } from '../base/hex.ts'
import { readCell, type Cell, type Column } from '../base/table.ts'
import {
  forEachMemoryBlock,
  memoryBlockName,
  memoryBlockRange,
  memoryBlockState,
} from '../kernel/memory_block.ts'
import { forEachNode, nodeZones, type Node } from '../kernel/mmzone.ts'
import { pfnToPage, vmemmapBase } from '../kernel/page.ts'
import { forEachCpu, perCpuOffset } from '../kernel/percpu.ts'
import {
  forEachPresentSection,
  SECTION_HAS_MEM_MAP,
  SECTION_IS_EARLY,
  SECTION_IS_ONLINE,
  SECTION_TAINT_ZONE_DEVICE,
} from '../kernel/sparse.ts'
import type { Program } from '../program/program.ts'
import { addressText, cellText, hexText } from './cell_text.ts'
import { lines, table, type Block, type TableBlock } from './command.ts'
import { centreField } from './centre_text.ts'

/** `kmem -n`: nodes and their zones, sections, blocks. */
export function* nodeBlocks(program: Program): Generator<Block> {
  for (const node of forEachNode(program)) {
    yield nodeTable(node)
    yield memMapTable(node)
    yield lines('')
    yield zoneTable(node)
    yield lines('', '-'.repeat(67), '')
  }
  if (!program.hasSymbol('mem_section')) return
  yield sectionTable(program)
  if (!program.hasSymbol('memory_blocks')) return
  yield lines('')
  yield memoryBlockTable(program)
}

const NODE_COLUMNS: readonly Column[] = [
  { title: 'NODE', kind: 'decimal' },
  { title: 'SIZE', kind: 'decimal' },
  { title: 'PGLIST_DATA', kind: 'address' },
  { title: 'NODE_ZONES', kind: 'text' },
]

function nodeTable(node: Node): TableBlock {
  const zones = nodeZones(node).map(({ address }) => formatAddress(address))
  const row = [
    readCell(() => node.number('node_id')),
    readCell(() => node.number('node_spanned_pages')),
    node.address,
    zones.join(','),
  ]
  return table(NODE_COLUMNS, [row], {
    heading: 'NODE    SIZE      PGLIST_DATA       BOOTMEM_DATA       NODE_ZONES   ',
    line: ([nid, size, address]) =>
      `${cellText(nid).padStart(3)}   ${centreField(cellText(size), 8)}  ${addressText(address)}  ` +
      // Memory of the boot allocator is long gone.
      `${centreField('----', 16)}  ${zones.join(`\n${' '.repeat(52)}`)}`,
  })
}

const MEM_MAP_COLUMNS: readonly Column[] = [
  { title: 'MEM_MAP', kind: 'address' },
  { title: 'START_PADDR', kind: 'hex' },
  { title: 'START_MAPNR', kind: 'decimal' },
]

function memMapTable(node: Node): TableBlock {
  const { program } = node
  const pfn = node.number('node_start_pfn')
  const row = [readCell(() => pfnToPage(program, pfn).address), pfn * program.memory.pageSize, pfn]
  return table(MEM_MAP_COLUMNS, [row], {
    heading: '    MEM_MAP          START_PADDR    START_MAPNR',
    line: ([map, physical, mapnr]) =>
      `${addressText(map)}  ${centreField(hexText(physical), 16)}  ${centreField(cellText(mapnr), 11)}`,
  })
}

const ZONE_COLUMNS: readonly Column[] = [
  { title: 'ZONE', kind: 'decimal' },
  { title: 'NAME', kind: 'text' },
  { title: 'SIZE', kind: 'decimal' },
  ...MEM_MAP_COLUMNS,
]

function zoneTable(node: Node): TableBlock {
  const { program } = node
  const rows = nodeZones(node).map((zone, index): Cell[] => {
    const size = zone.number('spanned_pages')
    const pfn = size === 0 ? 0 : zone.number('zone_start_pfn')
    const map = readCell(() => (size === 0 ? 0n : pfnToPage(program, pfn).address))
    const physical = pfn * program.memory.pageSize
    return [index, readCell(() => zone.string('name')), size, map, physical, pfn]
  })
  return table(ZONE_COLUMNS, rows, {
    heading: 'ZONE  NAME         SIZE       MEM_MAP      START_PADDR  START_MAPNR',
    line: ([index, name, size, map, physical, mapnr]) =>
      `${cellText(index).padStart(3)}   ${cellText(name).padEnd(7)}${cellText(size).padStart(10)}  ` +
      `${map === 0n ? '0'.padStart(16) : addressText(map)}  ${hexText(physical).padStart(11)}  ` +
      `${cellText(mapnr).padStart(11)}`,
  })
}

const SECTION_COLUMNS: readonly Column[] = [
  { title: 'NR', kind: 'decimal' },
  { title: 'SECTION', kind: 'address' },
  { title: 'CODED_MEM_MAP', kind: 'address' },
  { title: 'MEM_MAP', kind: 'address' },
  { title: 'STATE', kind: 'text' },
  { title: 'PFN', kind: 'decimal' },
]

/** Letters of a section's state; a present section has the first. */
const SECTION_FLAGS: readonly (readonly [bit: bigint, letter: string])[] = [
  [SECTION_HAS_MEM_MAP, 'M'],
  [SECTION_IS_ONLINE, 'O'],
  [SECTION_IS_EARLY, 'E'],
  [SECTION_TAINT_ZONE_DEVICE, 'D'],
]

function sectionTable(program: Program): TableBlock {
  return table(SECTION_COLUMNS, sectionRows(program), {
    heading: 'NR      SECTION        CODED_MEM_MAP        MEM_MAP       STATE PFN',
    line: ([nr, section, coded, map, state, pfn]) =>
      `${cellText(nr).padStart(2)}  ${addressText(section)}  ${addressText(coded)}  ${addressText(map)}  ` +
      `${cellText(state).padEnd(6)}${cellText(pfn).padEnd(16)}`,
  })
}

function* sectionRows(program: Program): Generator<Cell[]> {
  const size = BigInt(program.sizeof('struct page'))
  for (const { nr, section, codedMemMap, flags, pfnStart } of forEachPresentSection(program)) {
    const letters = SECTION_FLAGS.filter(([bit]) => (flags & bit) !== 0n).map(
      ([, letter]) => letter,
    )
    const map = readCell(() => vmemmapBase(program) + BigInt(pfnStart) * size)
    yield [nr, section.address, codedMemMap, map, `P${letters.join('')}`, pfnStart]
  }
}

const BLOCK_COLUMNS: readonly Column[] = [
  { title: 'MEM_BLOCK', kind: 'address' },
  { title: 'NAME', kind: 'text' },
  { title: 'START', kind: 'hex' },
  { title: 'END', kind: 'hex' },
  { title: 'NODE', kind: 'decimal' },
  { title: 'STATE', kind: 'text' },
  { title: 'START_SECTION_NO', kind: 'decimal' },
]

function memoryBlockTable(program: Program): TableBlock {
  return table(BLOCK_COLUMNS, memoryBlockRows(program), {
    heading: '   MEM_BLOCK        NAME        PHYSICAL RANGE     NODE  STATE   START_SECTION_NO',
    line: ([block, name, start, end, nid, state, section]) =>
      ` ${addressText(block)}  ${centreField(cellText(name), 10)}${hexText(start).padStart(10)} - ` +
      `${hexText(end).padStart(8)}  ${cellText(nid).padEnd(5)}${cellText(state).padEnd(8)}` +
      `${cellText(section).padEnd(12)}`,
  })
}

function* memoryBlockRows(program: Program): Generator<Cell[]> {
  for (const block of forEachMemoryBlock(program)) {
    const range = (): { start: number; end: number } => memoryBlockRange(block)
    yield [
      block.address,
      readCell(() => memoryBlockName(block)),
      readCell(() => range().start),
      // Inclusive, as crash shows it.
      readCell(() => range().end - 1),
      readCell(() => block.find('nid')?.number() ?? null),
      readCell(() => memoryBlockState(block)),
      readCell(() => block.number('start_section_nr')),
    ]
  }
}

const OFFSET_COLUMNS: readonly Column[] = [
  { title: 'CPU', kind: 'decimal' },
  { title: 'OFFSET', kind: 'address' },
]

/** `kmem -o`: what is added to a per-CPU symbol to get a CPU's copy. */
export function perCpuOffsetTable(program: Program): TableBlock {
  const rows = forEachCpu(program, 'possible').map((cpu): Cell[] => [
    cpu,
    perCpuOffset(program, cpu),
  ])
  return table(OFFSET_COLUMNS, rows, {
    heading: 'PER-CPU OFFSET VALUES:',
    line: ([cpu, offset]) => `  CPU ${cellText(cpu)}: ${hexText(offset)}`,
  })
}
