// tree: what hangs in a red-black tree, an XArray or radix tree, or a maple tree. Source of options and layout: crash's `tree`.
import { commandLineCode } from '../code/script.ts'
import { wrap64 } from '../../base/addr.ts'
import { UsageError } from '../../base/errors.ts'
import { formatHex } from '../../base/hex.ts'
import {
  mapleNodeContents,
  mtForEachPlace,
  type MapleNodeContents,
  type MaplePlace,
} from '../../kernel/maple_tree.ts'
import { rbtreeForEachPlace } from '../../kernel/rbtree.ts'
import { xaForEachPlace } from '../../kernel/xarray.ts'
import type { Program } from '../../program/program.ts'
import { defineCommand, lines, type Block, type CommandArgs } from '../command.ts'
import {
  ENTRY_OPTIONS,
  entryBlocks,
  objectBlocks,
  parseEntryView,
  type Entry,
  type EntryView,
} from '../entry_view.ts'
import { codeAddress, parseAddress } from '../operand.ts'
import type { Session } from '../session.ts'
import { parseOffset } from '../struct_view.ts'

type TreeKind = 'rbtree' | 'radix' | 'xarray' | 'maple'

/** Names of -t, and the short ones crash takes. */
const KINDS: Readonly<Record<string, TreeKind>> = {
  rbtree: 'rbtree',
  rb: 'rbtree',
  radix: 'radix',
  ra: 'radix',
  xarray: 'xarray',
  x: 'xarray',
  maple: 'maple',
  m: 'maple',
}

const OPTIONS = {
  type: {
    type: 'string',
    short: 't',
    value: 'type',
    help: 'rbtree (rb), which is the default, xarray (x), radix (ra) or maple (m)',
  },
  root: {
    type: 'string',
    short: 'r',
    value: 'offset',
    help: 'of the root in the structure at start: struct.member, or bytes',
  },
  offset: {
    type: 'string',
    short: 'o',
    value: 'offset',
    help: 'of the rb_node in an entry: struct.member, or bytes',
  },
  linear: { type: 'boolean', short: 'l', help: 'of a red-black tree: in order' },
  position: { type: 'boolean', short: 'p', help: 'where in the tree each entry is' },
  verbose: { type: 'boolean', short: 'v', help: 'of a maple tree: every node and slot' },
  node: { type: 'boolean', short: 'N', help: 'start is a node, as a root points to it' },
  ...ENTRY_OPTIONS,
} as const

type Args = CommandArgs<typeof OPTIONS>

export const tree = defineCommand({
  name: 'tree',
  summary: 'red-black tree, XArray, radix tree or maple tree',
  operands: 'start',
  description:
    'The start is the address of a root (rb_root, xarray, radix_tree_root, maple_tree), or of a structure that contains ' +
    'one at the offset of -r: a symbol, a hexadecimal address or an expression of C. Red-black trees are shown from the ' +
    'top down, in order with -l; the others by index. A radix tree of a kernel since 4.20 is an XArray, with either name ' +
    'of -t. Damaged links end the tree with a message behind what was good.',
  examples: [
    {
      text: 'free vmalloc areas, in order',
      command: 'tree -l -o vmap_area.rb_node free_vmap_area_root -s vmap_area.va_start,va_end',
    },
    {
      text: 'every pid of the machine',
      command: 'tree -t xarray -r pid_namespace.idr init_pid_ns',
    },
    {
      text: 'areas of a process',
      command: 'tree -t maple -r mm_struct.mm_mt ffff8e36c1071080 -s vm_area_struct.vm_start',
    },
    { text: 'how interrupts are kept', command: 'tree -t maple -v sparse_irqs' },
  ],
  options: OPTIONS,
  needs: ['types'],
  code: ({ values, operands }) =>
    values.node
      ? // A walk that begins at a node has no root to give to a helper.
        commandLineCode('tree', [...(values.type ? ['-t', values.type] : []), '-N', ...operands])
      : treeCode(values, operands[0] ?? '0'),
  *run(session, args) {
    const { values, operands } = args
    const kind = KINDS[values.type ?? 'rbtree']
    if (!kind) throw new UsageError(`invalid tree type: ${values.type}`)
    if (kind !== 'rbtree') checkRbtreeOnly(kind, values)
    if (operands[0] === undefined) throw new UsageError('a starting address is required')
    const base = parseEntryView(session, values)
    // Crash counts the entries of maple trees in its output radix, indices of XArrays in decimal.
    const view = kind === 'maple' ? { ...base, indexRadix: base.format.radix } : base
    const start = parseAddress(session.program, operands[0])
    if (start === 0n) throw new UsageError(`invalid start argument: ${operands[0]}`)
    const at =
      values.root === undefined ? start : wrap64(start + parseOffset(session, values.root, '-r'))
    if (kind === 'maple' && values.verbose) yield* mapleBlocks(session, at, values, view)
    else yield* entryBlocks(session, forEachEntry(session, kind, at, values), view)
  },
})

