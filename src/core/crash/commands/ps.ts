// ps: the tasks there were. Source of names and layout: crash's `ps`.
import { activeTask } from '../active_task.ts'
import { psCode } from '../code/ps_code.ts'
import { formatAddress } from '../../base/hex.ts'
import { UsageError } from '../../base/errors.ts'
import { readCell, type Cell, type Column } from '../../base/table.ts'
import { taskName } from '../../kernel/kthread.ts'
import { mmTotalVm, taskMm, taskRss } from '../../kernel/mm.ts'
import { highMemoryPages } from '../../kernel/mmzone.ts'
import { forEachCpu } from '../../kernel/percpu.ts'
import { isKthread, taskCpu, taskStateName, type Task } from '../../kernel/sched.ts'
import { parentTask } from '../../kernel/task_parent.ts'
import type { Program } from '../../program/program.ts'
import { cellText } from '../cell_text.ts'
import { defineCommand, table, type Block, type CommandArgs, type TableBlock } from '../command.ts'
import { parseCpuList } from '../cpu_list.ts'
import {
  ancestorBlocks,
  argumentBlocks,
  childBlocks,
  limitBlocks,
  threadGroupBlocks,
  timeBlocks,
} from '../ps_sections.ts'
import { lastRunTable, type LastRunOptions } from '../ps_last_run.ts'
import { listTasks, selectTasks } from '../task_selection.ts'

const OPTIONS = {
  kernel: { type: 'boolean', short: 'k', help: 'kernel threads only' },
  user: { type: 'boolean', short: 'u', help: 'user tasks only' },
  leaders: { type: 'boolean', short: 'G', help: 'thread group leaders only' },
  policy: {
    type: 'string',
    short: 'y',
    value: 'policy',
    help: 'only tasks of these scheduling policies: fifo,idle or 1,5',
  },
  stack: { type: 'boolean', short: 's', help: 'the kernel stack pointer in place of the task' },
  parents: { type: 'boolean', short: 'p', help: 'each task below its ancestors' },
  children: { type: 'boolean', short: 'c', help: 'the children of each task' },
  times: { type: 'boolean', short: 't', help: 'run, start, user and system time of each task' },
  lastRun: { type: 'boolean', short: 'l', help: 'by the time they last ran, newest first' },
  sinceRun: { type: 'boolean', short: 'm', help: 'as -l, as the time since then' },
  cpus: { type: 'string', short: 'C', value: 'cpus', help: 'with -l or -m: by CPU, 0,2-4 or all' },
  arguments: { type: 'boolean', short: 'a', help: 'arguments and environment of user tasks' },
  groups: { type: 'boolean', short: 'g', help: 'tasks by thread group' },
  limits: { type: 'boolean', short: 'r', help: 'resource limits' },
  summary: { type: 'boolean', short: 'S', help: 'how many tasks are in each state' },
  active: { type: 'boolean', short: 'A', help: 'only what the CPUs were running' },
  noHeader: { type: 'boolean', short: 'H', help: 'no header line' },
  priority: { type: 'boolean', short: 'Y', help: 'scheduling policy and priority as well' },
} as const

type Args = CommandArgs<typeof OPTIONS>

export const ps = defineCommand({
  name: 'ps',
  aliases: { last: ['-l'] },
  summary: 'display process status information',
  operands: '[pid | task | command] ...',
  description:
    'Lists every thread there was, by PID; > marks what a CPU was running. States: RU running, IN interruptible, ' +
    'UN uninterruptible, ID idle, ZO zombie, ST stopped, TR traced, DE dead, PA parked, NE new, WA waking. ' +
    'VSZ and RSS are KiB. A name that is no command and has the characters of a pattern is a regular expression.',
  examples: [
    { text: 'what the CPUs were doing', command: 'ps -A' },
    { text: 'tasks that could not be interrupted', command: 'ps | grep UN' },
    { text: 'who ran last on CPU 0', command: 'ps -m -C 0' },
  ],
  options: OPTIONS,
  needs: ['symbols', 'types'],
  perTask: 'together',
  code: psCode,
  *run(session, args) {
    checkArguments(args)
    const { program } = session
    const list = listTasks(program)
    const { tasks, missing } = selectTasks(list.tasks, args.operands)
    for (const operand of missing) {
      yield { kind: 'problem', command: 'ps', message: `invalid task or pid value: ${operand}` }
    }
    yield* views(program, list.tasks, tasks.filter(taskFilter(program, args)), args)
    if (list.problem !== '') yield { kind: 'problem', command: 'ps', message: list.problem }
  },
})

