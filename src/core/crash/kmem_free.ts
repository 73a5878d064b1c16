// `kmem -f`, -F: the page allocator's free blocks. Source of names and layout: crash's `kmem`.
import { readCell, type Cell, type Column } from '../base/table.ts'
import { freePages } from '../kernel/meminfo.ts'
import {
  findFreeBlock,
  forEachFreeBlock,
  forEachFreeList,
  forEachNode,
  nodeZones,
  pageZoneOf,
  zoneFreePages,
  type FreeList,
  type Node,
  type Zone,
} from '../kernel/mmzone.ts'
import { pageToPfn, pageZone, pfnToPage, type Page } from '../kernel/page.ts'
import type { Program } from '../program/program.ts'
import { addressText, cellText, hexText } from './cell_text.ts'
import { lines, table, type Block, type TableBlock } from './command.ts'
import { centreField } from './centre_text.ts'

/** `kmem -f`; with `pages` each block as well, which is `kmem -F`. */
export function* freeBlocks(program: Program, pages: boolean): Generator<Block> {
  const nodes = [...forEachNode(program)]
  let found = 0
  const count = (more: number): void => {
    found += more
  }
  for (const node of nodes) {
    if (nodes.length > 1) yield lines('NODE', cellText(node.number('node_id')).padStart(3))
    for (const [index, zone] of nodeZones(node).entries()) {
      yield zoneTable(node, index, zone)
      if (zone.number('spanned_pages') > 0) {
        if (pages) yield* areaPages(zone, count)
        else yield areaTable(zone, count)
      }
      yield lines('')
    }
  }
  const expected = freePages(program)
  const verdict = found === expected ? '(verified)' : `(found ${found})`
  yield lines(`nr_free_pages: ${expected}  ${verdict}`)
}

const ZONE_COLUMNS: readonly Column[] = [
  { title: 'ZONE', kind: 'decimal' },
  { title: 'NAME', kind: 'text' },
  { title: 'SIZE', kind: 'decimal' },
  { title: 'FREE', kind: 'decimal' },
  { title: 'MEM_MAP', kind: 'address' },
  { title: 'START_PADDR', kind: 'hex' },
  { title: 'START_MAPNR', kind: 'decimal' },
]

function zoneTable(node: Node | undefined, index: number, zone: Zone): TableBlock {
  const { program } = zone
  const size = zone.number('spanned_pages')
  const pfn = size === 0 ? 0 : zone.number('zone_start_pfn')
  const row: Cell[] = [
    index,
    readCell(() => zone.string('name')),
    size,
    readCell(() => zoneFreePages(zone)),
    readCell(() => (size === 0 ? 0n : pfnToPage(program, pfn).address)),
    pfn * program.memory.pageSize,
    // Within the node's descriptors, here.
    size === 0 ? 0 : pfn - (node?.number('node_start_pfn') ?? 0),
  ]
  return table(ZONE_COLUMNS, [row], {
    heading: 'ZONE  NAME        SIZE    FREE      MEM_MAP       START_PADDR  START_MAPNR',
    line: ([nr, name, pages, free, map, physical, mapnr]) =>
      `${cellText(nr).padStart(3)}   ${cellText(name).padEnd(9)}${cellText(pages).padStart(7)}${cellText(free).padStart(8)}  ` +
      `${map === 0n ? centreField('0', 16) : addressText(map)}  ${centreField(hexText(physical), 11)}  ${centreField(cellText(mapnr), 11)}`,
  })
}

const AREA_COLUMNS: readonly Column[] = [
  { title: 'AREA', key: 'order', kind: 'decimal' },
  { title: 'SIZE', key: 'bytes', kind: 'decimal' },
  { title: 'FREE_AREA_STRUCT', kind: 'address' },
  { title: 'BLOCKS', kind: 'decimal' },
  { title: 'PAGES', kind: 'decimal' },
]

