// ipcs: System V IPC objects of a namespace. Source of names and layout: crash's `ipcs`.
import { KdumpError } from '../../base/errors.ts'
import { readCell, type Cell, type Column } from '../../base/table.ts'
import {
  forEachIpc,
  ipcNamespace,
  ipcPerm,
  SHM_DEST,
  SHM_LOCKED,
  shmInode,
  shmPages,
  type IpcKind,
  type IpcNamespace,
} from '../../kernel/ipc.ts'
import type { KObject } from '../../program/kobject.ts'
import { addressText, cellText } from '../cell_text.ts'
import { taskCode } from '../code/task_loop.ts'
import { defineCommand, lines, table, type Block, type CommandArgs } from '../command.ts'
import { parseCount, parseHex } from '../operand.ts'
import type { Session } from '../session.ts'
import { getTasks } from '../task_operand.ts'

const OPTIONS = {
  semaphores: { type: 'boolean', short: 's', help: 'semaphore arrays' },
  memory: { type: 'boolean', short: 'm', help: 'shared memory segments' },
  memoryPages: {
    type: 'boolean',
    short: 'M',
    help: 'shared memory segments with their inode and their pages, resident and swapped out',
  },
  queues: { type: 'boolean', short: 'q', help: 'message queues' },
  namespace: {
    type: 'string',
    short: 'n',
    value: 'pid | taskp',
    help: 'those of the namespace of this task',
  },
} as const

type Args = CommandArgs<typeof OPTIONS>

export const ipcs = defineCommand({
  name: 'ipcs',
  summary: 'shared memory, semaphores and message queues of System V',
  operands: '[id | addr] ...',
  description:
    'Shared memory segments, semaphore arrays and message queues: all, those of the kinds asked for, or those with an ' +
    'id (decimal, or hexadecimal with 0x) or address. Without -n they are those of the first namespace.',
  examples: [
    { text: 'everything', command: 'ipcs' },
    { text: 'how much of shared memory is in memory', command: 'ipcs -M' },
  ],
  options: OPTIONS,
  needs: ['symbols', 'types'],
  code: ({ values }) => {
    const kinds = chosenKinds(values)
    const namespace =
      values.namespace === undefined
        ? 'ipcNamespace(program)'
        : `ipcNamespace(program, ${taskCode(values.namespace)})`
    return [
      `const namespace = ${namespace}`,
      `for (const kind of ${JSON.stringify(kinds)}) for (const object of namespace ? forEachIpc(namespace, kind) : [])`,
      "  console.log(kind, ipcPerm(object, kind).number('id'), object.address.toString(16))",
    ].join('\n')
  },
  *run(session, args) {
    const { values, operands } = args
    const task =
      values.namespace === undefined ? undefined : getTasks(session.program, values.namespace)[0]
    const namespace = ipcNamespace(session.program, task)
    if (!namespace) return
    if (operands.length === 0) yield* allBlocks(namespace, values)
    for (const text of operands) yield* operandBlocks(session, namespace, values, text)
  },
})

/** All three, unless some are asked for; in crash's order. */
function chosenKinds(values: Args['values']): IpcKind[] {
  const asked: IpcKind[] = []
  if (values.memory || values.memoryPages) asked.push('shm')
  if (values.semaphores) asked.push('sem')
  if (values.queues) asked.push('msg')
  return asked.length > 0 ? asked : ['shm', 'sem', 'msg']
}

function* allBlocks(namespace: IpcNamespace, values: Args['values']): Generator<Block> {
  for (const kind of chosenKinds(values)) {
    const objects = forEachIpc(namespace, kind)
    if (kind !== 'shm' || !values.memoryPages) {
      yield* kindBlocks(objects, kind, false)
      continue
    }
    for (const object of objects) yield* kindBlocks([object], kind, true)
  }
}

function* operandBlocks(
  session: Session,
  namespace: IpcNamespace,
  values: Args['values'],
  text: string,
): Generator<Block> {
  const { id, address } = parseReference(text)
  let found = false
  for (const kind of chosenKinds(values)) {
    for (const object of forEachIpc(namespace, kind)) {
      if (session.aborted) return
      if (object.address !== address && idOf(object, kind) !== id) continue
      found = true
      yield* kindBlocks([object], kind, values.memoryPages)
    }
  }
  if (!found) yield lines(`invalid id or address: ${text}`, '')
}

const idOf = (object: KObject, kind: IpcKind): number | undefined => {
  try {
    return ipcPerm(object, kind).number('id')
  } catch (error) {
    if (error instanceof KdumpError) return undefined
    throw error
  }
}

/** An id is decimal, an address hexadecimal; digits alone may be either. */
function parseReference(text: string): { id: number | undefined; address: bigint | undefined } {
  const isId = /^(\d{1,10}|0x[\da-f]{1,8})$/i.test(text)
  const address = parseHex(text)
  return { id: isId || address === undefined ? parseCount(text) : undefined, address }
}

