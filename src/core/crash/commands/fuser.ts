// fuser: the tasks that use a file. Source of names and layout: crash's `fuser`.
import { UsageError } from '../../base/errors.ts'
import type { Cell, Column } from '../../base/table.ts'
import { FileUserSearch, type FileReference } from '../../kernel/file_users.ts'
import type { Program } from '../../program/program.ts'
import { addressText, cellText } from '../cell_text.ts'
import { defineCommand, lines, table, type Block } from '../command.ts'
import { parseHex } from '../operand.ts'
import type { Session } from '../session.ts'
import { listTasks } from '../task_selection.ts'

export const fuser = defineCommand({
  name: 'fuser',
  summary: 'file users',
  operands: '[pathname | inode] ...',
  operandsMin: 1,
  description:
    'The tasks whose root or working directory a file is, that have it open, or that map it. It is named by its full ' +
    'path, by the address of its inode, or as files shows it: pipe:[1521], socket:[900]. Locks that lockd holds for ' +
    'other machines are not looked at.',
  examples: [
    { text: 'who runs a program', command: 'fuser /bin/bash' },
    { text: 'who has a pipe open', command: 'fuser pipe:[1521]' },
  ],
  options: {},
  needs: ['symbols', 'types'],
  code: ({ operands }) =>
    [
      `const search = new FileUserSearch(${codeReference(operands[0] ?? '')})`,
      'for (const each of forEachTask(program)) {',
      '  const uses = search.usesOf(each)',
      "  if (uses.length > 0) console.log(each.number('pid'), each.string('comm'), uses.join(' '))",
      '}',
    ].join('\n'),
  *run(session, { operands }) {
    const references = operands.map((text) => parseReference(session.program, text))
    for (const [i, reference] of references.entries()) {
      if (i > 0) yield lines('')
      yield* userBlocks(session, reference, operands[i] as string)
    }
  },
})

function parseReference(program: Program, text: string): FileReference {
  if (text.startsWith('/') || /^\w+:\[/.test(text)) return { path: text }
  const inode = parseHex(text)
  if (inode === undefined || !program.arch.isKernelAddress(inode))
    throw new UsageError(`invalid argument: ${text}`)
  return { inode }
}

const codeReference = (text: string): string =>
  text.startsWith('/') || text.includes(':[')
    ? `{ path: ${JSON.stringify(text)} }`
    : `{ inode: 0x${text.replace(/^0x/i, '')}n }`

const COLUMNS: readonly Column[] = [
  { title: 'PID', kind: 'decimal' },
  { title: 'TASK', kind: 'address' },
  { title: 'COMM', kind: 'text' },
  { title: 'USAGE', kind: 'text' },
]
/** Characters of a name with its quotes; longer ones lose the second. */
const COMM_MAX = 15

function* userBlocks(session: Session, reference: FileReference, text: string): Generator<Block> {
  const { tasks, problem } = listTasks(session.program)
  const search = new FileUserSearch(reference)
  const rows: Cell[][] = []
  for (const task of tasks) {
    if (session.aborted) break
    const uses = search.usesOf(task)
    if (uses.length > 0)
      rows.push([task.number('pid'), task.address, task.string('comm'), uses.join(' ')])
  }
  if (problem !== '') yield { kind: 'problem', command: 'fuser', message: problem }
  if (rows.length === 0) yield lines(`No users of ${text} found`)
  else
    yield table(COLUMNS, rows, {
      heading: ' PID         TASK        COMM             USAGE',
      line: ([pid, task, comm, usage]) =>
        `${cellText(pid).padStart(5)}  ${addressText(task)}  ` +
        `${`"${cellText(comm)}"`.slice(0, COMM_MAX).padEnd(COMM_MAX + 1)} ${cellText(usage)}`,
    })
}
