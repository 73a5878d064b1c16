// `kmem -p`, -m, -g: page descriptors. Source of names and layout: crash's `kmem`. Rows are read as they are shown: a
// terabyte of memory has 268 million.
import { FaultError, UsageError } from '../base/errors.ts'
import { formatAddress } from '../base/hex.ts'
import { cellFault, readCell, type Cell, type CellFault, type Column } from '../base/table.ts'
import { sizeofType, stripType } from '../debuginfo/type.ts'
import { forEachPage } from '../kernel/memmap.ts'
import {
  pageFlagList,
  pageFlagNames,
  pageFlags,
  pageToPhys,
  pageType,
  type Page,
} from '../kernel/page.ts'
import type { KObject } from '../program/kobject.ts'
import { findMemberPlan } from '../program/member_path.ts'
import type { Program } from '../program/program.ts'
import { addressText, cellText, hexText } from './cell_text.ts'
import { table, type TableBlock } from './command.ts'
import type { Session } from './session.ts'

/** All page descriptors, until the person has seen enough. */
export function* allPages(session: Session): Generator<Page> {
  for (const page of forEachPage(session.program)) {
    if (session.aborted) return
    yield page
  }
}

const PAGE_COLUMNS: readonly Column[] = [
  { title: 'PAGE', kind: 'address' },
  { title: 'PHYSICAL', kind: 'hex' },
  { title: 'MAPPING', kind: 'hex' },
  { title: 'INDEX', kind: 'hex' },
  { title: 'CNT', key: 'count', kind: 'decimal' },
  { title: 'FLAGS', kind: 'hex' },
  { title: 'NAMES', key: 'flag_names', kind: 'text' },
  { title: 'TYPE', kind: 'text' },
]

/** `kmem -p`: what descriptors say, one a row. */
export function pageTable(pages: Iterable<Page>): TableBlock {
  return table(PAGE_COLUMNS, pageRows(pages), {
    heading: '      PAGE       PHYSICAL      MAPPING       INDEX CNT FLAGS',
    line: ([page, physical, mapping, index, count, flags, names]) =>
      `${addressText(page)} ${hexText(physical).padStart(8)} ${hexText(mapping).padStart(16)} ` +
      `${hexText(index).padStart(8)} ${cellText(count).padStart(2)} ${hexText(flags)} ${names === null ? '' : cellText(names)}`,
  })
}

function* pageRows(pages: Iterable<Page>): Generator<Cell[]> {
  for (const page of pages) {
    const { program } = page
    const copy = snapshot(page)
    const physical = readCell(() => pageToPhys(page))
    if (isFault(copy)) {
      yield [page.address, physical, copy, copy, copy, copy, null, copy]
      continue
    }
    const flags = readCell(() => pageFlags(copy))
    yield [
      page.address,
      physical,
      readCell(() => copy.bigint('mapping')),
      // Since v6.16, commit acc53a0b4c15 ("mm: rename page->index to page->__folio_index").
      readCell(() => copy.bigint('__folio_index', 'index')),
      readCell(() => copy.number('_refcount.counter')),
      flags,
      typeof flags === 'bigint' ? pageFlagNames(program, flags).join(',') : null,
      readCell(() => pageType(copy) ?? null),
    ]
  }
}

/** One read for all members: of a million descriptors that cannot be read, an error each is enough. */
function snapshot(page: Page): Page | CellFault {
  try {
    return page.snapshot()
  } catch (error) {
    if (error instanceof FaultError) return cellFault(error)
    throw error
  }
}

function isFault(copy: Page | CellFault): copy is CellFault {
  return 'fault' in copy
}

/** `kmem -m`: members of descriptors. @throws {UsageError} for one that does not exist */
export function memberTable(
  program: Program,
  members: readonly string[],
  pages: Iterable<Page>,
  radix: 10 | 16,
): TableBlock {
  const type = program.type('struct page')
  for (const member of members)
    if (!findMemberPlan(type, member)) throw new UsageError(`invalid page struct member: ${member}`)
  const columns: readonly Column[] = [
    { title: 'PAGE', kind: 'address' },
    ...members.map((member): Column => ({ title: member, key: member, kind: 'text' })),
  ]
  return table(columns, memberRows(members, pages, radix), {
    heading: `      PAGE        ${members.join('  ')}`,
    line: ([page, ...values]) => `${addressText(page)}  ${values.map(cellText).join('  ')}  `,
  })
}

function* memberRows(
  members: readonly string[],
  pages: Iterable<Page>,
  radix: 10 | 16,
): Generator<Cell[]> {
  for (const page of pages) {
    const copy = snapshot(page)
    yield [
      page.address,
      ...members.map((member) =>
        isFault(copy) ? copy : readCell(() => memberText(copy.get(member), member, radix)),
      ),
    ]
  }
}

/** Counts are decimal always, flags hexadecimal always. */
const ALWAYS_DECIMAL = new Set(['_count', '_mapcount', '_refcount'])

function memberText(value: KObject, member: string, radix: 10 | 16): string {
  const type = stripType(value.type)
  if (ALWAYS_DECIMAL.has(member)) return `${value.find('counter')?.number() ?? value.number()}`
  const size = sizeofType(type)
  if (type.kind === 'struct' || type.kind === 'union' || type.kind === 'array')
    return wordsText(value)
  const isInteger = type.kind === 'int' || type.kind === 'enum'
  if (isInteger && radix === 10 && !member.startsWith('flags')) return `${value.bigint()}`
  return formatAddress(BigInt.asUintN(size * 8, value.bigint()), size * 2)
}

function wordsText(value: KObject): string {
  const bytes = value.bytes()
  const view = new DataView(bytes.buffer)
  const unit = bytes.length % 8 === 0 ? 8 : bytes.length % 4 === 0 ? 4 : 1
  const words: string[] = []
  for (let at = 0; at < bytes.length; at += unit) {
    let word = 0n
    for (let i = 0; i < unit; i++) {
      const shift = value.memory.littleEndian ? i : unit - 1 - i
      word |= BigInt(view.getUint8(at + i)) << BigInt(shift * 8)
    }
    words.push(formatAddress(word, unit * 2))
  }
  return words.join(',')
}

const FLAG_COLUMNS: readonly Column[] = [
  { title: 'PAGE-FLAG', key: 'flag', kind: 'text' },
  { title: 'BIT', kind: 'decimal' },
  { title: 'VALUE', kind: 'hex' },
]

/** `kmem -g`: the names of flag bits: all, or those set in a flags word. */
export function flagTable(program: Program, flags: bigint | undefined): TableBlock {
  const all = pageFlagList(program)
  const width = Math.max(...all.map(({ name }) => name.length))
  const shown = flags === undefined ? all : all.filter(({ bit }) => (flags >> BigInt(bit)) & 1n)
  const indent = flags === undefined ? '' : '  '
  const heading = `${indent}${'PAGE-FLAG'.padEnd(width)} BIT  VALUE`
  return table(
    FLAG_COLUMNS,
    shown.map(({ name, bit }): Cell[] => [name, bit, 1n << BigInt(bit)]),
    {
      heading: flags === undefined ? heading : `FLAGS: ${flags.toString(16)}\n${heading}`,
      line: ([name, bit, value]) =>
        `${indent}${cellText(name).padEnd(width)} ${cellText(bit).padStart(3)}  ${hexText(value).padStart(7, '0')}`,
    },
  )
}
