// Page descriptors as rows: what `files -p` and `vtop` show of a page.
import { readCell, type Cell, type Column } from '../base/table.ts'
import { pageFlagNames, pageFlags, pageToPfn, type Page } from '../kernel/page.ts'
import { addressText, cellText, hexText } from './cell_text.ts'
import { table, type TableBlock } from './command.ts'

const COLUMNS: readonly Column[] = [
  { title: 'PAGE', kind: 'address' },
  { title: 'PHYSICAL', kind: 'hex' },
  { title: 'MAPPING', kind: 'address' },
  { title: 'INDEX', kind: 'hex' },
  { title: 'CNT', kind: 'decimal' },
  { title: 'FLAGS', kind: 'hex' },
  { title: 'FLAG_NAMES', kind: 'text' },
]

/** @param index where it is in its file, if the caller knows better than the page does */
export function pageRow(page: Page, index?: bigint): Cell[] {
  const { program } = page
  return [
    page.address,
    readCell(() => pageToPfn(page) * program.memory.pageSize),
    readCell(() => page.pointer('mapping')),
    // Since v6.16, commit acc53a0b4c15 ("mm: rename page->index to page->__folio_index"), under that name.
    index ?? readCell(() => page.bigint('__folio_index', 'index')),
    readCell(() => page.number('_refcount.counter')),
    readCell(() => pageFlags(page)),
    readCell(() => pageFlagNames(program, pageFlags(page)).join(',')),
  ]
}

/** Pages under crash's heading. */
export function pageTable(rows: Iterable<readonly Cell[]>): TableBlock {
  return table(COLUMNS, rows, {
    heading: '      PAGE       PHYSICAL      MAPPING       INDEX CNT FLAGS',
    line: ([page, physical, mapping, index, count, flags, names]) =>
      `${addressText(page)} ${hexText(physical).padStart(8)} ${hexText(mapping).padStart(16)} ${hexText(index).padStart(8)} ` +
      `${cellText(count).padStart(2)} ${hexText(flags)} ${cellText(names)}`,
  })
}
