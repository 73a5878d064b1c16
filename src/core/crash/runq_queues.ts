// The queues of one CPU as rows of a table: what waits, and in which order. Layout: crash's `runq` and `runq -g`.
import type { Cell, Column } from '../base/table.ts'
import {
  checkDepth,
  cpuRq,
  fairCurrent,
  forEachChildGroup,
  forEachDeadlineTask,
  forEachFairEntity,
  forEachRtEntity,
  groupCfsRq,
  isThrottled,
  taskGroupName,
} from '../kernel/runqueue.ts'
import { currentTask, type Task } from '../kernel/sched.ts'
import type { KObject } from '../program/kobject.ts'
import type { Program } from '../program/program.ts'
import { addressText, cellText } from './cell_text.ts'
import { table, type TableBlock } from './command.ts'
import { taskCells } from './task_line.ts'

const COLUMNS: readonly Column[] = [
  { title: 'CPU', kind: 'decimal' },
  // What the row is: cpu, current, queue, task, group, or empty for a queue without tasks.
  { title: 'ROW', kind: 'text' },
  // current, deadline, rt or fair.
  { title: 'CLASS', kind: 'text' },
  { title: 'DEPTH', kind: 'decimal' },
  { title: 'PRIO', kind: 'decimal' },
  { title: 'ADDRESS', kind: 'address' },
  { title: 'GROUP', kind: 'address' },
  { title: 'NAME', kind: 'text' },
  { title: 'THROTTLED', kind: 'text' },
  { title: 'PID', kind: 'decimal' },
  { title: 'TASK', kind: 'address' },
  { title: 'COMMAND', kind: 'text' },
]

type RowKind = 'cpu' | 'current' | 'queue' | 'task' | 'group' | 'empty'
type QueueClass = 'current' | 'deadline' | 'rt' | 'fair'

/** One line of the listing, and the text crash gives it. */
interface QueueRow {
  readonly row: RowKind
  readonly class: QueueClass
  readonly text: string
  readonly depth?: number
  readonly priority?: number
  readonly address?: bigint
  readonly group?: bigint
  readonly name?: string
  readonly throttled?: boolean
  readonly task?: Task
}

/** `PID: 245    TASK: ffff8e36d50ac200  COMMAND: "sh"`, narrower than elsewhere in crash. */
export function runqTask([pid, task, , command]: readonly Cell[]): string {
  return `PID: ${cellText(pid).padEnd(5)}  TASK: ${addressText(task)}  COMMAND: "${cellText(command)}"`
}

/** The queues of a CPU, groups opened. */
export function queueTable(program: Program, cpu: number): TableBlock {
  return rowsTable(cpu, queueRows(program, cpu))
}

/** The queues of a CPU by task group. */
export function groupTable(program: Program, cpu: number): TableBlock {
  return rowsTable(cpu, groupRows(program, cpu))
}

function rowsTable(cpu: number, rows: Iterable<QueueRow>): TableBlock {
  // The text goes along as a last cell that no column names.
  function* cells(): Generator<Cell[]> {
    for (const row of rows) {
      const [pid, task, , command] = row.task ? taskCells(row.task) : [null, null, null, null]
      yield [
        ...[cpu, row.row, row.class, row.depth ?? 0, row.priority ?? null, row.address ?? null],
        ...[row.group ?? null, row.name ?? null, row.throttled ?? null],
        ...[pid ?? null, task ?? null, command ?? null, row.text],
      ]
    }
  }
  return table(COLUMNS, cells(), { heading: '', line: (row) => cellText(row.at(-1)) })
}

const indented = (columns: number, text: string): string => ' '.repeat(columns) + text
const priorityText = (priority: number): string => `[${String(priority).padStart(3)}] `
const taskText = (task: Task): string => runqTask(taskCells(task))

