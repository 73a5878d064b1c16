// files: what tasks had open. Source of names and layout: crash's `files`; paths as /proc/PID/fd has them.
import { filesCode } from '../code/system_code.ts'
import { UsageError } from '../../base/errors.ts'
import { readCell, type Cell, type Column } from '../../base/table.ts'
import { dentryPath, dPath, mountPath } from '../../kernel/dcache.ts'
import {
  fileInode,
  filePath,
  forEachCachedPage,
  forEachFile,
  inodePages,
  inodeType,
  taskCwd,
  taskRoot,
  type Inode,
  type OpenFile,
} from '../../kernel/fs.ts'
import { forEachNode } from '../../kernel/mmzone.ts'
import { forEachMount, mountNamespace } from '../../kernel/mount.ts'
import { compoundOrder, pageNode } from '../../kernel/page.ts'
import type { Task } from '../../kernel/sched.ts'
import { inodeSocket, socketProtocol } from '../../kernel/socket.ts'
import type { KObject } from '../../program/kobject.ts'
import type { Program } from '../../program/program.ts'
import { addressText, cellText } from '../cell_text.ts'
import {
  defineCommand,
  lines,
  record,
  table,
  type Block,
  type CommandArgs,
  type TableBlock,
} from '../command.ts'
import { pageRow, pageTable } from '../page_table.ts'
import { parseAddress } from '../operand.ts'
import { chooseTasks, taskHeading } from '../task_operand.ts'

const OPTIONS = {
  dentry: {
    type: 'string',
    short: 'd',
    value: 'dentry',
    help: 'inode, superblock, type and path of a dentry',
  },
  inode: {
    type: 'string',
    short: 'p',
    value: 'inode',
    help: 'the pages of an inode in the page cache',
  },
  nodes: {
    type: 'string',
    short: 'n',
    value: 'inode',
    help: 'how many pages of an inode in the page cache are on each memory node',
  },
  cache: { type: 'boolean', short: 'c', help: 'inode, mapping and cached pages of each file' },
  reference: {
    type: 'string',
    short: 'R',
    value: 'reference',
    help: 'only files with this descriptor, part of a path, or address (dentry, inode, mapping, file)',
  },
} as const

type Args = CommandArgs<typeof OPTIONS>

export const files = defineCommand({
  name: 'files',
  summary: 'open files',
  operands: '[pid | taskp] ...',
  description:
    'The root and working directory of a task and its open files. A path is what readlink of /proc/PID/fd/N ' +
    'said: (deleted) files, pipes, sockets (with their protocol) and anonymous files included.',
  examples: [
    { text: 'what the panicking process had open', command: 'files' },
    { text: 'who had a log open', command: 'foreach files -R /var/log/messages' },
  ],
  options: OPTIONS,
  needs: ['symbols', 'types'],
  perTask: true,
  code: filesCode,
  *run(session, args) {
    const { program } = session
    const { values, operands } = args
    if (values.dentry !== undefined)
      yield dentryTable(program, parseAddress(program, values.dentry))
    else if (values.inode !== undefined)
      yield* inodeBlocks(program, parseAddress(program, values.inode))
    else if (values.nodes !== undefined)
      yield* nodeBlocks(program, parseAddress(program, values.nodes))
    else {
      for (const task of chooseTasks(session, operands)) {
        if (session.aborted) return
        yield* taskBlocks(task, args)
      }
    }
  },
})

function* taskBlocks(task: Task, args: Args): Generator<Block> {
  const reference = parseReference(args.values.reference)
  // Rows are read here for -R only: a task without a match shows nothing at all.
  const rows = reference && [...fileRows(task)].filter((row) => reference(row))
  if (rows?.length === 0) return
  yield { kind: 'section', heading: taskHeading(task), blocks: fileBlocks(task, rows, args) }
}

function* fileBlocks(task: Task, rows: Cell[][] | undefined, { values }: Args): Generator<Block> {
  const directory = (path: KObject | undefined): Cell => readCell(() => (path ? dPath(path) : null))
  const root = directory(taskRoot(task))
  const cwd = directory(taskCwd(task))
  // A task that has exited has neither.
  if (root !== null || cwd !== null)
    yield record('line', [
      { title: 'ROOT', kind: 'text', value: root, width: cellText(root).length + 2 },
      { title: 'CWD', kind: 'text', value: cwd },
    ])
  const source = (rows ?? fileRows(task))[Symbol.iterator]()
  const first = source.next()
  if (first.done) yield lines('No open files')
  else yield fileTable(prepend(first.value, source), values.cache)
}

function* prepend<T>(first: T, rest: Iterator<T>): Generator<T> {
  yield first
  for (let next = rest.next(); !next.done; next = rest.next()) yield next.value
}

const FILE_COLUMNS: readonly Column[] = [
  { title: 'FD', kind: 'decimal' },
  { title: 'FILE', kind: 'address' },
  { title: 'DENTRY', kind: 'address' },
  { title: 'INODE', kind: 'address' },
  { title: 'TYPE', kind: 'text' },
  { title: 'PATH', kind: 'text' },
  { title: 'PROTOCOL', kind: 'text' },
  { title: 'I_MAPPING', kind: 'address' },
  { title: 'NRPAGES', kind: 'decimal' },
]

function* fileRows(task: Task): Generator<Cell[]> {
  for (const open of forEachFile(task)) yield fileRow(open)
}

