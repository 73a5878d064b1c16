// mount: mounted file systems of a namespace. Source of names and layout: crash's `mount`.
import { KdumpError } from '../../base/errors.ts'
import { readCell, type Cell, type Column } from '../../base/table.ts'
import { dPath, mountPath } from '../../kernel/dcache.ts'
import { fileInode, filePath, forEachDirtyInode, forEachFile, inodeType } from '../../kernel/fs.ts'
import {
  forEachMount,
  mountDevname,
  mountNamespace,
  mountType,
  type Mount,
} from '../../kernel/mount.ts'
import { findTask, forEachTask, type Task } from '../../kernel/sched.ts'
import type { Program } from '../../program/program.ts'
import { addressText, cellText } from '../cell_text.ts'
import { taskCode } from '../code/task_loop.ts'
import { defineCommand, lines, table, type Block, type CommandArgs } from '../command.ts'
import { parseHex } from '../operand.ts'
import type { Session } from '../session.ts'
import { getTasks } from '../task_operand.ts'

const OPTIONS = {
  openFiles: { type: 'boolean', short: 'f', help: 'the files that tasks have open on each mount' },
  inodes: { type: 'boolean', short: 'i', help: 'the dirty inodes of each file system' },
  namespace: {
    type: 'string',
    short: 'n',
    value: 'pid | taskp',
    help: 'the mounts of the namespace of this task',
  },
} as const

type Args = CommandArgs<typeof OPTIONS>

export const mount = defineCommand({
  name: 'mount',
  summary: 'mounted filesystem data',
  operands: '[mount | vfsmount | superblock | dev | dir | dentry | inode] ...',
  description:
    'Mounts in the order they were made: all of a namespace (that of PID 1, or of -n), or those an operand names by ' +
    'device, directory, or the address of the mount, of its superblock, or of a dentry or inode of its file system.',
  examples: [
    { text: 'all mounts', command: 'mount' },
    { text: 'what keeps a file system busy', command: 'mount -f /home' },
    { text: 'what was not written yet', command: 'mount -i /dev/sda1' },
  ],
  options: OPTIONS,
  needs: ['symbols', 'types'],
  code: ({ values }) =>
    [
      `const namespace = mountNamespace(program, ${taskCode(values.namespace ?? '1')})`,
      'for (const mount of namespace ? forEachMount(namespace) : [])',
      '  console.log(mount.address.toString(16), mountType(mount), mountDevname(mount), mountPath(mount))',
    ].join('\n'),
  *run(session, args) {
    const { program } = session
    const { values, operands } = args
    const task =
      values.namespace === undefined
        ? firstProcess(program)
        : getTasks(program, values.namespace)[0]
    const namespace = mountNamespace(program, task)
    if (!namespace) return
    const matchers = operands.map((text) => mountMatcher(program, text))
    yield* mountBlocks(session, chooseMounts(forEachMount(namespace), matchers), values)
  },
})

/** PID 1; undefined where the task list breaks before it. */
function firstProcess(program: Program): Task | undefined {
  try {
    return findTask(program, 1)
  } catch (error) {
    if (error instanceof KdumpError) return undefined
    throw error
  }
}

type Matcher = (mount: Mount) => boolean

function* chooseMounts(mounts: Iterable<Mount>, matchers: readonly Matcher[]): Generator<Mount> {
  for (const each of mounts) {
    if (matchers.length === 0 || matchers.some((matches) => matches(each))) yield each
  }
}

/** A path or device name, or any of the addresses that belong to a mount or its file system. */
function mountMatcher(program: Program, text: string): Matcher {
  const named = (each: Mount): boolean => mountDevname(each) === text || mountPath(each) === text
  const address = parseHex(text)
  if (address === undefined || !program.arch.isKernelAddress(address)) return named
  const superBlocks = [
    address,
    ...superBlockOf(program, 'struct dentry', 'd_sb', address),
    ...superBlockOf(program, 'struct inode', 'i_sb', address),
  ]
  return (each) =>
    each.address === address ||
    each.get('mnt').address === address ||
    superBlocks.includes(each.pointer('mnt.mnt_sb'))
}

function superBlockOf(program: Program, type: string, member: string, address: bigint): bigint[] {
  try {
    return [program.objectAt(type, address).pointer(member)]
  } catch (error) {
    if (error instanceof KdumpError) return []
    throw error
  }
}

