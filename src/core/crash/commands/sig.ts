// sig: what tasks do about signals, and which are pending. Source of names and layout: crash's `sig`.
import { FaultError } from '../../base/errors.ts'
import { readCell, type Cell, type Column } from '../../base/table.ts'
import { forEachThread, type Task } from '../../kernel/sched.ts'
import {
  forEachPendingSignal,
  forEachSigAction,
  hasUnblockedSignal,
  NSIG,
  queuedSignal,
  sigActionFlagNames,
  signalName,
  signalNames,
  signalsOf,
  sigset,
} from '../../kernel/signal.ts'
import type { KObject } from '../../program/kobject.ts'
import { addressText, cellText, hexText } from '../cell_text.ts'
import { taskCode } from '../code/task_loop.ts'
import { defineCommand, lines, record, table, type Block, type RecordField } from '../command.ts'
import { parseHexInput } from '../operand.ts'
import { chooseTasks, taskHeading } from '../task_operand.ts'

const OPTIONS = {
  list: { type: 'boolean', short: 'l', help: 'the numbers and names of all signals' },
  set: { type: 'string', short: 's', value: 'sigset', help: 'the names of the signals in a set' },
  group: { type: 'boolean', short: 'g', help: 'all threads of the process' },
} as const

export const sig = defineCommand({
  name: 'sig',
  summary: 'task signal handling',
  operands: '[pid | taskp] ...',
  description:
    'For each signal the address of its sigaction, the handler, the signals blocked meanwhile and the flags; then ' +
    'whether an unblocked signal is pending, which are blocked, and the queues of the thread and of its process.',
  examples: [
    { text: 'one process', command: 'sig 1' },
    { text: 'all its threads', command: 'sig -g 1' },
    { text: 'what a mask means', command: 'sig -s 800a000000000201' },
  ],
  options: OPTIONS,
  needs: ['symbols', 'types'],
  perTask: true,
  code: ({ values, operands }) => {
    if (values.list)
      return `for (let signal = 1; signal <= NSIG; signal++) console.log(signal, signalNames(signal))`
    if (values.set !== undefined)
      return `console.log(signalsOf(0x${values.set.replace(/^0x/i, '')}n).map(signalName).join(' '))`
    return [
      `const of = ${taskCode(operands[0])}`,
      'for (const action of of ? forEachSigAction(of) : []) console.log(signalName(action.signal), action.handler.toString(16))',
      "console.log('blocked', of && signalsOf(sigset(of.get('blocked'))).map(signalName))",
    ].join('\n')
  },
  *run(session, { values, operands }) {
    if (values.list) yield listBlock()
    else if (values.set !== undefined) yield lines(...setLines(parseHexInput(values.set)))
    else
      for (const task of chooseTasks(session, operands)) {
        if (session.aborted) return
        yield values.group ? groupBlock(task) : taskBlock(task)
      }
  },
})

function listBlock(): Block {
  const columns: readonly Column[] = [
    { title: 'SIG', kind: 'decimal' },
    { title: 'NAME', kind: 'text' },
  ]
  const rows = Array.from({ length: NSIG }, (_, i): Cell[] => [i + 1, signalNames(i + 1)])
  return table(columns, rows, {
    heading: '',
    line: ([signal, name]) => `${numberText(signal)} ${cellText(name)}`,
  })
}

const numberText = (signal: Cell | undefined): string => `[${cellText(signal)}]`.padStart(4)

const LINE_WIDTH = 80

/** Names one after the other, lines of at most 80 characters. */
function setLines(set: bigint): string[] {
  const names = signalsOf(set).map(signalName)
  const wrapped: string[] = ['']
  for (const name of names) {
    const last = wrapped.at(-1) as string
    if (last !== '' && last.length + 1 + name.length > LINE_WIDTH) wrapped.push(name)
    else wrapped[wrapped.length - 1] = last === '' ? name : `${last} ${name}`
  }
  return names.length === 0 ? ['(none)'] : wrapped
}

function taskBlock(task: Task): Block {
  return { kind: 'section', heading: taskHeading(task), blocks: taskBlocks(task) }
}

function* taskBlocks(task: Task): Generator<Block> {
  yield* handlerBlocks(task)
  yield* privateBlocks(task, '')
  yield* sharedBlocks(task)
}

/** The process once, then each thread, indented. */
function groupBlock(task: Task): Block {
  const leader = task.get('group_leader').deref()
  return { kind: 'section', heading: taskHeading(leader), blocks: groupBlocks(leader) }
}

