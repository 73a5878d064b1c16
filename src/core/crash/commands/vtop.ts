// vtop: how a virtual address is translated, and what lies there. Source of layout: crash's `vtop`.
import { KdumpError, FaultError, UsageError } from '../../base/errors.ts'
import type { PageTableTrace } from '../../arch/arch.ts'
import type { Cell, Column } from '../../base/table.ts'
import { taskMm, vmaLookup, type Mm, type Vma } from '../../kernel/mm.ts'
import { pfnToPage } from '../../kernel/page.ts'
import { findUserPage } from '../../kernel/user_page.ts'
import type { Program } from '../../program/program.ts'
import { cellText, hexText } from '../cell_text.ts'
import { taskCode } from '../code/task_loop.ts'
import { defineCommand, lines, table, type Block, type CommandArgs } from '../command.ts'
import { entryTable } from '../entry_table.ts'
import { parseAddress } from '../operand.ts'
import { pageRow, pageTable } from '../page_table.ts'
import type { Session } from '../session.ts'
import { getTasks } from '../task_operand.ts'
import { virtualTable } from '../virtual_table.ts'
import { userPageRow, vmaRow, vmaTable, whereText } from '../vma_table.ts'

const OPTIONS = {
  task: {
    type: 'string',
    short: 'c',
    value: 'pid | taskp',
    help: 'user addresses are those of this task, not of the current one',
  },
  user: { type: 'boolean', short: 'u', help: 'the addresses are user addresses' },
  kernel: { type: 'boolean', short: 'k', help: 'the addresses are kernel addresses' },
} as const

type Args = CommandArgs<typeof OPTIONS>
type Space = 'user' | 'kernel'

export const vtop = defineCommand({
  name: 'vtop',
  summary: 'virtual to physical',
  operands: 'address ...',
  operandsMin: 1,
  description:
    'The physical address of a virtual one, each entry of the page tables on the way, the flags of the last, the area ' +
    'of a user address, and the page there. What is not in memory is told by its place in swap or in its file.',
  examples: [
    { text: 'a kernel address', command: 'vtop ffff888001000000' },
    { text: 'an address of a process', command: 'vtop -c 1 400000' },
  ],
  options: OPTIONS,
  needs: ['symbols', 'types'],
  perTask: 'headed',
  code: ({ values, operands }) =>
    [
      'const { translator } = program.memory',
      ...(values.task === undefined ? [] : [`const of = ${taskCode(values.task)}`]),
      ...operands.map((text) => {
        const address = `0x${text.replace(/^0x/i, '')}n`
        const owner = values.task === undefined ? 'task' : 'of'
        return (
          `console.log(translator.walkLevels(program.arch.isKernelAddress(${address}) ? translator.kernelRoot : ` +
          `program.memory.toPhysical(${owner}.pointer('mm.pgd')), ${address}))`
        )
      }),
    ].join('\n'),
  *run(session, { values, operands }) {
    if (values.user && values.kernel)
      throw new UsageError('-u and -k options are mutually exclusive')
    const task =
      values.task === undefined ? session.task : getTasks(session.program, values.task)[0]
    const mm = task && taskMm(task)
    for (const [i, text] of operands.entries()) {
      const address = parseInput(session, text)
      const space = spaceOf(session.program, address, values)
      if (i > 0) yield lines('')
      if (space === 'kernel') yield* kernelBlocks(session.program, address)
      else yield* userBlocks(session.program, mm, address)
    }
  },
})

function parseInput({ program }: Session, text: string): bigint {
  try {
    return parseAddress(program, text)
  } catch (error) {
    if (!(error instanceof KdumpError)) throw error
    throw new UsageError(`invalid input: "${text}"`, { cause: error })
  }
}

function spaceOf(program: Program, address: bigint, values: Args['values']): Space {
  if (values.user) return 'user'
  if (values.kernel || program.arch.isKernelAddress(address)) return 'kernel'
  if (program.arch.isUserAddress(address)) return 'user'
  throw new UsageError(`ambiguous address: ${address.toString(16)}  (requires -u or -k)`)
}

