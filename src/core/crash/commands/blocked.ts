// blocked: who waits for what, and who keeps them waiting. A command of our own: crash has `foreach UN bt` and leaves the
// rest to the reader.
import { UsageError } from '../../base/errors.ts'
import { buildWaitGraph, waitChain, type WaitGraph } from '../../kernel/wait_graph.ts'
import { defineCommand, lines, type Block } from '../command.ts'
import { codeOfTasks } from '../code/blocked_code.ts'
import { chooseTasks } from '../task_operand.ts'
import { groupHeading, waitTable } from '../wait_table.ts'

/** Waits shown of a group. */
const SHOWN_MAX = 10

export const blocked = defineCommand({
  name: 'blocked',
  summary: 'who waits for whom',
  operands: '[pid | taskp] ...',
  description:
    'Tasks that sleep uninterruptibly, and others that wait for a lock, grouped by what is at the end of their waiting: ' +
    'a cycle of tasks that wait for each other, the holder of a lock, a disk, or what nobody is known to hold. For each ' +
    'it says how long it has slept, in which function, for what, and who holds that. For a task that is named it shows ' +
    'the chain from that task to the end. Where a holder is only guessed, it says so.',
  examples: [
    { text: 'what the hung tasks of a machine have in common', command: 'blocked' },
    { text: 'every wait, the longest first', command: 'blocked -l' },
    { text: 'what keeps a task waiting', command: 'blocked 812' },
    { text: 'waits of two minutes and more', command: 'blocked -l -t 120' },
  ],
  options: {
    list: { type: 'boolean', short: 'l', help: 'every wait, the longest first' },
    seconds: {
      type: 'string',
      short: 't',
      value: 'seconds',
      help: 'only waits that last at least that long',
    },
  },
  needs: ['symbols', 'types'],
  code: ({ operands }) => codeOfTasks(operands),
  *run(session, { values, operands }) {
    const least = parseSeconds(values.seconds)
    const tasks = operands.length === 0 ? [] : chooseTasks(session, operands)
    const graph = buildWaitGraph(session.program)
    if (graph.problems.length > 0) yield lines(...graph.problems)
    for (const task of tasks) yield* chainBlocks(graph, task)
    if (tasks.length > 0) return
    const isLong = ({ seconds }: { readonly seconds: number | null }): boolean =>
      least === 0 || (seconds !== null && seconds >= least)
    if (values.list) yield waitTable(graph.waits.filter(isLong))
    else yield* groupBlocks(graph, isLong)
  },
})

function parseSeconds(text: string | undefined): number {
  if (text === undefined) return 0
  if (!/^\d+(\.\d+)?$/.test(text)) throw new UsageError(`invalid number of seconds: ${text}`)
  return Number(text)
}

function* chainBlocks(graph: WaitGraph, task: Parameters<typeof waitChain>[1]): Generator<Block> {
  const chain = waitChain(graph, task)
  const last = chain.at(-1)
  const group = graph.groups.find(({ waits }) => last !== undefined && waits.includes(last))
  if (!group) yield lines(`PID ${task.number('pid')} "${task.string('comm')}" does not wait`)
  else yield { kind: 'section', heading: groupHeading(group), blocks: [waitTable(chain)] }
}

function* groupBlocks(
  { groups }: WaitGraph,
  isShown: (wait: WaitGraph['waits'][number]) => boolean,
): Generator<Block> {
  for (const group of groups) {
    const waits = group.waits.filter(isShown)
    if (waits.length === 0) continue
    const blocks: Block[] = [waitTable(waits.slice(0, Math.max(SHOWN_MAX, group.cycle.length)))]
    const rest = waits.length - Math.max(SHOWN_MAX, group.cycle.length)
    if (rest > 0) blocks.push(lines(`  … and ${rest} more (blocked -l)`))
    yield { kind: 'section', heading: groupHeading(group), blocks }
  }
}