/** Views that crash shows one of at a time. */
const VIEWS = [
  'arguments',
  'times',
  'children',
  'parents',
  'groups',
  'lastRun',
  'sinceRun',
  'summary',
  'limits',
  'active',
] as const

function checkArguments({ values, operands }: Args): void {
  if (values.cpus !== undefined && !values.lastRun && !values.sinceRun) {
    throw new UsageError('-C option is only applicable with -l and -m')
  }
  // -A only narrows the choice here, as -k and -u do; crash counts it among the views.
  if (VIEWS.filter((view) => values[view]).length > 1) {
    throw new UsageError(
      '-a, -t, -c, -p, -g, -l, -m, -S, -r and -A flags are all mutually-exclusive',
    )
  }
  if (values.summary && operands.length > 0) throw new UsageError('-S option takes no arguments')
}

/** One view. */
function* views(
  program: Program,
  all: readonly Task[],
  tasks: readonly Task[],
  args: Args,
): Generator<Block> {
  const { values, operands } = args
  if (values.summary) yield summaryTable(tasks)
  else if (values.parents) yield* ancestorBlocks(tasks)
  else if (values.children) yield* childBlocks(all, tasks)
  else if (values.groups) yield* threadGroupBlocks(all, tasks)
  else if (values.times) yield* timeBlocks(program, tasks)
  else if (values.arguments) yield* argumentBlocks(tasks, operands.length > 0)
  else if (values.limits) yield* limitBlocks(tasks)
  else if (values.lastRun || values.sinceRun) yield* lastRunBlocks(program, tasks, args)
  else yield statusTable(program, tasks, args)
}

function* lastRunBlocks(
  program: Program,
  tasks: readonly Task[],
  { values }: Args,
): Generator<Block> {
  const options: LastRunOptions = { elapsed: values.sinceRun }
  if (values.cpus === undefined) {
    yield lastRunTable(program, tasks, options)
    return
  }
  for (const cpu of parseCpuList(values.cpus, forEachCpu(program, 'possible'))) {
    yield {
      kind: 'section',
      heading: {
        kind: 'record',
        layout: 'line',
        fields: [{ title: 'CPU', kind: 'decimal', value: cpu }],
      },
      blocks: [
        lastRunTable(
          program,
          tasks.filter((task) => taskCpu(task) === cpu),
          options,
        ),
      ],
    }
  }
}

/** include/uapi/linux/sched.h SCHED_NORMAL … SCHED_EXT, by number. */
const POLICIES = ['NORMAL', 'FIFO', 'RR', 'BATCH', 'ISO', 'IDLE', 'DEADLINE', 'EXT']

function taskFilter(program: Program, { values }: Args): (task: Task) => boolean {
  const policies = values.policy === undefined ? undefined : parsePolicies(values.policy)
  const active = values.active ? activeTasks(program) : undefined
  return (task) =>
    (!values.kernel || isKthread(task)) &&
    (!values.user || !isKthread(task)) &&
    (!values.leaders || task.number('pid') === task.number('tgid')) &&
    (policies?.has(task.number('policy')) ?? true) &&
    (active?.has(task.address) ?? true)
}

function parsePolicies(text: string): Set<number> {
  return new Set(
    text.split(',').map((word) => {
      const policy = /^\d+$/.test(word) ? Number(word) : POLICIES.indexOf(word.toUpperCase())
      if (policy < 0 || policy >= POLICIES.length)
        throw new UsageError(`${word}: invalid scheduling policy`)
      return policy
    }),
  )
}

/** Addresses of the tasks that CPUs were running. */
function activeTasks(program: Program): Set<bigint> {
  return new Set(forEachCpu(program, 'online').map((cpu) => activeTask(program, cpu).address))
}