function* queueRows(program: Program, cpu: number): Generator<QueueRow> {
  const rq = cpuRq(program, cpu)
  yield {
    row: 'cpu',
    class: 'current',
    address: rq.address,
    text: `CPU ${cpu} RUNQUEUE: ${addressText(rq.address)}`,
  }
  yield currentRow(program, cpu)
  yield* deadlineRows(rq)
  const rt = rq.get('rt')
  const array = rt.get('active').address
  yield {
    row: 'queue',
    class: 'rt',
    address: array,
    text: `  RT PRIO_ARRAY: ${addressText(array)}`,
  }
  yield* rtRows(rt, 0)
  const timeline = rq.get('cfs.tasks_timeline').address
  yield {
    row: 'queue',
    class: 'fair',
    address: timeline,
    text: `  CFS RB_ROOT: ${addressText(timeline)}`,
  }
  let count = 0
  for (const row of fairRows(rq.get('cfs'), 0)) {
    count++
    yield row
  }
  if (count === 0) yield emptyRow('fair', 0, 5)
}

function currentRow(program: Program, cpu: number): QueueRow {
  const task = currentTask(program, cpu)
  return { row: 'current', class: 'current', task, text: `  CURRENT: ${taskText(task)}` }
}

function emptyRow(queue: QueueClass, depth: number, columns: number): QueueRow {
  return { row: 'empty', class: queue, depth, text: indented(columns, '[no tasks queued]') }
}

/** crash passes over them; shown only where there are any, so that what scripts know stays as it is. */
function* deadlineRows(rq: KObject): Generator<QueueRow> {
  const dl = rq.find('dl')
  if (!dl) return
  let count = 0
  for (const task of forEachDeadlineTask(dl)) {
    const address = dl.get('root').address
    if (count++ === 0)
      yield {
        row: 'queue',
        class: 'deadline',
        address,
        text: `  DL RB_ROOT: ${addressText(address)}`,
      }
    yield taskRow('deadline', task, 0, task.number('prio'), 5)
  }
}

function taskRow(
  queue: QueueClass,
  task: Task,
  depth: number,
  priority: number,
  columns: number,
  note = '',
): QueueRow {
  const text = indented(columns, priorityText(priority) + taskText(task) + note)
  return { row: 'task', class: queue, depth, priority, task, text }
}

function* rtRows(rtRq: KObject, depth: number): Generator<QueueRow> {
  checkDepth(rtRq, depth)
  let count = 0
  for (const entity of forEachRtEntity(rtRq)) {
    count++
    const columns = 5 + 6 * depth
    if (entity.kind === 'task') {
      yield taskRow('rt', entity.task, depth, entity.priority, columns)
      continue
    }
    const address = entity.queue.get('active').address
    yield {
      row: 'group',
      class: 'rt',
      depth,
      priority: entity.priority,
      address,
      text: indented(
        columns,
        `${priorityText(entity.priority)}GROUP RT PRIO_ARRAY: ${addressText(address)}`,
      ),
    }
    yield* rtRows(entity.queue, depth + 1)
  }
  if (count === 0) yield emptyRow('rt', depth, 5 + 9 * depth)
}

/** Tasks of a queue and of the groups in it, all at one indentation: the running one's group first. */
function* fairRows(cfsRq: KObject, depth: number): Generator<QueueRow> {
  checkDepth(cfsRq, depth)
  const current = fairCurrent(cfsRq)
  if (current?.kind === 'group') yield* fairRows(current.queue, depth + 1)
  for (const entity of forEachFairEntity(cfsRq)) {
    if (entity.kind === 'group') yield* fairRows(entity.queue, depth + 1)
    else yield taskRow('fair', entity.task, depth, entity.task.number('prio'), 5)
  }
}

function* groupRows(program: Program, cpu: number): Generator<QueueRow> {
  const rq = cpuRq(program, cpu)
  yield { row: 'cpu', class: 'current', address: rq.address, text: `CPU ${cpu}` }
  yield currentRow(program, cpu)
  yield* deadlineRows(rq)
  const root = program.object('root_task_group').cast<'task_group'>('struct task_group')
  const header = (queue: 'rt' | 'fair', queueName: string, address: bigint): QueueRow => ({
    row: 'queue',
    class: queue,
    address,
    group: root.address,
    text: `  ROOT_TASK_GROUP: ${addressText(root.address)}  ${queueName}: ${addressText(address)}`,
  })
  const rt = rq.get('rt')
  // crash shows real-time tasks where groups of them are configured only; hiding those that wait helps nobody.
  if (root.has('rt_rq') || !forEachRtEntity(rt).next().done) {
    yield header('rt', 'RT_RQ', rt.address)
    yield* rtGroupRows(rt, 0)
  }
  const cfs = rq.get('cfs')
  yield header('fair', 'CFS_RQ', cfs.address)
  const context: GroupContext = { cpu, running: currentTask(program, cpu).address }
  yield* fairGroupRows(cfs, root, 0, context)
}