function areaTable(zone: Zone, count: (pages: number) => void): TableBlock {
  return table(AREA_COLUMNS, areaRows(zone, count), {
    heading: 'AREA    SIZE  FREE_AREA_STRUCT  BLOCKS  PAGES',
    line: ([order, bytes, list, blocks, pages]) =>
      `${areaText(order, bytes, list)}  ${cellText(blocks).padStart(6)}  ${cellText(pages).padStart(5)}`,
  })
}

const areaText = (
  order: Cell | undefined,
  bytes: Cell | undefined,
  list: Cell | undefined,
): string =>
  `${cellText(order).padStart(3)}  ${`${Number(bytes) / 1024}k`.padStart(7)}  ${addressText(list)}`

function* areaRows(zone: Zone, count: (pages: number) => void): Generator<Cell[]> {
  for (const list of forEachFreeList(zone)) {
    const blocks = readCell(() => {
      let total = 0
      for (const page of forEachFreeBlock(list)) if (page) total++
      return total
    })
    const pages = typeof blocks === 'number' ? blocks * 2 ** list.order : 0
    count(pages)
    yield [list.order, blockBytes(zone.program, list.order), list.list.address, blocks, pages]
  }
}

const blockBytes = (program: Program, order: number): number => program.memory.pageSize * 2 ** order

function* areaPages(zone: Zone, count: (pages: number) => void): Generator<Block> {
  for (const list of forEachFreeList(zone)) {
    yield areaHeading(zone.program, list)
    yield pageList(list, count)
  }
}

function areaHeading(program: Program, { order, list }: FreeList): TableBlock {
  const row = [order, blockBytes(program, order), list.address]
  return table(AREA_COLUMNS.slice(0, 3), [row], {
    heading: 'AREA    SIZE  FREE_AREA_STRUCT',
    line: ([nr, bytes, address]) => `${areaText(nr, bytes, address)}  `,
  })
}

function pageList(list: FreeList, count: (pages: number) => void): TableBlock {
  const rows = function* (): Generator<Cell[]> {
    for (const page of forEachFreeBlock(list)) {
      count(2 ** list.order)
      yield [page.address]
    }
  }
  return table([{ title: 'PAGE', kind: 'address' }], rows(), {
    heading: '',
    line: ([page]) => addressText(page),
  })
}

/**
 * The free block that a page is in, as `kmem ADDRESS` shows it.
 *
 * @param operand what was asked for, as it was written
 * @returns undefined if the page is not free
 */
export function findFreeBlockOf(page: Page, operand: string): Iterable<Block> | undefined {
  const block = findFreeBlock(page)
  const zone = block && pageZoneOf(page)
  if (!block || !zone) return undefined
  const node = [...forEachNode(page.program)].find(
    ({ address }) => address === zone.pointer('zone_pgdat'),
  )
  const nth = pageToPfn(page) - pageToPfn(block.head) + 1
  return (function* (): Generator<Block> {
    yield zoneTable(node, pageZone(page), zone)
    const list = findListOf(zone, block.head, block.order)
    if (list) yield areaHeading(page.program, list)
    yield table(
      [
        { title: 'PAGE', kind: 'address' },
        { title: 'NTH', kind: 'decimal' },
        { title: 'PAGES', kind: 'decimal' },
      ],
      [[block.head.address, nth, 2 ** block.order]],
      {
        heading: '',
        line: ([head, at, of]) =>
          `${addressText(head)}  (${operand} is ${ordinal(Number(at))} of ${cellText(of)} pages)`,
      },
    )
  })()
}

/** Lists are by mobility, which the block itself does not say. */
function findListOf(zone: Zone, head: Page, order: number): FreeList | undefined {
  for (const list of forEachFreeList(zone)) {
    if (list.order !== order) continue
    for (const page of forEachFreeBlock(list)) if (page.address === head.address) return list
  }
  return undefined
}

function ordinal(value: number): string {
  const teens = value % 100 >= 11 && value % 100 <= 13
  const ending = teens ? 'th' : (['th', 'st', 'nd', 'rd'][value % 10] ?? 'th')
  return `${value}${ending}`
}
