// `kmem -i`, -h, -V, -z: how much memory is used for what.
import { formatAddress } from '../base/hex.ts'
import { readCell, type Cell, type Column } from '../base/table.ts'
import { forEachHstate, hugePageSize, type Hstate } from '../kernel/hugetlb.ts'
import * as meminfo from '../kernel/meminfo.ts'
import {
  forEachNode,
  nodeZones,
  totalramPages,
  zoneWatermarks,
  type Zone,
} from '../kernel/mmzone.ts'
import { totalSwapPages } from '../kernel/swap.ts'
import {
  vmEvents,
  vmNodeStat,
  vmNumaEvents,
  vmZoneStat,
  zoneStat,
  type Counter,
} from '../kernel/vmstat.ts'
import type { Program } from '../program/program.ts'
import { addressText, cellText } from './cell_text.ts'
import { lines, record, table, type Block, type TableBlock } from './command.ts'
import { formatMemorySize } from './size_text.ts'

interface UsageRow {
  readonly name: string
  /** The row it is a part of; undefined for what is whole. */
  readonly of?: string
  /** What text calls it there. */
  readonly whole?: string
  /** First of a group: text sets it apart. */
  readonly isFirst?: boolean
  read(program: Program): number
}

const USAGE: readonly UsageRow[] = [
  { name: 'TOTAL MEM', read: totalramPages },
  { name: 'FREE', of: 'TOTAL MEM', read: meminfo.freePages },
  {
    name: 'USED',
    of: 'TOTAL MEM',
    read: (program) => totalramPages(program) - meminfo.freePages(program),
  },
  { name: 'SHARED', of: 'TOTAL MEM', read: meminfo.sharedPages },
  { name: 'BUFFERS', of: 'TOTAL MEM', read: meminfo.bufferPages },
  { name: 'CACHED', of: 'TOTAL MEM', read: meminfo.cachedPages },
  { name: 'SLAB', of: 'TOTAL MEM', read: meminfo.slabPages },
  { name: 'TOTAL HUGE', isFirst: true, read: (program) => hugePages(program, 'nr_huge_pages') },
  { name: 'HUGE FREE', of: 'TOTAL HUGE', read: (program) => hugePages(program, 'free_huge_pages') },
  { name: 'TOTAL SWAP', isFirst: true, read: totalSwapPages },
  {
    name: 'SWAP USED',
    of: 'TOTAL SWAP',
    read: (program) => totalSwapPages(program) - meminfo.freeSwapPages(program),
  },
  { name: 'SWAP FREE', of: 'TOTAL SWAP', read: meminfo.freeSwapPages },
  { name: 'COMMIT LIMIT', isFirst: true, read: meminfo.vmCommitLimit },
  { name: 'COMMITTED', of: 'COMMIT LIMIT', whole: 'TOTAL LIMIT', read: meminfo.vmMemoryCommitted },
]

const USAGE_COLUMNS: readonly Column[] = [
  { title: 'NAME', kind: 'text' },
  { title: 'PAGES', kind: 'decimal' },
  { title: 'TOTAL', key: 'bytes', kind: 'decimal' },
  { title: 'PERCENTAGE', key: 'percent', kind: 'decimal' },
  { title: 'OF', kind: 'text' },
]

/** `kmem -i`: memory, huge pages, swap and commitments, with SHARED on request as all page descriptors are read for it. */
export function usageTable(program: Program, withShared: boolean): TableBlock {
  const { pageSize } = program.memory
  const rows = USAGE.filter(({ name }) => withShared || name !== 'SHARED')
  const pages = new Map(rows.map((row) => [row.name, readCell(() => row.read(program))]))
  const cells = rows.map(({ name, of }): Cell[] => {
    const value = pages.get(name) ?? null
    const bytes = typeof value === 'number' ? value * pageSize : value
    return [name, value, bytes, of === undefined ? null : percent(value, pages.get(of)), of ?? null]
  })
  return table(USAGE_COLUMNS, cells, {
    heading: '                 PAGES        TOTAL      PERCENTAGE',
    line: ([name, value, bytes, share]) => {
      const row = rows.find((candidate) => candidate.name === name)
      const size = bytes === 0 ? '0' : typeof bytes === 'number' ? formatMemorySize(bytes) : ''
      const part =
        row?.of === undefined
          ? '         ----'
          : `  ${cellText(share ?? null).padStart(3)}% of ${row.whole ?? row.of}`
      return (
        (row?.isFirst ? '\n' : '') +
        `${cellText(name).padStart(13)}  ${cellText(value).padStart(7)}  ${size.padStart(11)}${part}`
      )
    },
  })
}

function percent(part: Cell, whole: Cell | undefined): Cell {
  if (typeof part !== 'number' || typeof whole !== 'number') return null
  return whole === 0 ? 0 : Math.floor((part * 100) / whole)
}

function hugePages(program: Program, member: string): number {
  let pages = 0
  for (const hstate of forEachHstate(program))
    pages += hstate.number(member) * 2 ** hstate.number('order')
  return pages
}