function* rtGroupRows(rtRq: KObject, depth: number): Generator<QueueRow> {
  checkDepth(rtRq, depth)
  let count = 0
  for (const entity of forEachRtEntity(rtRq)) {
    count++
    const columns = 5 + 6 * depth
    if (entity.kind === 'task') yield taskRow('rt', entity.task, depth, entity.priority, columns)
    else {
      const throttled = (entity.queue.find('rt_throttled')?.number() ?? 0) !== 0
      const { address } = entity.queue
      const title = `RT_RQ: ${addressText(address)}`
      yield groupRow('rt', entity.queue, depth, throttled, columns, {
        title,
        priority: entity.priority,
      })
      yield* rtGroupRows(entity.queue, depth + 1)
    }
  }
  if (count === 0) yield emptyRow('rt', depth, 5 + 6 * depth)
}

function groupRow(
  queue: 'rt' | 'fair',
  rq: KObject,
  depth: number,
  throttled: boolean,
  columns: number,
  { title, priority }: { readonly title: string; readonly priority?: number },
): QueueRow {
  const group = rq.get('tg').deref()
  const name = taskGroupName(group)
  const head = `${priority === undefined ? '' : priorityText(priority)}TASK_GROUP: ${addressText(group.address)}`
  const text = `${head}  ${title}${name === '' ? '' : ` <${name}>`}${throttled ? ' (THROTTLED)' : ''}`
  return {
    ...{ row: 'group', class: queue, depth, address: rq.address, group: group.address, name },
    ...{ throttled, text: indented(columns, text) },
    ...(priority === undefined ? {} : { priority }),
  }
}

interface GroupContext {
  readonly cpu: number
  /** Address of the task the CPU runs. */
  readonly running: bigint
}

/** A group's queue: what runs, what waits, and the groups below that a quota has taken out of the tree. */
function* fairGroupRows(
  cfsRq: KObject,
  group: KObject<'task_group'>,
  depth: number,
  context: GroupContext,
): Generator<QueueRow> {
  checkDepth(cfsRq, depth)
  const columns = 5 + 3 * depth
  const shown = new Set<bigint>()
  let count = 0
  const current = fairCurrent(cfsRq)
  if (current?.kind === 'group') {
    count++
    shown.add(current.queue.address)
    yield* openGroup(current.queue, depth + 1, context)
  } else if (current?.task.address === context.running) {
    count++
    const { task } = current
    yield taskRow('fair', task, depth, task.number('prio'), columns, ' [CURRENT]')
  }
  for (const entity of forEachFairEntity(cfsRq)) {
    count++
    if (entity.kind === 'task')
      yield taskRow('fair', entity.task, depth, entity.task.number('prio'), columns)
    else {
      shown.add(entity.queue.address)
      yield* openGroup(entity.queue, depth + 1, context)
    }
  }
  for (const child of forEachChildGroup(group)) {
    const queue = groupCfsRq(child, context.cpu)
    if (!queue || shown.has(queue.address) || !isThrottled(queue)) continue
    count++
    yield* openGroup(queue, depth + 1, context)
  }
  if (count === 0) yield emptyRow('fair', depth, columns)
}

function* openGroup(queue: KObject, depth: number, context: GroupContext): Generator<QueueRow> {
  // crash leaves a blank here, and one before the name.
  const title = `CFS_RQ: ${addressText(queue.address)} `
  yield groupRow('fair', queue, depth, isThrottled(queue), 2 + 3 * depth, { title })
  const group = queue.get('tg').deref().cast<'task_group'>('struct task_group')
  yield* fairGroupRows(queue, group, depth, context)
}
