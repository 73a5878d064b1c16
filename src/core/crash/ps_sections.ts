// ps -p, -c, -g, -t, -a, -r: what belongs to one task, under its heading.
import { KdumpError } from '../base/errors.ts'
import type { Cell, Column } from '../base/table.ts'
import { mmArguments, mmEnvironment, taskMm } from '../kernel/mm.ts'
import { forEachRlimit, RLIM_INFINITY } from '../kernel/resource.ts'
import type { Task } from '../kernel/sched.ts'
import { parentTask } from '../kernel/task_parent.ts'
import { coarseBoottimeNsec } from '../kernel/timekeeping.ts'
import type { Program } from '../program/program.ts'
import { cellText } from './cell_text.ts'
import { centreTitle } from './centre_text.ts'
import {
  lines,
  record,
  table,
  type Block,
  type RecordBlock,
  type RecordField,
  type SectionBlock,
  type TableBlock,
} from './command.ts'
import { formatUptime } from './duration_text.ts'
import { TASK_COLUMNS, taskCells, taskLine } from './task_line.ts'
import { taskHeading } from './task_operand.ts'

/** Ancestors of a task; more is a cycle in damaged data. */
const ANCESTOR_LIMIT = 10_000

/** Each task as the last of its line of ancestors, one a line, each a column further right. */
export function* ancestorBlocks(tasks: readonly Task[]): Generator<Block> {
  for (const task of tasks) {
    yield section(undefined, [taskTable(ancestry(task), (depth) => ' '.repeat(depth))])
  }
}

function ancestry(task: Task): Task[] {
  const line: Task[] = []
  const seen = new Set<bigint>()
  for (
    let at: Task = task;
    !seen.has(at.address) && line.length < ANCESTOR_LIMIT;
    at = parentTask(at)
  ) {
    seen.add(at.address)
    line.unshift(at)
  }
  return line
}

/** The children of each task; a child's parent is the thread that made it. */
export function* childBlocks(all: readonly Task[], tasks: readonly Task[]): Generator<Block> {
  const children = groupBy(all, (task) => parentTask(task).address)
  for (const task of tasks) {
    const own = (children.get(task.address) ?? []).filter((child) => child.address !== task.address)
    yield section(
      task,
      own.length === 0 ? [lines('  (no children)')] : [taskTable(own, () => '  ')],
    )
  }
}

/** The threads of each thread group that one of the tasks is in. */
export function* threadGroupBlocks(all: readonly Task[], tasks: readonly Task[]): Generator<Block> {
  const groups = groupBy(all, (task) => BigInt(task.number('tgid')))
  for (const tgid of new Set(tasks.map((task) => task.number('tgid')))) {
    const members = groups.get(BigInt(tgid)) ?? []
    const leader = members.find((task) => task.number('pid') === tgid) ?? members[0]
    if (!leader) continue
    const threads = members.filter((task) => task.address !== leader.address)
    yield section(
      leader,
      threads.length === 0 ? [lines('  (no threads)')] : [taskTable(threads, () => '  ')],
    )
  }
}

/** Times of each task, in nanoseconds but for the first. */
export function* timeBlocks(program: Program, tasks: readonly Task[]): Generator<Block> {
  const now = coarseBoottimeNsec(program)
  for (const task of tasks) {
    // Since v5.5, commit cf25e24db61c ("time: Rename tsk->real_start_time to ->start_boottime"); the clock that
    // counts time suspended, as `now` does.
    const started = task.bigint('start_boottime', 'real_start_time')
    const running = Number((now - started) / 1_000_000_000n)
    yield section(task, [
      timeRecord([
        {
          title: 'RUN TIME',
          key: 'run_seconds',
          kind: 'decimal',
          value: running,
          text: formatUptime(running),
        },
        {
          title: 'START TIME',
          key: 'start_nsec',
          kind: 'decimal',
          value: task.bigint('start_time'),
        },
        { title: 'UTIME', key: 'utime_nsec', kind: 'decimal', value: task.bigint('utime') },
        { title: 'STIME', key: 'stime_nsec', kind: 'decimal', value: task.bigint('stime') },
      ]),
    ])
  }
}

/** Labels stand as far right as crash has them. */
function timeRecord(fields: readonly RecordField[]): RecordBlock {
  return { ...record('column', fields), labelWidth: 12 }
}

/**
 * Arguments and environment of user tasks, as they lie in the tasks' own memory now.
 *
 * @param named the tasks were asked for one by one: say why a kernel thread has none
 */
export function* argumentBlocks(tasks: readonly Task[], named: boolean): Generator<Block> {
  for (const task of tasks) {
    const mm = taskMm(task)
    if (mm)
      yield section(task, [
        ...argumentLines(
          () => mmArguments(mm),
          () => mmEnvironment(mm),
        ),
      ])
    else if (named)
      yield section(task, [{ kind: 'problem', command: 'ps', message: 'no user stack' }])
  }
}

function* argumentLines(args: () => string[], environment: () => string[]): Generator<Block> {
  try {
    yield lines(`ARG: ${args().join(' ')}`)
    const [first = '', ...others] = environment()
    yield lines(`ENV: ${first}`, ...others.map((text) => `     ${text}`))
  } catch (error) {
    if (!(error instanceof KdumpError)) throw error
    yield { kind: 'problem', command: 'ps', message: `cannot access user stack: ${error.message}` }
  }
}

const LIMIT_COLUMNS: readonly Column[] = [
  { title: 'RLIMIT', kind: 'text' },
  { title: 'CURRENT', kind: 'decimal' },
  { title: 'MAXIMUM', kind: 'decimal' },
]
/** `(unlimited)`. */
const LIMIT_WIDTH = 11

/** Resource limits of each task's process; null is unlimited. */
export function* limitBlocks(tasks: readonly Task[]): Generator<Block> {
  const cell = (limit: bigint): Cell => (limit === RLIM_INFINITY ? null : limit)
  const shown = (limit: Cell | undefined): string =>
    centreTitle(limit === null ? '(unlimited)' : cellText(limit), LIMIT_WIDTH)
  for (const task of tasks) {
    const rows = Array.from(forEachRlimit(task), ({ name, current, maximum }) => [
      name,
      cell(current),
      cell(maximum),
    ])
    yield section(task, [
      table(LIMIT_COLUMNS, rows, {
        heading: `      RLIMIT   ${centreTitle('CURRENT', LIMIT_WIDTH)}   ${centreTitle('MAXIMUM', LIMIT_WIDTH)}`,
        line: ([name, current, maximum]) =>
          `${cellText(name).padStart(12)}   ${shown(current)}   ${shown(maximum)}`,
      }),
    ])
  }
}

function section(task: Task | undefined, blocks: readonly Block[]): SectionBlock {
  return { kind: 'section', heading: task && taskHeading(task), blocks }
}

function taskTable(tasks: readonly Task[], indent: (index: number) => string): TableBlock {
  const columns: readonly Column[] = [{ title: 'DEPTH', kind: 'decimal' }, ...TASK_COLUMNS]
  const rows = tasks.map((task, index): Cell[] => [index, ...taskCells(task)])
  return table(columns, rows, {
    heading: '',
    line: ([index, ...task]) => indent(Number(index)) + taskLine(task),
  })
}

function groupBy(tasks: readonly Task[], key: (task: Task) => bigint): Map<bigint, Task[]> {
  const groups = new Map<bigint, Task[]>()
  for (const task of tasks) {
    const at = key(task)
    const group = groups.get(at)
    if (group) group.push(task)
    else groups.set(at, [task])
  }
  return groups
}
