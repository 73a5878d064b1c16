// timer: timers that wait to expire. Source of names and layout: crash's `timer`.
import { KdumpError } from '../../base/errors.ts'
import { readCell, type Cell, type Column } from '../../base/table.ts'
import { forEachCpu } from '../../kernel/percpu.ts'
import {
  hrtimerClockForEach,
  hrtimerClockNow,
  hrtimerClocks,
  hrtimerCpuBase,
  hrtimerExpires,
  hrtimerSoftExpires,
  timerBaseForEach,
  timerBases,
  type HrtimerClock,
  type TimerBase,
} from '../../kernel/timer.ts'
import type { Program } from '../../program/program.ts'
import { addressText, cellText } from '../cell_text.ts'
import { centreTitle, centreValue } from '../centre_text.ts'
import { cpusCode } from '../code/cpus_code.ts'
import {
  defineCommand,
  lines,
  record,
  table,
  type Block,
  type CommandArgs,
  type TableBlock,
} from '../command.ts'
import { parseCpuList } from '../cpu_list.ts'

const OPTIONS = {
  highResolution: { type: 'boolean', short: 'r', help: 'high-resolution timers, clock by clock' },
  cpus: { type: 'string', short: 'C', value: 'cpu', help: 'these CPUs only: 1,3,5-7' },
} as const

export const timer = defineCommand({
  name: 'timer',
  summary: 'timer queue data',
  description:
    "The timers of each CPU's wheels in the order they expire, in jiffies; with -r high-resolution timers, in " +
    'nanoseconds of their clock. TTE is the time until a timer expires, counted from the last tick before the crash; ' +
    'one that is negative was due.',
  examples: [
    { text: 'what is due next on CPU 0', command: 'timer -C 0' },
    { text: 'high-resolution timers', command: 'timer -r' },
  ],
  options: OPTIONS,
  needs: ['symbols', 'types'],
  code: ({ values }) => codeOf(values),
  *run(session, { values }) {
    const { program } = session
    const online = forEachCpu(program, 'online')
    const cpus = values.cpus === undefined ? online : parseCpuList(values.cpus, online)
    if (!values.highResolution) yield jiffiesTable(program)
    for (const cpu of cpus) {
      if (session.aborted) return
      const blocks = values.highResolution ? hrtimerBlocks(program, cpu) : wheelBlocks(program, cpu)
      yield { kind: 'section', heading: undefined, blocks }
    }
  },
})

function codeOf(values: CommandArgs<typeof OPTIONS>['values']): string {
  const loop = `for (const cpu of ${cpusCode(values.cpus)}) {`
  if (!values.highResolution)
    return `${loop}
  for (const { name, base } of timerBases(program, cpu)) {
    for (const timer of timerBaseForEach(base)) console.log(cpu, name, timer.bigint('expires'), program.symbolize(timer.pointer('function')))
  }
}`
  return `${loop}
  for (const { clock, base } of hrtimerClocks(hrtimerCpuBase(program, cpu))) {
    for (const timer of hrtimerClockForEach(base)) console.log(cpu, clock, hrtimerExpires(timer), program.symbolize(timer.pointer('function')))
  }
}`
}

const jiffiesOf = (program: Program): bigint => program.object('jiffies').bigint()

function jiffiesTable(program: Program): TableBlock {
  const columns: readonly Column[] = [{ title: 'JIFFIES', kind: 'decimal' }]
  return table(columns, [[jiffiesOf(program)]], {
    heading: 'JIFFIES   ',
    line: ([jiffies]) => cellText(jiffies),
  })
}

function* wheelBlocks(program: Program, cpu: number): Generator<Block> {
  for (const wheel of timerBases(program, cpu)) yield wheelTable(program, cpu, wheel)
}

const byNumber = (left: Cell | undefined, right: Cell | undefined): number =>
  Number((left as bigint) - (right as bigint))

const COMMON_COLUMNS: readonly Column[] = [
  { title: 'EXPIRES', kind: 'decimal' },
  { title: 'TTE', kind: 'decimal' },
  { title: 'TIMER', kind: 'address' },
  { title: 'FUNCTION', kind: 'address' },
  { title: 'NAME', kind: 'text' },
]