function* kernelBlocks(program: Program, address: bigint): Generator<Block> {
  const { translator } = program.memory
  const trace = translator.walkLevels(translator.kernelRoot, address)
  yield addressBlock(trace, address, 'kernel', '(not mapped)')
  yield lines('', `PGD DIRECTORY: ${hexText(rootSymbol(program))}`)
  yield* walkBlocks(program, trace, 'kernel')
  if (trace.target === undefined) return
  yield* entryBlocks(program, trace)
  yield* pageBlocks(program, trace.target)
}

function* userBlocks(program: Program, mm: Mm | undefined, address: bigint): Generator<Block> {
  const vma = mm && vmaLookup(mm, address)
  if (!mm || !vma) {
    yield virtualTable([[address, null, '(not accessible)']], 'user')
    return
  }
  const { memory } = program
  const trace = memory.translator.walkLevels(memory.toPhysical(mm.pointer('pgd')), address)
  yield addressBlock(trace, address, 'user', '(not mapped)')
  yield lines('')
  yield* walkBlocks(program, trace, 'user')
  if (trace.target !== undefined || isSwap(program, trace)) yield* entryBlocks(program, trace)
  yield lines('')
  yield vmaTable([vmaRow(vma)])
  if (trace.target === undefined) yield* whereBlocks(mm, vma, address)
  else yield* pageBlocks(program, trace.target)
}

function addressBlock(
  { target }: PageTableTrace,
  address: bigint,
  space: Space,
  missing: string,
): Block {
  return virtualTable([[address, target ?? null, target === undefined ? missing : null]], space)
}

const LEVEL_COLUMNS: readonly Column[] = [
  { title: 'LEVEL', kind: 'text' },
  { title: 'ENTRY', key: 'entry_physical', kind: 'hex' },
  { title: 'VALUE', kind: 'hex' },
]

/** Entry by entry; of the kernel's root crash says the value of the entry alone. */
function* walkBlocks(program: Program, trace: PageTableTrace, space: Space): Generator<Block> {
  const rows = trace.entries.map(({ level, physical, value }): Cell[] => [level, physical, value])
  yield table(LEVEL_COLUMNS, rows, {
    heading: '',
    line: ([level, at, value]) =>
      space === 'kernel' && level === trace.entries[0]?.level
        ? `PAGE DIRECTORY: ${hexText(value)}`
        : `${cellText(level).padStart(6)}: ${hexText(at)} => ${hexText(value)}`,
  })
  const { target, coverage } = trace
  if (target === undefined) return
  const page = target - (target % coverage)
  const size = coverage === program.memory.pageSize ? '' : `(${sizeText(coverage)})`
  yield lines(`  PAGE: ${page.toString(16)}  ${size}`)
}

const sizeText = (bytes: number): string =>
  bytes >= 2 ** 30 ? `${bytes / 2 ** 30}GB` : `${bytes / 2 ** 20}MB`

function* entryBlocks(program: Program, { entries }: PageTableTrace): Generator<Block> {
  const last = entries.at(-1)
  if (!last) return
  yield lines('')
  yield entryTable(program, last.value)
}

function isSwap(program: Program, { entries }: PageTableTrace): boolean {
  const last = entries.at(-1)
  return last !== undefined && program.memory.translator.explainEntry(last.value).kind === 'swap'
}

/** Where the bytes are that are not in memory: swap or a file; nothing of anonymous memory never touched. */
function* whereBlocks(mm: Mm, vma: Vma, address: bigint): Generator<Block> {
  const size = BigInt(mm.program.memory.pageSize)
  const row = userPageRow(vma, findUserPage(mm, address - (address % size)))
  const [, , swap, file] = row
  if (swap !== null || file !== null) yield lines('', whereText(row))
}

/** The descriptor of the page, where that memory has one (devices have none). */
function* pageBlocks(program: Program, physical: number): Generator<Block> {
  const page = pfnToPage(program, Math.floor(physical / program.memory.pageSize))
  try {
    program.memory.toPhysical(page.address)
  } catch (error) {
    if (error instanceof FaultError) return
    throw error
  }
  yield lines('')
  yield pageTable([pageRow(page)])
}

/** The kernel's root page table, by its address in the kernel image. */
function rootSymbol(program: Program): bigint {
  const { info } = program
  return (
    info.symbol('init_top_pgt') ??
    info.symbol('swapper_pg_dir') ??
    info.symbol('init_level4_pgt') ??
    0n
  )
}