/** One table, and an empty line as crash has it. */
function* kindBlocks(
  objects: Iterable<KObject>,
  kind: IpcKind,
  isDetailed: boolean,
): Generator<Block> {
  const { columns, heading, values, widths } = KINDS[kind]
  const detailColumns = isDetailed ? PAGE_COLUMNS : []
  yield table([...COLUMNS(kind), ...columns, ...detailColumns], rowsOf(objects, kind, isDetailed), {
    heading,
    line: (row) => {
      const [address, key, id, uid, mode, ...rest] = row
      const own = rest
        .slice(0, values.length)
        .map((cell, i) => cellText(cell).padEnd(widths[i] ?? 0))
      const head =
        `${addressText(address)} ${keyText(key)} ${cellText(id).padEnd(10)} ` +
        `${cellText(uid).padEnd(5)} ${octalText(mode).padEnd(5)} ${own.join(' ')}`
      if (!isDetailed) return head
      const [allocated, resident, swapped, inode] = rest.slice(values.length)
      return (
        `${head}\nPAGES ALLOCATED/RESIDENT/SWAPPED: ` +
        `${[allocated, resident, swapped].map(cellText).join('/')}\nINODE: ${addressText(inode)}`
      )
    },
  })
  yield lines('')
}

const COLUMNS = (kind: IpcKind): readonly Column[] => [
  { title: KINDS[kind].title, key: 'address', kind: 'address' },
  { title: 'KEY', kind: 'hex' },
  { title: 'ID', kind: 'decimal' },
  { title: 'UID', kind: 'decimal' },
  { title: 'PERMS', kind: 'decimal' },
]

const PAGE_COLUMNS: readonly Column[] = [
  { title: 'ALLOCATED', kind: 'decimal' },
  { title: 'RESIDENT', kind: 'decimal' },
  { title: 'SWAPPED', kind: 'decimal' },
  { title: 'INODE', kind: 'address' },
]

interface KindLayout {
  readonly title: string
  readonly heading: string
  readonly columns: readonly Column[]
  readonly widths: readonly number[]
  readonly values: readonly ((object: KObject) => Cell)[]
}

const KINDS: Readonly<Record<IpcKind, KindLayout>> = {
  shm: {
    title: 'SHMID_KERNEL',
    heading: 'SHMID_KERNEL     KEY      SHMID      UID   PERMS BYTES      NATTCH STATUS',
    columns: [
      { title: 'BYTES', kind: 'decimal' },
      { title: 'NATTCH', kind: 'decimal' },
      { title: 'STATUS', kind: 'text' },
    ],
    widths: [10, 6, 6],
    values: [
      (shm) => shm.bigint('shm_segsz'),
      (shm) => shm.bigint('shm_nattch'),
      (shm) => statusText(shm.number('shm_perm.mode')),
    ],
  },
  sem: {
    title: 'SEM_ARRAY',
    heading: 'SEM_ARRAY        KEY      SEMID      UID   PERMS NSEMS     ',
    columns: [{ title: 'NSEMS', kind: 'decimal' }],
    widths: [10],
    values: [(sem) => sem.number('sem_nsems')],
  },
  msg: {
    title: 'MSG_QUEUE',
    heading: 'MSG_QUEUE        KEY      MSQID      UID   PERMS USED-BYTES   MESSAGES    ',
    columns: [
      { title: 'USED-BYTES', key: 'used_bytes', kind: 'decimal' },
      { title: 'MESSAGES', kind: 'decimal' },
    ],
    widths: [12, 12],
    values: [(msg) => msg.bigint('q_cbytes'), (msg) => msg.bigint('q_qnum')],
  },
}

function statusText(mode: number): string {
  const words = [
    ...((mode & SHM_DEST) !== 0 ? ['dest'] : []),
    ...((mode & SHM_LOCKED) !== 0 ? ['locked'] : []),
  ]
  return words.join(' ')
}

function* rowsOf(
  objects: Iterable<KObject>,
  kind: IpcKind,
  isDetailed: boolean,
): Generator<Cell[]> {
  for (const object of objects) {
    const perm = ipcPerm(object, kind)
    const pages = (part: 'allocated' | 'resident' | 'swapped'): Cell =>
      readCell(() => shmPages(object)[part])
    yield [
      object.address,
      readCell(() => perm.number('key') >>> 0),
      readCell(() => perm.number('id')),
      readCell(() => perm.number('uid.val')),
      readCell(() => perm.number('mode') & 0o777),
      ...KINDS[kind].values.map((value) => readCell(() => value(object))),
      ...(isDetailed
        ? [
            pages('allocated'),
            pages('resident'),
            pages('swapped'),
            readCell(() => shmInode(object).address),
          ]
        : []),
    ]
  }
}

const keyText = (cell: Cell | undefined): string =>
  typeof cell === 'number' ? cell.toString(16).padStart(8, '0') : cellText(cell)
const octalText = (cell: Cell | undefined): string =>
  typeof cell === 'number' ? cell.toString(8) : cellText(cell)