const TREE_WORDS = { radix: 'radix trees', xarray: 'Xarrays', maple: 'maple trees' } as const

function checkRbtreeOnly(kind: Exclude<TreeKind, 'rbtree'>, values: Args['values']): void {
  const given = values.linear ? '-l' : values.offset === undefined ? undefined : '-o'
  if (given !== undefined)
    throw new UsageError(`${given} option is not applicable to ${TREE_WORDS[kind]}`)
}

/** Entries in crash's order, each with its place if -p asks for it. */
function* forEachEntry(
  session: Session,
  kind: TreeKind,
  at: bigint,
  values: Args['values'],
): Generator<Entry> {
  const { program } = session
  const placed = (address: bigint, position: string, index?: bigint): Entry =>
    values.position ? { address, place: { index, position } } : { address }
  const head = (): bigint => (values.node ? at : readHead(program, kind, at))
  switch (kind) {
    case 'rbtree': {
      const shift = values.offset === undefined ? 0n : parseOffset(session, values.offset, '-o')
      const order = values.linear ? 'inorder' : 'preorder'
      // A root's node has no parent; a node in a tree may have any.
      const parent = values.node ? 'any' : 0n
      for (const { node, path } of rbtreeForEachPlace(program, head(), order, parent))
        yield placed(wrap64(node - shift), `root${path}`)
      break
    }
    case 'radix':
    case 'xarray':
      for (const { index, entry, path } of xaForEachPlace(program, head(), xaKind(program)))
        yield placed(entry, ['root', ...path].join('/'), index)
      break
    case 'maple': {
      // As crash counts them: the entries, not the index, which is a range here.
      let count = 0n
      for (const { path, range, isNode } of mtForEachPlace(program, head()))
        if (!isNode && isMapleEntry(range.entry))
          yield placed(range.entry, maplePosition(path, values), ++count)
    }
  }
}

const maplePosition = (path: readonly number[], { node }: Args['values']): string =>
  [node ? 'direct' : 'root', ...path].join('/')

const isMapleEntry = (entry: bigint): boolean => entry !== 0n && (entry & 3n) !== 2n

/** Since v4.20, commit f8d5d0cc145c ("xarray: Add definition of struct xarray"), radix trees are XArrays. */
const xaKind = (program: Program): 'xarray' | 'radix tree' =>
  program.hasType('struct xarray') ? 'xarray' : 'radix tree'

/** What a root holds: the top node, or a lone entry. */
function readHead(program: Program, kind: TreeKind, at: bigint): bigint {
  if (kind === 'rbtree') return program.memory.u64(at)
  if (kind === 'maple') return program.objectAt('struct maple_tree', at).pointer('ma_root')
  const type = xaKind(program) === 'xarray' ? 'struct xarray' : 'struct radix_tree_root'
  return program.objectAt(type, at).pointer('xa_head', 'rnode')
}