function wheelTable(program: Program, cpu: number, { name, base }: TimerBase): TableBlock {
  const now = jiffiesOf(program)
  const rows: Cell[][] = []
  let problem: KdumpError | undefined
  try {
    for (const entry of timerBaseForEach(base)) {
      const expires = entry.bigint('expires')
      const action = entry.pointer('function')
      const symbol = program.symbolize(action) ?? null
      rows.push([expires, expires - now, entry.address, action, symbol, cpu, name, base.address])
    }
  } catch (error) {
    if (!(error instanceof KdumpError)) throw error
    // What was found is shown, sorted, and then what broke the list.
    problem = error
  }
  rows.sort((a, b) => byNumber(a[0], b[0]))
  const expiresWidth = widest(rows, 0, cellText(now).length)
  const tteWidth = Math.max(3, cellText(rows.at(-1)?.[1] ?? '').length + 1)
  const title = `TIMER_BASES[${cpu}][${name}]: ${addressText(base.address)}`
  const heading = `  ${'EXPIRES'.padEnd(expiresWidth)}     ${'TTE'.padEnd(tteWidth)}     TIMER_LIST     FUNCTION`
  const columns: readonly Column[] = [
    ...COMMON_COLUMNS,
    { title: 'CPU', kind: 'decimal' },
    { title: 'WHEEL', kind: 'text' },
    { title: 'TIMER_BASE', kind: 'address' },
  ]
  return table(columns, thenThrow(rows, problem), {
    heading: `${title}\n${heading}${rows.length === 0 ? '\n  (none)' : ''}`,
    line: ([expires, tte, address, action, symbol]) =>
      `  ${cellText(expires).padStart(expiresWidth)}  ${cellText(tte).padStart(tteWidth)}  ` +
      `${addressText(address)}  ${addressText(action)}  <${cellText(symbol)}>`,
  })
}

function* thenThrow(rows: readonly Cell[][], problem: KdumpError | undefined): Generator<Cell[]> {
  yield* rows
  if (problem) throw problem
}

const widest = (rows: readonly Cell[][], column: number, least: number): number =>
  rows.reduce((width, row) => Math.max(width, cellText(row[column]).length), least)

function* hrtimerBlocks(program: Program, cpu: number): Generator<Block> {
  const cpuBase = hrtimerCpuBase(program, cpu)
  yield record('line', [
    { title: 'CPU', kind: 'decimal', value: cpu },
    {
      title: 'HRTIMER_CPU_BASE',
      kind: 'address',
      value: cpuBase.address,
      text: addressText(cpuBase.address),
    },
  ])
  for (const clock of hrtimerClocks(cpuBase)) {
    if (clock.index > 0) yield lines('')
    yield clockTable(cpu, clock)
  }
}

function clockTable(cpu: number, { index, base, clock }: HrtimerClock): TableBlock {
  const { program } = base
  const title = `  CLOCK: ${index}  HRTIMER_CLOCK_BASE: ${addressText(base.address)}  [${clock}]`
  const now = readCell(() => hrtimerClockNow(base))
  const rows: Cell[][] = []
  let problem: KdumpError | undefined
  try {
    for (const entry of hrtimerClockForEach(base)) {
      const expires = hrtimerExpires(entry)
      const action = entry.pointer('function')
      const tte = typeof now === 'bigint' ? expires - now : null
      rows.push([
        ...[expires, tte, entry.address, action, program.symbolize(action) ?? null],
        ...[hrtimerSoftExpires(entry), cpu, index, clock, now],
      ])
    }
  } catch (error) {
    if (!(error instanceof KdumpError)) throw error
    problem = error
  }
  const columns: readonly Column[] = [
    ...COMMON_COLUMNS,
    { title: 'SOFTEXPIRES', kind: 'decimal' },
    { title: 'CPU', kind: 'decimal' },
    { title: 'CLOCK', kind: 'decimal' },
    { title: 'CLOCK_NAME', kind: 'text' },
    { title: 'CURRENT', kind: 'decimal' },
  ]
  const widths = {
    soft: Math.max(widest(rows, 5, 11), cellText(now).length),
    expires: widest(rows, 0, 7),
    tte: widest(rows, 1, 3),
  }
  const heading =
    `  ${centreValue('CURRENT', widths.soft)}\n` +
    `  ${centreValue(cellText(now), widths.soft)}\n` +
    `  ${centreValue('SOFTEXPIRES', widths.soft)}  ${centreValue('EXPIRES', widths.expires)}  ` +
    `${centreValue('TTE', widths.tte)}  ${centreTitle('HRTIMER', 16)}  ${centreTitle('FUNCTION', 16)}`
  return table(columns, thenThrow(rows, problem), {
    heading: rows.length === 0 ? `${title}\n  (empty)` : `${title}\n${heading}`,
    line: ([expires, tte, address, action, symbol, soft]) =>
      `  ${centreValue(cellText(soft), widths.soft)}  ${centreValue(cellText(expires), widths.expires)}  ` +
      `${cellText(tte).padStart(widths.tte)}  ${addressText(address)}  ${addressText(action)}  <${cellText(symbol)}>`,
  })
}
