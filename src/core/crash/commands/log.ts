// log: the kernel's message buffer. It works with VMCOREINFO alone, so it works where nothing else does.
// Source of names and layout: crash's `log`.
import { logCode } from '../code/system_code.ts'
import { formatAddress } from '../../base/hex.ts'
import { demangleRustText } from '../../base/rust_demangle.ts'
import type { Cell, Column } from '../../base/table.ts'
import { forEachAuditRecord } from '../../kernel/audit.ts'
import { formatTimestamp, readLog, type LogRecord } from '../../kernel/printk.ts'
import { forEachPrintkSafeBuffer } from '../../kernel/printk_safe.ts'
import { coarseBoottimeNsec, coarseRealtimeNsec } from '../../kernel/timekeeping.ts'
import type { Program } from '../../program/program.ts'
import { cellText } from '../cell_text.ts'
import { defineCommand, lines, table, type Block, type CommandArgs } from '../command.ts'
import { formatDate } from '../duration_text.ts'
import type { Session } from '../session.ts'

const OPTIONS = {
  humanTime: {
    type: 'boolean',
    short: 'T',
    help: 'wall time (approximate: the log counts by another clock)',
  },
  noTime: { type: 'boolean', short: 't', help: 'without time' },
  dictionary: {
    type: 'boolean',
    short: 'd',
    help: 'the device a driver spoke of, below each message',
  },
  level: {
    type: 'boolean',
    short: 'm',
    help: 'the level before each message: <0> emergency to <7> debug',
  },
  caller: { type: 'boolean', short: 'c', help: 'who printed: T thread id, C processor' },
  audit: { type: 'boolean', short: 'a', help: 'audit records the kernel still holds' },
  safe: {
    type: 'boolean',
    short: 's',
    help: 'what lies in the per-CPU buffers of kernels before 5.15',
  },
  rust: {
    type: 'boolean',
    short: 'R',
    help: 'names of Rust functions as people write them',
  },
} as const

type Args = CommandArgs<typeof OPTIONS>

export const log = defineCommand({
  name: 'log',
  aliases: { dmesg: [] },
  summary: 'system message buffer',
  description:
    'Needs neither symbols nor types. A message whose page is missing shows why in its place; ' +
    'every line of a message of several lines has its prefix.',
  examples: [
    { text: 'the last messages', command: 'log | tail' },
    { text: 'warnings and worse', command: "log -m | grep '<[0-4]>'" },
  ],
  options: OPTIONS,
  code: logCode,
  *run(session, args) {
    const { program } = session
    if (args.values.audit) yield auditBlock(program)
    else if (args.values.safe) yield* safeBlocks(program)
    else yield table(COLUMNS, rows(session), { heading: '', line: lineFormat(program, args) })
  },
})

const COLUMNS: readonly Column[] = [
  { title: 'SEQ', kind: 'decimal' },
  { title: 'TS_NSEC', kind: 'decimal' },
  { title: 'LEVEL', kind: 'decimal' },
  { title: 'FACILITY', kind: 'decimal' },
  { title: 'CALLER', kind: 'text' },
  { title: 'TEXT', kind: 'text' },
  { title: 'SUBSYSTEM', kind: 'text' },
  { title: 'DEVICE', kind: 'text' },
]

function* rows({ program }: Session): Generator<Cell[]> {
  for (const record of readLog(program.memory, program.info)) {
    const text = record.lost === '' ? record.text : `(${record.lost})`
    const { seq, tsNsec, level, facility, subsystem, device } = record
    yield [seq, tsNsec, level, facility, callerText(record), text, subsystem, device]
  }
}

/** `T123` for a thread, `C1` for a CPU; '' before v5.1 and where the kernel does not record it. */
function callerText({ callerId }: LogRecord): string {
  if (callerId === undefined) return ''
  return callerId & 0x8000_0000 ? `C${callerId & 0x7fff_ffff}` : `T${callerId}`
}

function lineFormat(program: Program, { values }: Args): (row: readonly Cell[]) => string {
  const bootSeconds = values.humanTime ? bootTime(program) : 0
  const stamp = (tsNsec: bigint): string => {
    if (values.noTime) return ''
    if (!values.humanTime) return `[${formatTimestamp(tsNsec)}] `
    return `[${formatDate(bootSeconds + Math.floor(Number(tsNsec) / 1e9))}] `
  }
  return (row) => {
    const [, tsNsec, level, , caller, text, subsystem, device] = row
    const who = values.caller && caller !== '' ? `[${cellText(caller).padStart(6)}] ` : ''
    const time = stamp(tsNsec as bigint)
    const prefix = time + who + (values.level ? `<${Number(level).toString(16)}>` : '')
    const shown = (values.rust ? demangleRustText(cellText(text)) : cellText(text))
      .split('\n')
      .map((line) => prefix + line)
    const indent = ' '.repeat(prefix.length)
    if (values.dictionary && subsystem !== '')
      shown.push(`${indent}SUBSYSTEM=${cellText(subsystem)}`)
    if (values.dictionary && device !== '') shown.push(`${indent}DEVICE=${cellText(device)}`)
    return shown.join('\n')
  }
}

/** Seconds since 1970 when the log's clock began. */
function bootTime(program: Program): number {
  const now = program.info.crashTime || Number(coarseRealtimeNsec(program) / 1_000_000_000n)
  return now - Math.floor(Number(coarseBoottimeNsec(program)) / 1e9)
}

function auditBlock(program: Program): Block {
  const records = [...forEachAuditRecord(program)]
  if (records.length === 0) {
    return { kind: 'problem', command: 'log', message: 'kernel audit log is empty' }
  }
  const cells = records.map(({ type, text }): Cell[] => [type, text])
  const columns: readonly Column[] = [
    { title: 'TYPE', kind: 'decimal' },
    { title: 'TEXT', kind: 'text' },
  ]
  return table(columns, cells, {
    heading: '',
    line: ([type, text]) => `type=${cellText(type)} ${cellText(text)}`,
  })
}

function* safeBlocks(program: Program): Generator<Block> {
  let count = 0
  for (const { name, cpu, address, messagesLost, text } of forEachPrintkSafeBuffer(program)) {
    if (cpu === 0) yield lines(`PRINTK_SAFE_SEQ_BUF: ${name}`)
    yield lines(
      `CPU: ${cpu}  ADDR: ${formatAddress(address)} LEN: ${text.length}  MESSAGE_LOST: ${messagesLost}`,
      ...(text === '' ? ['(empty)'] : text.trimEnd().split('\n')).map((line) => `  ${line}`),
    )
    count++
  }
  if (count === 0) yield lines('(this kernel has no such buffers: messages go straight to the log)')
}
