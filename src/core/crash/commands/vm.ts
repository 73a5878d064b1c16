// vm: the virtual memory of tasks, area by area and page by page. Source of names and layout: crash's `vm`.
import { eachTask } from '../code/task_loop.ts'
import { FaultError, KdumpError, UsageError } from '../../base/errors.ts'
import { readCell, type Cell, type Column } from '../../base/table.ts'
import {
  forEachVma,
  mmTotalVm,
  mmRss,
  taskMm,
  taskRss,
  type Mm,
  type Vma,
} from '../../kernel/mm.ts'
import type { Task } from '../../kernel/sched.ts'
import { vmFlagNames } from '../../kernel/vm_flags.ts'
import type { Program } from '../../program/program.ts'
import { addressText, cellText } from '../cell_text.ts'
import { centreTitle } from '../centre_text.ts'
import { defineCommand, lines, table, type Block, type CommandArgs } from '../command.ts'
import { codeAddress, parseHex, parseHexInput } from '../operand.ts'
import type { Session } from '../session.ts'
import { chooseTasks, taskHeading } from '../task_operand.ts'
import { userPageRows, userPageTable, vmaRow, vmaTable } from '../vma_table.ts'

const OPTIONS = {
  pages: { type: 'boolean', short: 'p', help: 'where each page of each area is' },
  areaPages: { type: 'string', short: 'P', value: 'vma', help: 'where each page of one area is' },
  mm: {
    type: 'string',
    short: 'M',
    value: 'mm',
    help: 'the mm_struct of a task that has lost its own (it is exiting)',
  },
  mmStruct: { type: 'boolean', short: 'm', help: 'the mm_struct' },
  vmaStructs: { type: 'boolean', short: 'v', help: 'each vm_area_struct' },
  hex: { type: 'boolean', short: 'x', help: 'numbers of -m and -v in hexadecimal' },
  decimal: { type: 'boolean', short: 'd', help: 'numbers of -m and -v in decimal' },
  reference: {
    type: 'string',
    short: 'R',
    value: 'reference',
    help: 'only what has this number (area, start, flags, page, physical page) or part of a path',
  },
  flags: { type: 'string', short: 'f', value: 'vm_flags', help: 'the names of the bits of FLAGS' },
} as const

type Args = CommandArgs<typeof OPTIONS>

const EXCLUSIVE = ['pages', 'vmaStructs', 'mmStruct', 'reference', 'flags'] as const

export const vm = defineCommand({
  name: 'vm',
  summary: 'virtual memory',
  operands: '[pid | taskp] ...',
  description:
    'The address space of a task: its mm_struct and page directory, resident and total size, and each area with its ' +
    'bounds, flags and file. -p adds where each page is: its physical address, its place in swap, or the file it ' +
    'would be read from.',
  examples: [
    { text: 'the areas of a process', command: 'vm 1' },
    { text: 'where its pages are', command: 'vm -p 1' },
    { text: 'who maps a library', command: 'foreach user vm -R libc.so' },
    { text: 'what flags mean', command: 'vm -f 8100073' },
  ],
  options: OPTIONS,
  needs: ['symbols', 'types'],
  perTask: true,
  code: ({ values, operands }) =>
    values.flags === undefined
      ? vmCode(values.mm, operands)
      : `console.log(vmFlagNames(program, 0x${values.flags.replace(/^0x/i, '')}n))`,
  *run(session, args) {
    const { values, operands } = args
    const given = EXCLUSIVE.filter((key) => values[key] !== undefined && values[key] !== false)
    if (given.length > 1) throw new UsageError('-p, -v, -m, -R and -f are mutually exclusive')
    if (values.flags !== undefined) {
      yield flagsLine(session.program, values.flags)
      return
    }
    const other = values.mm === undefined ? undefined : parseMm(session.program, values.mm)
    for (const task of chooseTasks(session, operands)) {
      if (session.aborted) return
      yield* taskBlocks(session, task, taskMm(task) ?? other, args)
    }
  },
})

function vmCode(mm: string | undefined, operands: readonly string[]): string {
  const body = (start: string): string =>
    [
      `const mm = ${start}`,
      'for (const vma of mm ? forEachVma(mm) : []) {',
      "  const range = [vma.bigint('vm_start').toString(16), vma.bigint('vm_end').toString(16)]",
      "  console.log(...range, vmFlagNames(program, vmaFlags(vma)).join('|'))",
      '}',
    ].join('\n')
  return mm === undefined
    ? eachTask(operands, body('taskMm(task)'))
    : body(`program.objectAt('mm_struct', ${codeAddress(mm)})`)
}

function flagsLine(program: Program, text: string): Block {
  const flags = parseHexInput(text)
  const names = vmFlagNames(program, flags)
  const columns: readonly Column[] = [
    { title: 'FLAGS', kind: 'hex' },
    { title: 'NAMES', kind: 'text' },
  ]
  return table(columns, [[flags, names.join('|')]], {
    heading: '',
    line: () => `${flags.toString(16)}: (${names.join('|')})`,
  })
}

function parseMm(program: Program, text: string): Mm {
  const address = parseHexInput(text)
  const mm = program.objectAt('struct mm_struct', address)
  try {
    if (program.arch.isKernelAddress(address) && program.arch.isKernelAddress(mm.pointer('pgd')))
      return mm
  } catch (error) {
    if (!(error instanceof FaultError)) throw error
  }
  throw new UsageError(`invalid mm_struct address: ${address.toString(16)}`)
}