/** `-v`: each node with all it holds, each range with its entry. */
function* mapleBlocks(
  session: Session,
  at: bigint,
  values: Args['values'],
  view: EntryView,
): Generator<Block> {
  const { program } = session
  const { radix } = view.format
  const number = (value: bigint): string => value.toString(radix)
  const root = values.node ? at : readHead(program, 'maple', at)
  if (!values.node) {
    const flags = program.objectAt('struct maple_tree', at).number('ma_flags')
    // include/linux/maple_tree.h MT_FLAGS_HEIGHT_MASK, MT_FLAGS_HEIGHT_OFFSET.
    yield lines(
      `maple_tree(${at.toString(16)}) flags ${flags.toString(16).toUpperCase()}, height ${(flags & 0x7c) >> 2} root ${formatHex(root)}`,
      '',
    )
  }
  let count = 0n
  for (const place of mtForEachPlace(program, root)) {
    if (session.aborted) return
    const head = placeLine(program, place, number)
    if (place.isNode || !isMapleEntry(place.range.entry)) {
      yield lines(head)
      continue
    }
    const position = maplePosition(place.path, values)
    count++
    const heading = values.position
      ? [head, `  index: ${number(count)}  position: ${position}`]
      : [head]
    if (view.references.length === 0) yield lines(...heading)
    else yield* objectBlocks(session, { address: place.range.entry }, view, heading)
  }
}

function placeLine(
  program: Program,
  { path, range, isNode }: MaplePlace,
  number: (value: bigint) => string,
): string {
  const { first, last, entry } = range
  const span = first === last ? number(first) : `${number(first)}-${number(last)}`
  const head = `${'  '.repeat(path.length)}${span}: `
  if (!isNode) return head + formatHex(entry)
  const node = mapleNodeContents(program, entry)
  return `${head}node ${formatHex(node.address)} depth ${path.length} type ${node.type} parent ${formatHex(node.parent)} contents: ${contentsText(node, number)}`
}

/** Gaps and marks of an arange node, then slots with the pivots between them. */
function contentsText(
  { slots, pivots, gaps, meta }: MapleNodeContents,
  number: (value: bigint) => string,
): string {
  const pointer = (value: bigint): string => (value === 0n ? '(nil)' : formatHex(value))
  const byte = (value: number): string => value.toString(16).toUpperCase().padStart(2, '0')
  const mixed = slots.flatMap((slot, i) => {
    const pivot = pivots[i]
    return pivot === undefined ? [pointer(slot)] : [pointer(slot), number(pivot)]
  })
  const marks = meta ? `${gaps.map(number).join(' ')} | ${byte(meta.end)} ${byte(meta.gap)}| ` : ''
  return marks + mixed.join(' ')
}

function treeCode(values: Args['values'], start: string): string {
  const kind = KINDS[values.type ?? 'rbtree'] ?? 'rbtree'
  const [type, member] = values.root?.split('.') ?? []
  const isMember = member !== undefined
  const root = (typeName: string): string =>
    isMember
      ? // An idr begins with an xarray.
        `program.objectAt('struct ${type}', ${codeAddress(start)}).get('${member}.idr_rt', '${member}')`
      : `program.objectAt('${typeName}', ${codeAddress(start)})`
  if (kind === 'maple')
    return `for (const { first, last, entry } of mtForEach(${root('struct maple_tree')}))\n  console.log(first, last, entry.toString(16))`
  if (kind !== 'rbtree')
    return `for (const { index, entry } of xaForEach(${root('struct xarray')})) console.log(index, entry.toString(16))`
  const [entryType, node] = values.offset?.split('.') ?? []
  return node === undefined
    ? `for (const node of rbtreeInorderForEach(${root('struct rb_root')})) console.log(node.toString(16))`
    : `for (const entry of rbtreeInorderForEachEntry(${root('struct rb_root')}, 'struct ${entryType}', '${node}'))\n  console.log(entry.address.toString(16))`
}
