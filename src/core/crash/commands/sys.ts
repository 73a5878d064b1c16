// sys: what system this was, and what ended it. Source of names and layout: crash's `sys`.
import { sysCode } from '../code/system_code.ts'
import { formatHex } from '../../base/hex.ts'
import { NotFoundError, UsageError } from '../../base/errors.ts'
import { isCellFault, readCell, type Cell, type CellKind, type Column } from '../../base/table.ts'
import { dmiStrings } from '../../kernel/dmi.ts'
import { kernelConfig } from '../../kernel/ikconfig.ts'
import { loadAverages } from '../../kernel/loadavg.ts'
import { presentPages } from '../../kernel/mmzone.ts'
import { panicMessage } from '../../kernel/panic.ts'
import { forEachCpu } from '../../kernel/percpu.ts'
import { forEachIdleTask } from '../../kernel/sched.ts'
import { forEachSystemCall } from '../../kernel/syscall_table.ts'
import { searchTasks } from '../../kernel/task_search.ts'
import { taintedMask, taintFlags, taintLetters } from '../../kernel/taint.ts'
import { coarseBoottimeNsec, coarseRealtimeNsec } from '../../kernel/timekeeping.ts'
import { utsname } from '../../kernel/uts.ts'
import type { Program } from '../../program/program.ts'
import { cellText } from '../cell_text.ts'
import {
  defineCommand,
  lines,
  record,
  table,
  type Block,
  type RecordBlock,
  type RecordField,
} from '../command.ts'
import { formatDate, formatUptime } from '../duration_text.ts'
import { formatMemorySize } from '../size_text.ts'

const OPTIONS = {
  syscalls: {
    type: 'boolean',
    short: 'c',
    help: 'the system call table, or the calls of that name or number',
  },
  taint: { type: 'boolean', short: 't', help: 'what taints the kernel' },
  dmi: { type: 'boolean', short: 'i', help: 'what the firmware says of the machine' },
  panic: { type: 'boolean', short: 'panic', help: 'refused: a dumpfile cannot panic' },
} as const

export const sys = defineCommand({
  name: 'sys',
  summary: 'system data',
  operands: '[config | name | number]',
  description:
    'Without arguments: what is shown when a dump is opened. `sys config` prints the configuration of a kernel ' +
    'that carries it (CONFIG_IKCONFIG). Times are UTC.',
  examples: [
    { text: 'what system this was', command: 'sys' },
    { text: 'the number of a system call', command: 'sys -c select' },
  ],
  options: OPTIONS,
  code: sysCode,
  *run({ program, radix }, { values, operands }) {
    if (values.panic) throw new UsageError('cannot panic a dumpfile!')
    if (values.syscalls) yield* systemCalls(program, operands[0], radix)
    else if (values.taint) yield taintBlock(program)
    else if (values.dmi) yield dmiBlock(program)
    else if (operands[0] === 'config') yield lines(...kernelConfig(program).trimEnd().split('\n'))
    else if (operands[0] !== undefined) throw new UsageError(`invalid argument: ${operands[0]}`)
    else yield banner(program)
  },
})

/** The banner: a field that the dump cannot give says why, the others stand. */
export function banner(program: Program): RecordBlock {
  const { dump, info } = program
  const name = readOr(() => utsname(program), dump.utsname)
  return record('column', [
    text('KERNEL', 'kernel', () => kernelSource(program)),
    { ...text('DUMPFILE', 'dumpfile', () => dump.file), text: `${dump.file}${dumpMark(program)}` },
    number(
      'CPUS',
      'cpus',
      () => forEachCpu(program, 'online').length,
      (count) => cpusText(program, count),
    ),
    number('DATE', 'date', () => crashSeconds(program), formatDate),
    number('UPTIME', 'uptime', () => Number(coarseBoottimeNsec(program)) / 1e9, formatUptime),
    text('LOAD AVERAGE', 'load_average', () =>
      loadAverages(program)
        .map((load) => load.toFixed(2))
        .join(', '),
    ),
    tasksField(program),
    text('NODENAME', 'nodename', () => name?.nodename ?? ''),
    text('RELEASE', 'release', () => name?.release ?? info.osrelease),
    text('VERSION', 'version', () => name?.version ?? ''),
    {
      ...text('MACHINE', 'machine', () => name?.machine ?? ''),
      text: `${name?.machine ?? ''}${clockText(program)}`,
    },
    number('MEMORY', 'memory', () => presentPages(program) * info.pageSize, formatMemorySize),
    panicField(program),
  ])
}

function text(title: string, key: string, read: () => Cell): RecordField {
  return { title, key, kind: 'text', value: readCell(read) }
}

function number(
  title: string,
  key: string,
  read: () => number,
  format?: (value: number) => string,
): RecordField {
  const kind: CellKind = 'decimal'
  const value = readCell(read)
  if (typeof value !== 'number' || !format) return { title, key, kind, value }
  return { title, key, kind, value, text: format(value) }
}