function* groupBlocks(leader: Task): Generator<Block> {
  yield* handlerBlocks(leader)
  yield* sharedBlocks(leader)
  if (leader.get('signal').isNull()) return
  for (const thread of forEachThread(leader)) {
    const heading = taskHeading(thread)
    const [first, ...rest] = heading.fields
    const fields = first ? [{ ...first, title: `  ${first.title}`, key: 'pid' }, ...rest] : []
    yield {
      kind: 'section',
      heading: { ...heading, fields },
      blocks: privateBlocks(thread, '  '),
    }
  }
}

const ACTION_COLUMNS: readonly Column[] = [
  { title: 'SIG', kind: 'decimal' },
  { title: 'SIGACTION', kind: 'address' },
  { title: 'HANDLER', kind: 'address' },
  { title: 'MASK', kind: 'hex' },
  { title: 'FLAGS', kind: 'hex' },
  { title: 'FLAG_NAMES', kind: 'text' },
]

function* handlerBlocks(task: Task): Generator<Block> {
  const signal = task.get('signal')
  yield record('line', [
    { title: 'SIGNAL_STRUCT', kind: 'address', value: readCell(() => signal.pointer()) },
    ...(signal.isNull() ? [] : [threadCount(signal.deref())]),
  ])
  yield table(ACTION_COLUMNS, actionRows(task), {
    heading: ' SIG    SIGACTION        HANDLER       MASK       FLAGS           ',
    line: ([number, address, handler, mask, flags, names]) =>
      `${numberText(number)} ${addressText(address)} ${handlerText(handler)} ${addressText(mask)} ` +
      `${hexText(flags)} ${names === '' ? '' : `(${cellText(names)})`}`,
  })
}

function threadCount(signal: KObject): RecordField {
  return {
    title: 'NR_THREADS',
    kind: 'decimal',
    value: readCell(() => signal.number('nr_threads')),
  }
}

function* actionRows(task: Task): Generator<Cell[]> {
  for (const { signal, address, handler, mask, flags } of forEachSigAction(task))
    yield [signal, address, handler, mask, flags, sigActionFlagNames(flags).join('|')]
}

function handlerText(cell: Cell | undefined): string {
  const text = cell === 0n ? 'SIG_DFL' : cell === 1n ? 'SIG_IGN' : hexText(cell)
  return text.padStart(10)
}

function* privateBlocks(task: Task, indent: string): Generator<Block> {
  const isPending = readCell(() => hasUnblockedSignal(task))
  const text = typeof isPending === 'boolean' ? (isPending ? 'yes' : 'no') : cellText(isPending)
  const blocked = readCell(() => sigset(task.get('blocked')))
  yield indented(indent, [
    { title: 'SIGPENDING', kind: 'text', value: isPending, text },
    { title: 'BLOCKED', kind: 'hex', value: blocked, text: addressText(blocked) },
  ])
  yield lines(`${indent}PRIVATE_PENDING`)
  yield* queueBlocks(task.get('pending'), indent)
}

function* sharedBlocks(task: Task): Generator<Block> {
  const signal = task.get('signal')
  if (signal.isNull()) return
  yield lines('SHARED_PENDING')
  yield* queueBlocks(signal.get('shared_pending'), '')
}

const QUEUE_COLUMNS: readonly Column[] = [
  { title: 'SIG', kind: 'decimal' },
  { title: 'SIGINFO', kind: 'address' },
]

function* queueBlocks(pending: KObject, indent: string): Generator<Block> {
  const signals = readCell(() => sigset(pending.get('signal')))
  yield indented(indent, [
    { title: 'SIGNAL', kind: 'hex', value: signals, text: addressText(signals) },
  ])
  const rows = queueRows(pending)
  const first = rows.next()
  const label = `${indent}  SIGQUEUE:`
  if (first.done) {
    yield lines(`${label} (empty)`)
    return
  }
  yield table(QUEUE_COLUMNS, prepend(first.value, rows), {
    heading: `${label}  SIG      SIGINFO     `,
    line: ([signal, info]) => `              ${cellText(signal).padStart(2)}  ${addressText(info)}`,
  })
}

function* queueRows(pending: KObject): Generator<Cell[], void> {
  for (const queued of forEachPendingSignal(pending)) {
    try {
      yield [queuedSignal(queued), queued.get('info').address]
    } catch (error) {
      if (!(error instanceof FaultError)) throw error
      yield [null, queued.get('info').address]
    }
  }
}

function* prepend<T>(first: T, rest: Iterable<T>): Generator<T> {
  yield first
  yield* rest
}

/** Labels right-aligned as crash has them, in a thread's part further in. */
function indented(indent: string, fields: readonly RecordField[]): Block {
  return { ...record('column', fields), labelWidth: 10 + indent.length }
}