const HSTATE_COLUMNS: readonly Column[] = [
  { title: 'HSTATE', kind: 'address' },
  { title: 'SIZE', key: 'bytes', kind: 'decimal' },
  { title: 'FREE', kind: 'decimal' },
  { title: 'TOTAL', kind: 'decimal' },
  { title: 'NAME', kind: 'text' },
  { title: 'RESERVED', kind: 'decimal' },
  { title: 'SURPLUS', kind: 'decimal' },
]

/** `kmem -h`: pools of huge pages. */
export function* hugePageBlocks(program: Program): Generator<Block> {
  const pools = [...forEachHstate(program)]
  if (pools.length === 0) yield lines('(no hugepages)')
  else
    yield table(HSTATE_COLUMNS, pools.map(hstateRow), {
      heading: '     HSTATE        SIZE    FREE   TOTAL  NAME',
      line: ([hstate, bytes, free, total, name]) =>
        `${addressText(hstate)}  ${hugeSizeText(bytes).padStart(5)}  ${cellText(free).padStart(6)}  ` +
        `${cellText(total).padStart(6)}  ${cellText(name)}`,
    })
}

function hstateRow(hstate: Hstate): Cell[] {
  return [
    hstate.address,
    readCell(() => hugePageSize(hstate)),
    readCell(() => hstate.number('free_huge_pages')),
    readCell(() => hstate.number('nr_huge_pages')),
    readCell(() => hstate.string('name')),
    readCell(() => hstate.number('resv_huge_pages')),
    readCell(() => hstate.number('surplus_huge_pages')),
  ]
}

const hugeSizeText = (bytes: Cell | undefined): string =>
  typeof bytes === 'number' ? formatMemorySize(bytes).replace(' ', '') : cellText(bytes)

const COUNTER_COLUMNS: readonly Column[] = [
  { title: 'GROUP', kind: 'text' },
  { title: 'NAME', kind: 'text' },
  { title: 'VALUE', kind: 'decimal' },
]

/** `kmem -V`: what is counted of all zones, all nodes, and of events. */
export function* counterBlocks(program: Program): Generator<Block> {
  const zone = vmZoneStat(program)
  const node = vmNodeStat(program)
  const width = nameWidth([...zone, ...node])
  yield counterTable('VM_ZONE_STAT', zone, width)
  yield lines('')
  yield counterTable('VM_NODE_STAT', node, width)
  const numa = vmNumaEvents(program)
  if (numa.length > 0) {
    yield lines('')
    yield counterTable('VM_NUMA_STAT', numa, width)
  }
  const events = vmEvents(program)
  yield lines('')
  yield counterTable('VM_EVENT_STATES', events, nameWidth(events))
}

const nameWidth = (counters: readonly Counter[]): number =>
  Math.max(...counters.map(({ name }) => name.length))

function counterTable(group: string, counters: readonly Counter[], width: number): TableBlock {
  const rows = counters.map(({ name, value }): Cell[] => [group, name, value])
  return table(COUNTER_COLUMNS, rows, {
    heading: `  ${group}:`,
    line: ([, name, value]) => `${cellText(name).padStart(width)}: ${cellText(value)}`,
  })
}

/** `kmem -z`: each zone's size, watermarks and counters. */
export function* zoneBlocks(program: Program): Generator<Block> {
  for (const node of forEachNode(program)) {
    const nid = node.number('node_id')
    for (const [index, zone] of nodeZones(node).entries()) {
      yield { kind: 'section', heading: undefined, blocks: zoneSection(nid, index, zone) }
    }
  }
}

function* zoneSection(nid: number, index: number, zone: Zone): Generator<Block> {
  const name = readCell(() => zone.string('name'))
  const size = zone.number('spanned_pages')
  const present = zone.number('present_pages')
  yield record('line', [
    { title: 'NODE', kind: 'decimal', value: nid },
    { title: 'ZONE', kind: 'decimal', value: index },
    {
      title: 'ADDR',
      key: 'zone_address',
      kind: 'address',
      value: zone.address,
      text: formatAddress(zone.address),
    },
    { title: 'NAME', kind: 'text', value: name, text: `"${cellText(name)}"` },
  ])
  if (size === 0) {
    yield lines('  [unpopulated]')
    return
  }
  const { min, low, high } = zoneWatermarks(zone)
  yield record('line', [
    { title: '  SIZE', key: 'size', kind: 'decimal', value: size },
    // Left out by crash where it is the same.
    ...(present === size
      ? []
      : [{ title: 'PRESENT', key: 'present', kind: 'decimal', value: present } as const]),
    { title: 'MIN/LOW/HIGH', key: 'watermarks', kind: 'text', value: `${min}/${low}/${high}` },
  ])
  const counters = zoneStat(zone)
  yield counterTable('VM_STAT', counters, nameWidth(counters))
  yield lines('')
}