function panicField(program: Program): RecordField {
  const value = readCell(() => panicMessage(program))
  const base: RecordField = { title: 'PANIC', key: 'panic', kind: 'text', value }
  return isCellFault(value) ? base : { ...base, text: `"${String(value)}"` }
}

function readOr<T>(read: () => T, otherwise: T | undefined): T | undefined {
  let found: T | undefined
  readCell(() => {
    found = read()
    return null
  })
  return found ?? otherwise
}

function kernelSource(program: Program): string {
  const missing = [
    ...(program.kernelSymbols ? [] : ['symbols']),
    ...(program.kernelTypes ? [] : ['types']),
  ]
  return missing.length === 0
    ? '(read from the dump)'
    : `(read from the dump; without ${missing.join(' and ')})`
}

/** crash's words. */
function dumpMark({ dump }: Program): string {
  if (dump.incomplete) return '  [INCOMPLETE DUMP]'
  return dump.dumpLevel === undefined || dump.dumpLevel === 0 ? '' : '  [PARTIAL DUMP]'
}

function cpusText(program: Program, online: number): string {
  const offline = forEachCpu(program, 'present').length - online
  return offline > 0 ? `${online + offline} [OFFLINE: ${offline}]` : `${online}`
}

/** Seconds since 1970. VMCOREINFO's time was taken by the panicking kernel itself. */
function crashSeconds(program: Program): number {
  if (program.info.crashTime !== 0) return program.info.crashTime
  const known = readOr(() => Number(coarseRealtimeNsec(program)) / 1e9, undefined)
  return known ?? program.dump.timestamp
}

/** Threads and idle tasks; where the task list is broken, how many of those the kernel had were found. */
function tasksField(program: Program): RecordField {
  const idle = readOr(() => [...forEachIdleTask(program)].length, 0) ?? 0
  const { tasks, expected, problem } = searchTasks(program)
  const of = expected === undefined ? '' : ` OF ${expected + idle}`
  const text = problem === '' ? {} : { text: `${tasks.length + idle}  [FOUND${of}]` }
  return { title: 'TASKS', key: 'tasks', kind: 'decimal', value: tasks.length + idle, ...text }
}

/** `  (2445 Mhz)`. */
function clockText(program: Program): string {
  const khz = readOr(
    () => (program.hasSymbol('cpu_khz') ? program.memory.u32(program.symbol('cpu_khz')) : 0),
    0,
  )
  return khz ? `  (${Math.floor(khz / 1000)} Mhz)` : ''
}

const SYSCALL_COLUMNS: readonly Column[] = [
  { title: 'NUM', key: 'number', kind: 'decimal' },
  { title: 'SYSTEM CALL', key: 'name', kind: 'text' },
  { title: 'ADDRESS', kind: 'address' },
]

function* systemCalls(
  program: Program,
  wanted: string | undefined,
  radix: 10 | 16,
): Generator<Block> {
  const number =
    wanted !== undefined && /^(0x[\da-f]+|\d+)$/i.test(wanted) ? Number(wanted) : undefined
  const rows = [...forEachSystemCall(program)]
    .filter(
      (call) =>
        wanted === undefined ||
        call.number === number ||
        (number === undefined && call.name.includes(wanted)),
    )
    .map(({ number: at, name, address }): Cell[] => [
      at,
      name === '' ? formatHex(address) : name,
      address,
    ])
  if (rows.length === 0) throw new NotFoundError('symbol', `system call ${wanted}`)
  yield table(SYSCALL_COLUMNS, rows, {
    heading: 'NUM  SYSTEM CALL',
    line: ([at, name]) => `${Number(at).toString(radix).padStart(3)}  ${cellText(name)}`,
  })
}

function taintBlock(program: Program): RecordBlock {
  const mask = taintedMask(program)
  const flags = taintFlags(program)
  const letters = taintLetters(flags, mask)
  const names = flags
    .filter(({ bit }) => (mask >> BigInt(bit)) & 1n)
    .map(({ description }) => description)
  return record('column', [
    {
      title: 'TAINTED_MASK',
      key: 'tainted_mask',
      kind: 'hex',
      value: mask,
      text: `${mask.toString(16)}  ${letters}`,
    },
    ...(names.some((name) => name !== '')
      ? [{ title: 'TAINTS', key: 'taints', kind: 'text', value: names.join(', ') } as const]
      : []),
  ])
}

/** As wide as crash has it. */
const DMI_LABEL_WIDTH = 25

function dmiBlock(program: Program): RecordBlock {
  const fields = [...dmiStrings(program)].map(({ field, value }): RecordField => ({
    title: field,
    key: field.toLowerCase(),
    kind: 'text',
    value,
  }))
  if (fields.length === 0) throw new NotFoundError('symbol', 'DMI strings (the firmware gave none)')
  return { ...record('column', fields), labelWidth: DMI_LABEL_WIDTH }
}
