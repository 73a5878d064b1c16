// The bug table in the layouts kernels have had: displacements from the entry, from the member, and plain pointers.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { KernelBuilder } from '../../../test/support/kernel_builder.ts'
import type { Program } from '../program/program.ts'
import { findBug, forEachBugEntry } from './bug.ts'
import { formatSourceLine, sourceFile, sourceLine } from './source_lines.ts'

const LIST =
  'struct list_head { struct list_head *next, *prev; }; struct module { struct list_head list; };'
const DISPLACED = 'int bug_addr_disp; int file_disp; unsigned short line; unsigned short flags;'

/** What an entry looks like, and what its members hold for a trap and a file. */
interface Layout {
  readonly members: string
  readonly size: number
  readonly write: (kernel: KernelBuilder, entry: bigint, trap: bigint, file: bigint) => void
  readonly lineOffset: number
}

const displace = (kernel: KernelBuilder, at: bigint, from: bigint, to: bigint): void =>
  kernel.write(at, 4, BigInt.asUintN(32, to - from))

const LAYOUTS: Readonly<Record<string, Layout>> = {
  'from the member': {
    members: DISPLACED,
    size: 12,
    lineOffset: 8,
    write(kernel, entry, trap, file) {
      displace(kernel, entry, entry, trap)
      displace(kernel, entry + 4n, entry + 4n, file)
    },
  },
  'from the member, behind a format': {
    members: `int bug_addr_disp; int format_disp; ${DISPLACED.slice(DISPLACED.indexOf('int file'))}`,
    size: 16,
    lineOffset: 12,
    write(kernel, entry, trap, file) {
      displace(kernel, entry, entry, trap)
      displace(kernel, entry + 8n, entry + 8n, file)
    },
  },
  'from the entry': {
    members: DISPLACED,
    size: 12,
    lineOffset: 8,
    write(kernel, entry, trap, file) {
      displace(kernel, entry, entry, trap)
      displace(kernel, entry + 4n, entry, file)
    },
  },
  'as pointers': {
    members: 'unsigned long bug_addr; const char *file; unsigned short line; unsigned short flags;',
    size: 24,
    lineOffset: 16,
    write(kernel, entry, trap, file) {
      kernel.write(entry, 8, trap)
      kernel.write(entry + 8n, 8, file)
    },
  },
}

/** Traps: function+offset, file, line. */
type Trap = readonly [at: string, file: string, line: number]

const TRAPS: readonly Trap[] = [
  ['first+4', 'mm/first.c', 10],
  ['second+8', './include/linux/mm.h', 20],
  ['fourth+4', 'mm/first.c', 30],
  ['fifth+4', 'mm/other.c', 40],
]

function build(layout: Layout, traps: readonly Trap[] = TRAPS): Program {
  const kernel = new KernelBuilder(`${LIST} struct bug_entry { ${layout.members} };`)
  for (const name of ['first', 'second', 'third', 'fourth', 'fifth', 'sixth'])
    kernel.function(name, 0x20)
  const table = kernel.global('__start___bug_table', `struct bug_entry [${traps.length}]`)
  kernel.symbol('__stop___bug_table', 'D', table + BigInt(traps.length * layout.size))
  kernel.global('modules', 'struct list_head', { next: '&modules', prev: '&modules' })
  traps.forEach(([at, file, line], i) => {
    const text = kernel.global(`text${i}`, 'struct bug_entry [4]')
    kernel.write(text, 40, `\0${file}`)
    const entry = table + BigInt(i * layout.size)
    layout.write(kernel, entry, kernel.addressOf(at), text + 1n)
    kernel.write(entry + BigInt(layout.lineOffset), 2, line)
    kernel.write(entry + BigInt(layout.lineOffset + 2), 2, i === 0 ? 0 : 1)
  })
  return kernel.build()
}

for (const [name, layout] of Object.entries(LAYOUTS)) {
  test(`entries are read ${name}`, () => {
    const program = build(layout)
    const first = program.symbol('first')
    assert.deepEqual(
      Array.from(forEachBugEntry(program), ({ file, line, isWarning }) => [file, line, isWarning]),
      [
        ['mm/first.c', 10, false],
        ['include/linux/mm.h', 20, true],
        ['mm/first.c', 30, true],
        ['mm/other.c', 40, true],
      ],
    )
    assert.equal(findBug(program, first + 4n)?.line, 10)
    assert.equal(findBug(program, first), undefined)
  })
}

test('a file is exact at a trap, known in its function, and by link order between two of it', () => {
  const program = build(LAYOUTS['from the member'] as Layout)
  const text = (name: string, offset = 0n): string => {
    const source = sourceLine(program, program.symbol(name) + offset)
    return source ? formatSourceLine(source) : ''
  }
  assert.equal(text('first', 4n), 'mm/first.c: 10')
  assert.equal(text('first', 5n), 'mm/first.c (line unknown)')
  // The header it traps in says nothing of where it was compiled; its neighbours do.
  assert.equal(text('second'), 'mm/first.c (by link order, line unknown)')
  assert.equal(text('second', 8n), 'include/linux/mm.h: 20')
  assert.equal(text('third'), 'mm/first.c (by link order, line unknown)')
  assert.equal(text('fifth'), 'mm/other.c (line unknown)')
  assert.equal(text('sixth'), '')
})

test('a kernel without a bug table has no source lines, and a table of nonsense none either', () => {
  const bare = new KernelBuilder(`${LIST} struct bug_entry { ${DISPLACED} };`)
  bare.function('alone', 16)
  const program = bare.build()
  const [symbol] = program.kernelSymbols?.findAll('alone') ?? []
  assert.ok(symbol)
  assert.equal(sourceFile(program, symbol), undefined)
  const layout = LAYOUTS['from the member'] as Layout
  const damaged = build({
    ...layout,
    write: (kernel, entry) => kernel.write(entry, 8, 0x7fff_ffff_7fff_ffffn),
  })
  assert.equal(sourceLine(damaged, damaged.symbol('first') + 4n), undefined)
})