function summaryTable(tasks: readonly Task[]): TableBlock {
  const counts = new Map<string, number>()
  for (const task of tasks) {
    const state = taskStateName(task)
    counts.set(state, (counts.get(state) ?? 0) + 1)
  }
  const columns: readonly Column[] = [
    { title: 'ST', key: 'state', kind: 'text' },
    { title: 'COUNT', kind: 'decimal' },
  ]
  return table(columns, counts.entries(), {
    heading: '',
    line: ([state, count]) => `  ${cellText(state)}: ${cellText(count)}`,
  })
}

function statusTable(program: Program, tasks: readonly Task[], { values }: Args): TableBlock {
  const pages = highMemoryPages(program)
  const active = activeTasks(program)
  const pageKib = program.info.pageSize / 1024
  function* rows(): Generator<Cell[]> {
    for (const task of tasks) {
      const isActive = active.has(task.address)
      const where = values.stack
        ? readCell(() => (isActive ? null : task.pointer('thread.sp')))
        : task.address
      const rss = readCell(() => taskRss(task) * pageKib)
      const mm = (): number => {
        const found = taskMm(task)
        return found ? mmTotalVm(found) * pageKib : 0
      }
      yield [
        isActive,
        task.number('pid'),
        readCell(() => parentTask(task).number('tgid')),
        taskCpu(task),
        where,
        taskStateName(task),
        typeof rss === 'number' && pages > 0
          ? Math.round((rss / pageKib / pages) * 1000) / 10
          : null,
        readCell(mm),
        rss,
        task.string('comm'),
        readCell(() => taskName(task)),
        isKthread(task),
        POLICIES[task.number('policy')] ?? String(task.number('policy')),
        task.number('prio'),
      ]
    }
  }
  const where = values.stack ? '     KSTACKP    ' : '      TASK      '
  const title = `      PID    PPID  CPU ${where}  ST  %MEM      VSZ      RSS  ${values.priority ? 'POLICY   PRIO  ' : ''}COMM`
  return table(statusColumns(values.stack), rows(), {
    heading: values.noHeader ? '' : title,
    line: (row) => statusLine(row, values.priority),
  })
}

function statusColumns(stack: boolean): readonly Column[] {
  return [
    { title: 'ACTIVE', kind: 'text' },
    { title: 'PID', kind: 'decimal' },
    { title: 'PPID', kind: 'decimal' },
    { title: 'CPU', kind: 'decimal' },
    { title: stack ? 'KSTACKP' : 'TASK', kind: 'address' },
    { title: 'ST', key: 'state', kind: 'text' },
    { title: '%MEM', key: 'mem_percent', kind: 'decimal' },
    { title: 'VSZ', key: 'vsz_kib', kind: 'decimal' },
    { title: 'RSS', key: 'rss_kib', kind: 'decimal' },
    { title: 'COMM', kind: 'text' },
    { title: 'NAME', kind: 'text' },
    { title: 'KTHREAD', kind: 'text' },
    { title: 'POLICY', kind: 'text' },
    { title: 'PRIO', kind: 'decimal' },
  ]
}

function statusLine(row: readonly Cell[], priority: boolean): string {
  const [active, pid, ppid, cpu, where, state, percent, vsz, rss, comm, , kthread, policy, prio] =
    row
  const address =
    typeof where === 'bigint'
      ? formatAddress(where)
      : where === null
        ? '       --       '
        : cellText(where)
  const memory = typeof percent === 'number' ? percent.toFixed(1) : '-'
  const sched = priority ? `${cellText(policy).padEnd(8)} ${cellText(prio).padStart(4)}  ` : ''
  // What could not be read may be wider than its column: it keeps one blank before it.
  const right = (cell: Cell | undefined, width: number): string =>
    ` ${cellText(cell).padStart(width - 1)}`
  return (
    `${active === true ? '>' : ' '}${right(pid, 8)}${right(ppid, 8)}${right(cpu, 4)}  ` +
    `${address.padEnd(16)}  ${cellText(state)} ${memory.padStart(5)}${right(vsz, 9)}${right(rss, 9)}  ` +
    `${sched}${kthread === true ? `[${cellText(comm)}]` : cellText(comm)}`
  )
}