function fileRow({ fd, file }: OpenFile): Cell[] {
  const inode = (): Inode => fileInode(file)
  const type = readCell(() => inodeType(inode()))
  return [
    fd,
    file.address,
    readCell(() => filePath(file).pointer('dentry')),
    readCell(() => inode().address),
    type,
    readCell(() => dPath(filePath(file))),
    type === 'SOCK' ? readCell(() => socketProtocol(inodeSocket(inode()))) : '',
    readCell(() => inode().pointer('i_mapping')),
    readCell(() => inodePages(inode())),
  ]
}

function fileTable(rows: Iterable<Cell[]>, cache: boolean): TableBlock {
  const heading = cache
    ? ' FD      INODE          I_MAPPING     NRPAGES TYPE PATH'
    : ' FD       FILE            DENTRY           INODE       TYPE PATH'
  return table(FILE_COLUMNS, rows, {
    heading,
    line: ([fd, file, dentry, inode, type, path, protocol, mapping, pages]) => {
      const middle = cache ? [inode, mapping] : [file, dentry, inode]
      const count = cache ? ` ${cellText(pages).padStart(7)}` : ''
      const name = protocol === '' ? cellText(path) : `${cellText(path)} ${cellText(protocol)}`
      return `${cellText(fd).padStart(3)} ${middle.map(addressText).join(' ')}${count} ${cellText(type).padEnd(4)} ${name}`
    },
  })
}

/** What `-R` looks for: a descriptor, an address, or part of a path. */
function parseReference(text: string | undefined): ((row: readonly Cell[]) => boolean) | undefined {
  if (text === undefined) return undefined
  if (text === '') throw new UsageError('-R: empty reference')
  const fd = /^\d{1,7}$/.test(text) ? Number(text) : undefined
  const address = /^(0x)?[\da-f]{8,16}$/i.test(text)
    ? BigInt(`0x${text.replace(/^0x/i, '')}`)
    : undefined
  return (row) =>
    row[0] === fd ||
    row.slice(1).some((cell) => typeof cell === 'bigint' && cell === address) ||
    (fd === undefined && typeof row[5] === 'string' && row[5].includes(text))
}

function dentryTable(program: Program, address: bigint): TableBlock {
  const dentry = program.objectAt('struct dentry', address)
  const columns: readonly Column[] = [
    { title: 'DENTRY', kind: 'address', align: 'center' },
    { title: 'INODE', kind: 'address', align: 'center' },
    { title: 'SUPERBLK', kind: 'address', align: 'center' },
    { title: 'TYPE', kind: 'text' },
    { title: 'PATH', kind: 'text' },
  ]
  const inode = dentry.pointer('d_inode')
  const type = inode === 0n ? 'N/A' : inodeType(dentry.get('d_inode').deref())
  const row: Cell[] = [
    address,
    inode,
    dentry.pointer('d_sb'),
    type,
    readCell(() => pathOfDentry(dentry)),
  ]
  return table(columns, [row], {
    heading: '     DENTRY           INODE           SUPERBLK     TYPE PATH',
    line: (cells) =>
      `${cells.slice(0, 3).map(addressText).join(' ')} ${cellText(cells[3]).padEnd(4)} ${cellText(cells[4])}`,
  })
}

/** A dentry may be seen through several mounts; the first of its file system whose root is the file system's names it. */
function pathOfDentry(dentry: KObject<'dentry'>): string {
  const inside = dentryPath(dentry)
  const namespace = mountNamespace(dentry.program)
  if (!namespace) return inside
  const superBlock = dentry.pointer('d_sb')
  for (const mount of forEachMount(namespace)) {
    if (mount.pointer('mnt.mnt_sb') !== superBlock) continue
    if (mount.pointer('mnt.mnt_root') !== dentry.pointer('d_sb.s_root')) continue
    const at = mountPath(mount) ?? '/'
    return at === '/' ? inside : inside === '/' ? at : at + inside
  }
  return inside
}

function* inodeBlocks(program: Program, address: bigint): Generator<Block> {
  const inode = program.objectAt('struct inode', address)
  yield inodeTable(inode)
  yield pageTable(pageRows(program, inode))
}

function inodeTable(inode: Inode): TableBlock {
  const columns: readonly Column[] = [
    { title: 'INODE', kind: 'address' },
    { title: 'NRPAGES', kind: 'decimal' },
  ]
  return table(columns, [[inode.address, inodePages(inode)]], {
    heading: '     INODE        NRPAGES',
    line: ([at, pages]) => `${addressText(at)} ${cellText(pages).padStart(8)}\n`,
  })
}

/** Pages by memory node; those of a large folio, which is one entry of the cache, each. */
function* nodeBlocks(program: Program, address: bigint): Generator<Block> {
  const inode = program.objectAt('struct inode', address)
  yield inodeTable(inode)
  const counts = new Map(Array.from(forEachNode(program), (node) => [node.number('node_id'), 0]))
  for (const cached of forEachCachedPage(inode)) {
    const page = program.objectAt('struct page', cached.page)
    const node = pageNode(page)
    counts.set(node, (counts.get(node) ?? 0) + 2 ** compoundOrder(page))
  }
  const columns: readonly Column[] = [
    { title: 'NODE', kind: 'decimal' },
    { title: 'PAGES', kind: 'decimal' },
  ]
  yield table(columns, counts, {
    heading: '     NODE           PAGES',
    line: ([node, pages]) => `${cellText(node).padStart(8)} ${cellText(pages).padStart(16)}`,
  })
}

function* pageRows(program: Program, inode: Inode): Generator<Cell[]> {
  for (const { index, page: address } of forEachCachedPage(inode))
    yield pageRow(program.objectAt('struct page', address), index)
}