const COLUMNS: readonly Column[] = [
  { title: 'MOUNT', kind: 'address' },
  { title: 'SUPERBLK', kind: 'address' },
  { title: 'TYPE', kind: 'text' },
  { title: 'DEVNAME', kind: 'text' },
  { title: 'DIRNAME', kind: 'text' },
]

function* mountBlocks(
  session: Session,
  mounts: Iterable<Mount>,
  { openFiles, inodes }: Args['values'],
): Generator<Block> {
  if (!openFiles && !inodes) {
    yield mountTable(mountRows(mounts))
    return
  }
  const open = openFiles ? openFilesByMount(session) : undefined
  for (const each of mounts) {
    if (session.aborted) return
    yield mountTable(mountRows([each]))
    if (open) yield openFileBlock(open.get(each.get('mnt').address) ?? [])
    if (inodes) yield dirtyBlock(each)
    yield lines('')
  }
}

function* mountRows(mounts: Iterable<Mount>): Generator<Cell[]> {
  for (const each of mounts) {
    yield [
      each.address,
      readCell(() => each.pointer('mnt.mnt_sb')),
      readCell(() => mountType(each)),
      readCell(() => mountDevname(each)),
      readCell(() => mountPath(each) ?? null),
    ]
  }
}

function mountTable(rows: Iterable<readonly Cell[]>): Block {
  return table(COLUMNS, rows, {
    heading: '     MOUNT           SUPERBLK     TYPE   DEVNAME   DIRNAME',
    line: ([address, superBlock, type, device, directory]) =>
      // A long type takes its room from the device.
      `${addressText(address)} ${addressText(superBlock)} ` +
      `${`${cellText(type).padEnd(6)} ${cellText(device)}`.padEnd(16)} ${cellText(directory).padEnd(10)}`,
  })
}

const FILE_COLUMNS: readonly Column[] = [
  { title: 'DENTRY', kind: 'address' },
  { title: 'INODE', kind: 'address' },
  { title: 'TYPE', kind: 'text' },
  { title: 'PATH', kind: 'text' },
]

/**
 * Since v3.13 file systems do not list their open files, which is why crash refuses: those of all tasks are looked through, each descriptor table once.
 */
function openFilesByMount(session: Session): Map<bigint, Cell[][]> {
  const byMount = new Map<bigint, Cell[][]>()
  const seen = new Set<bigint>()
  for (const task of forEachTask(session.program)) {
    if (session.aborted) break
    const files = task.pointer('files')
    if (seen.has(files)) continue
    seen.add(files)
    try {
      for (const { file } of forEachFile(task)) {
        if (seen.has(file.address)) continue
        seen.add(file.address)
        const path = filePath(file)
        const mountAddress = path.pointer('mnt')
        const rows = byMount.get(mountAddress) ?? []
        byMount.set(mountAddress, rows)
        rows.push([
          readCell(() => path.pointer('dentry')),
          readCell(() => fileInode(file).address),
          readCell(() => inodeType(fileInode(file))),
          readCell(() => dPath(path)),
        ])
      }
    } catch (error) {
      // One task's table that is not in the dump says nothing of the others'.
      if (!(error instanceof KdumpError)) throw error
    }
  }
  return byMount
}

function openFileBlock(rows: readonly Cell[][]): Block {
  if (rows.length === 0) return lines('No open files found')
  return table(FILE_COLUMNS, rows, {
    heading: 'OPEN FILES:\n     DENTRY           INODE       TYPE PATH',
    line: ([dentry, inode, type, path]) =>
      `${addressText(dentry)} ${addressText(inode)} ${cellText(type).padEnd(4)} ${cellText(path)}`,
  })
}

function dirtyBlock(each: Mount): Block {
  const columns: readonly Column[] = [{ title: 'INODE', key: 'dirty_inode', kind: 'address' }]
  const rows = dirtyRows(each)
  const first = rows.next()
  if (first.done) return lines('No dirty inodes found')
  return table(columns, prepend(first.value, rows), {
    heading: 'DIRTY INODES',
    line: ([inode]) => addressText(inode),
  })
}

function* dirtyRows(each: Mount): Generator<Cell[], void> {
  for (const inode of forEachDirtyInode(each.get('mnt.mnt_sb').deref())) yield [inode.address]
}

function* prepend<T>(first: T, rest: Iterable<T>): Generator<T> {
  yield first
  yield* rest
}