function* taskBlocks(
  session: Session,
  task: Task,
  mm: Mm | undefined,
  args: Args,
): Generator<Block> {
  const { reference } = args.values
  const found = reference === undefined ? undefined : findReference(session, task, mm, reference)
  if (found === null) return
  yield {
    kind: 'section',
    heading: taskHeading(task),
    blocks: found ?? memoryBlocks(session, task, mm, args),
  }
}

function* memoryBlocks(
  session: Session,
  task: Task,
  mm: Mm | undefined,
  { values }: Args,
): Generator<Block> {
  const format = session.format(values)
  if (values.mmStruct) {
    if (mm) yield { kind: 'object', object: mm, format, prefix: 'struct mm_struct ' }
  } else if (values.vmaStructs) {
    for (const object of mm ? forEachVma(mm) : [])
      yield { kind: 'object', object, format, prefix: 'struct vm_area_struct ' }
  } else if (values.areaPages !== undefined) {
    yield* areaBlocks(session, mm, parseHexInput(values.areaPages))
  } else {
    yield mmTable(task, mm)
    if (!mm) return
    if (!values.pages) yield vmaTable(vmaRows(mm))
    else for (const vma of forEachVma(mm)) yield* pageBlocks(session, mm, vma)
  }
}

function* vmaRows(mm: Mm): Generator<Cell[]> {
  for (const vma of forEachVma(mm)) yield vmaRow(vma)
}

function* pageBlocks(session: Session, mm: Mm, vma: Vma): Generator<Block> {
  yield vmaTable([vmaRow(vma)])
  yield userPageTable(userPageRows(mm, vma, { isAborted: () => session.aborted }))
}

function* areaBlocks(session: Session, mm: Mm | undefined, address: bigint): Generator<Block> {
  for (const vma of mm ? forEachVma(mm) : []) {
    if (vma.address !== address || !mm) continue
    yield* pageBlocks(session, mm, vma)
    return
  }
  yield lines('(not found)')
}

const MM_COLUMNS: readonly Column[] = [
  { title: 'MM', kind: 'address' },
  { title: 'PGD', kind: 'address' },
  { title: 'RSS', key: 'rss_kb', kind: 'decimal' },
  { title: 'TOTAL_VM', key: 'total_vm_kb', kind: 'decimal' },
]

function mmTable(task: Task, mm: Mm | undefined): Block {
  const kb = task.program.memory.pageSize / 1024
  const isOwn = taskMm(task) !== undefined
  const row: Cell[] = mm
    ? [
        mm.address,
        readCell(() => mm.pointer('pgd')),
        readCell(() => (isOwn ? taskRss(task) : mmRss(mm)) * kb),
        readCell(() => mmTotalVm(mm) * kb),
      ]
    : [null, null, 0, 0]
  const address = (cell: Cell | undefined): string =>
    cell === null ? centreTitle('0', 16) : addressText(cell)
  const size = (cell: Cell | undefined): string =>
    typeof cell === 'number' ? `${cell}k` : cellText(cell)
  return table(MM_COLUMNS, [row], {
    heading: '       MM               PGD          RSS    TOTAL_VM',
    line: ([at, pgd, rss, total]) =>
      `${address(at)}  ${address(pgd)}  ${centreTitle(size(rss), 6)}  ${centreTitle(size(total), 8)}`,
  })
}

/** What a task has of the reference, as blocks; null if it has nothing, so that no heading is shown either. */
function findReference(
  session: Session,
  task: Task,
  mm: Mm | undefined,
  text: string,
): Iterable<Block> | null {
  const number = parseHex(text)
  if (!mm) return null
  const matches: VmaMatch[] = []
  let problem: KdumpError | undefined
  try {
    for (const vma of forEachVma(mm)) {
      const match = matchVma(session, mm, vma, text, number)
      if (match) matches.push(match)
    }
  } catch (error) {
    if (!(error instanceof KdumpError)) throw error
    problem = error
  }
  const isMm = number !== undefined && number === mm.address
  if (matches.length === 0 && !isMm && !problem) return null
  return matchBlocks(mmTable(task, mm), matches, problem)
}

/** An area, and those of its pages that were looked for. */
interface VmaMatch {
  readonly row: readonly Cell[]
  readonly pages: readonly (readonly Cell[])[]
}

function* matchBlocks(
  head: Block,
  matches: readonly VmaMatch[],
  problem: KdumpError | undefined,
): Generator<Block> {
  yield head
  const rows: (readonly Cell[])[] = []
  for (const { row, pages } of matches) {
    rows.push(row)
    if (pages.length === 0) continue
    yield vmaTable(rows.splice(0))
    yield userPageTable(pages)
  }
  if (rows.length > 0) yield vmaTable(rows)
  if (problem) throw problem
}

function matchVma(
  session: Session,
  mm: Mm,
  vma: Vma,
  text: string,
  number: bigint | undefined,
): VmaMatch | undefined {
  const row = vmaRow(vma)
  const [address, start, , flags, file] = row
  if (number === undefined)
    return typeof file === 'string' && file.includes(text) ? { row, pages: [] } : undefined
  const pages = isPageNumber(mm, number)
    ? [...userPageRows(mm, vma, { reference: number, isAborted: () => session.aborted })]
    : []
  const isMatch = pages.length > 0 || [address, start, flags].includes(number)
  return isMatch ? { row, pages } : undefined
}

/** Only the first byte of a page can be one: this spares walks through all page tables. */
const isPageNumber = (mm: Mm, number: bigint): boolean =>
  number % BigInt(mm.program.memory.pageSize) === 0n
