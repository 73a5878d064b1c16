// Waits of tasks as rows, and what a group of them has in common as a heading.
import type { Cell, Column } from '../base/table.ts'
import { readCell } from '../base/table.ts'
import type { Wait, Waited, WaitGroup } from '../kernel/wait_graph.ts'
import { addressText, cellText } from './cell_text.ts'
import { record, table, type RecordBlock, type TableBlock } from './command.ts'
import { TASK_COLUMNS, taskCells, taskLine } from './task_line.ts'

const COLUMNS: readonly Column[] = [
  ...TASK_COLUMNS,
  { title: 'SECONDS', kind: 'decimal' },
  { title: 'FUNCTION', kind: 'text' },
  { title: 'KIND', key: 'waits_for', kind: 'text' },
  { title: 'ADDRESS', kind: 'address' },
  { title: 'NAME', kind: 'text' },
  { title: 'HELD_BY', kind: 'text' },
  { title: 'NOTE', kind: 'text' },
  { title: 'QUALITY', kind: 'text' },
]

/** Waits, a task each: text has a second line for what it waits for. */
export function waitTable(waits: readonly Wait[]): TableBlock {
  return table(COLUMNS, waits.map(waitCells), { heading: '', line: waitLines })
}

function waitCells({ task, on, function: name, seconds, quality }: Wait): Cell[] {
  const owners = on.owners.map((owner) => cellText(readCell(() => owner.number('pid'))))
  return [
    ...taskCells(task),
    seconds === null ? null : Math.round(seconds),
    name,
    on.kind,
    on.address === 0n ? null : on.address,
    on.name,
    owners.join(' '),
    on.ownerNote,
    worst(quality, on),
  ]
}

/** A wait is known as well as the worse known of what is waited for and of who holds that. */
function worst(quality: Wait['quality'], { ownerQuality }: Waited): Wait['quality'] {
  const order = ['exact', 'validated', 'guess'] as const
  return order[Math.max(order.indexOf(quality), order.indexOf(ownerQuality))] ?? 'guess'
}

function waitLines(cells: readonly Cell[]): string {
  const [seconds, name, kind, address, what, owners, note, quality] = cells.slice(4)
  const place = address === null ? '' : ` ${addressText(address)}`
  const held = owners === '' ? '' : `, held by PID ${cellText(owners)}`
  const guess = quality === 'guess' ? ' (a guess)' : ''
  const more = note === '' ? '' : `, ${cellText(note)}`
  const since = seconds === null ? '' : ` for ${cellText(seconds)} s`
  return (
    `${taskLine(cells)}\n` +
    `  in ${cellText(name)}()${since}: ${cellText(kind)}${place} ${cellText(what)}${held}${more}${guess}`
  )
}

/** What a group of waits is about: how many, and their cycle or their root. */
export function groupHeading({ waits, root, cycle }: WaitGroup): RecordBlock {
  const tasks = { title: 'TASKS', kind: 'decimal', value: waits.length, width: 5 } as const
  if (!root) {
    const pids = cycle.map(({ task }) => cellText(readCell(() => task.number('pid'))))
    return record('line', [
      tasks,
      { title: 'DEADLOCK', kind: 'text', value: [...pids, pids[0] ?? ''].join(' waits for ') },
    ])
  }
  const { on, owner, state } = root
  const holder = owner
    ? [
        {
          title: 'HELD_BY',
          kind: 'decimal',
          value: readCell(() => owner.number('pid')),
        } as const,
      ]
    : []
  return record('line', [
    tasks,
    { title: 'ROOT', kind: 'text', value: `${on.kind} ${on.name}` },
    ...holder,
    { title: 'STATE', kind: 'text', value: state },
  ])
}
