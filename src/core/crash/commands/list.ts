// list: what hangs together by pointers, from one structure to the next. Source of options and layout: crash's `list`.
import { wrap64 } from '../../base/addr.ts'
import { CorruptError, UsageError } from '../../base/errors.ts'
import { LIST_LIMIT } from '../../kernel/list.ts'
import { defineCommand, lines, type CommandArgs } from '../command.ts'
import { ENTRY_OPTIONS, entryBlocks, parseEntryView, type Entry } from '../entry_view.ts'
import { codeAddress, parseAddress, parseHex } from '../operand.ts'
import type { Session } from '../session.ts'
import { findOffset, parseOffset } from '../struct_view.ts'

/** Addresses remembered to name the first duplicate; longer lists are left to Brent's algorithm alone. */
const REMEMBERED_MAX = 1_000_000

const OPTIONS = {
  offset: {
    type: 'string',
    short: 'o',
    value: 'offset',
    help: 'of the next pointer in the structure: struct.member, or bytes; the -o may be left out',
  },
  end: { type: 'string', short: 'e', value: 'end', help: 'stop before this address' },
  listOffset: {
    type: 'string',
    short: 'l',
    value: 'offset',
    help: 'with -s or -S: what is listed lies so far in the structure to show',
  },
  embedded: {
    type: 'boolean',
    short: 'h',
    help: 'start is a structure that contains a list_head, at the offset',
  },
  head: { type: 'boolean', short: 'H', help: 'start is a list_head of its own, no entry' },
  headOffset: {
    type: 'string',
    short: 'O',
    value: 'offset',
    help: 'with -h: start contains the head of the list, at this offset',
  },
  reverse: { type: 'boolean', short: 'r', help: 'backwards, by the prev pointers of a list_head' },
  brent: {
    type: 'boolean',
    short: 'B',
    help: 'find loops without remembering every entry; also tell how long the loop is',
  },
  ...ENTRY_OPTIONS,
} as const

type Args = CommandArgs<typeof OPTIONS>

export const list = defineCommand({
  name: 'list',
  summary: 'linked list',
  operands: '[offset] start',
  description:
    'Follows pointers from start until NULL, the start, the first entry, or an entry that points to itself. Without ' +
    '-h and -H start is a structure and the offset that of the pointer to the next one; with -h it is a structure with ' +
    'a list_head inside, with -H a list_head that belongs to no entry. The start is a symbol, a hexadecimal address or ' +
    'an expression of C: init_task.tasks is where that member lies.' +
    '\n\nA list that leads back into its middle ends with the entry that comes twice, one that leads out of memory with ' +
    'the address that cannot be read.',
  examples: [
    { text: 'every super block', command: 'list -H super_blocks super_block.s_list' },
    {
      text: 'members of each',
      command: 'list -H super_blocks super_block.s_list -s super_block.s_id,s_flags',
    },
    {
      text: 'tasks from one on',
      command: 'list task_struct.tasks -h init_task -s task_struct.pid',
    },
    {
      text: 'the children of a task',
      command: 'list -o task_struct.sibling -O task_struct.children -h init_task',
    },
  ],
  options: OPTIONS,
  needs: ['types'],
  code: ({ values, operands }) => listCode(values, operands),
  *run(session, args) {
    const { values } = args
    const isShown = values.struct.length > 0 || values.scalars.length > 0
    if (values.listOffset !== undefined && !isShown)
      throw new UsageError('-l option can only be used with -s or -S option')
    const back =
      values.listOffset === undefined ? 0n : parseOffset(session, values.listOffset, '-l')
    const view = parseEntryView(session, values, back)
    const plan = parsePlan(session, args)
    if (plan.isEmpty(session)) yield lines('(empty)')
    else yield* entryBlocks(session, forEachEntry(session, plan), view)
  },
})

/** Where a list begins, how it goes on, and where it ends. */
interface Plan {
  /** The first node; with -H and -O the head. */
  readonly start: bigint
  /** Is the start an entry itself? */
  readonly startShown: boolean
  /** From a node to the pointer to the next one. */
  readonly link: bigint
  /** From an entry to its node. */
  readonly shift: bigint
  readonly end: bigint | undefined
  readonly brent: boolean
  isEmpty(session: Session): boolean
}

function parsePlan(session: Session, { values, operands }: Args): Plan {
  const { offset, start } = parseOperands(session, values.offset, operands)
  const end = values.end === undefined ? undefined : parseHex(values.end)
  if (values.end !== undefined && end === undefined)
    throw new UsageError(`invalid input: "${values.end}"`)
  const prev = values.reverse ? 8n : 0n
  const common = { end, brent: values.brent }
  // -H wins where both are given, as in crash.
  if (!values.embedded && !values.head) {
    return {
      ...common,
      start,
      startShown: true,
      link: offset + prev,
      shift: 0n,
      isEmpty: () => false,
    }
  }
  const headOffset =
    values.headOffset === undefined ? undefined : parseOffset(session, values.headOffset, '-O')
  const startShown = !values.head && headOffset === undefined
  const node = values.head ? start : wrap64(start + (headOffset ?? offset))
  const isEmpty = ({ program }: Session): boolean =>
    !startShown && program.memory.u64(wrap64(node + prev)) === node
  return { ...common, start: node, startShown, link: prev, shift: offset, isEmpty }
}

/** `[offset] start` in any order; a number below kernel addresses is an offset. */
function parseOperands(
  session: Session,
  offsetOption: string | undefined,
  operands: readonly string[],
): { offset: bigint; start: bigint } {
  let offset = offsetOption === undefined ? undefined : parseOffset(session, offsetOption, '-o')
  let start: bigint | undefined
  for (const operand of operands) {
    const bare = offset === undefined ? findOffset(session, operand) : undefined
    const isOffset = bare !== undefined && !session.program.arch.isKernelAddress(bare)
    if (isOffset && operands.length > 1) offset = bare
    else if (start === undefined) start = parseStart(session, operand)
    else throw new UsageError(`too many arguments: ${operand}`)
  }
  if (start === undefined) throw new UsageError('starting address required')
  return { offset: offset ?? 0n, start }
}

function parseStart(session: Session, text: string): bigint {
  const start = parseAddress(session.program, text)
  if (!session.program.arch.isKernelAddress(start))
    throw new UsageError(`invalid kernel virtual address: ${start.toString(16)}`)
  return start
}

/** Entries up to the end, or to what is wrong with the list. */
function* forEachEntry({ program }: Session, plan: Plan): Generator<Entry> {
  const { start, shift, end } = plan
  const next = (node: bigint): bigint => program.memory.u64(wrap64(node + plan.link))
  const isEnd = (node: bigint): boolean =>
    end !== undefined && (node === end || wrap64(node - shift) === end)
  const watch = plan.brent ? brentWatch(plan, next) : duplicateWatch(plan, next)
  let first: bigint | undefined
  let node = start
  let isShown = plan.startShown
  for (let count = 0; ; count++) {
    if (count > LIST_LIMIT) throw new CorruptError(node, `list exceeds ${LIST_LIMIT} entries`)
    // Shown before it is read: where a broken list leads is what one wants to see.
    if (isShown) yield { address: wrap64(node - shift) }
    isShown = true
    const after = next(node)
    if (after === 0n || after === start || after === first || after === node || isEnd(after)) return
    first ??= after
    watch(after)
    node = after
  }
}

type Watch = (node: bigint) => void

/** Throws for the first entry that comes twice. */
function duplicateWatch(plan: Plan, next: (node: bigint) => bigint): Watch {
  const seen = new Set<bigint>()
  const brent = brentWatch(plan, next)
  return (node) => {
    if (seen.has(node)) {
      const entry = wrap64(node - plan.shift).toString(16)
      throw new CorruptError(node, `duplicate list entry: ${entry}`)
    }
    if (seen.size < REMEMBERED_MAX) seen.add(node)
    else brent(node)
  }
}

/** Brent: the mark moves at powers of two; meeting it again is a loop, as long as the way since. */
function brentWatch({ start, shift }: Plan, next: (node: bigint) => bigint): Watch {
  let mark: bigint | undefined
  let power = 1
  let steps = 0
  return (node) => {
    steps++
    if (node === mark) {
      const [before, loopStart] = findLoop(start, steps, next)
      const entry = wrap64(loopStart - shift).toString(16)
      throw new CorruptError(
        loopStart,
        `loop detected, loop length: ${steps}, entries before it: ${before}, first duplicate: ${entry}`,
      )
    }
    if (steps === power) {
      mark = node
      power *= 2
      steps = 0
    }
  }
}

/** Two walkers a loop's length apart meet where the loop begins. */
function findLoop(
  start: bigint,
  length: number,
  next: (node: bigint) => bigint,
): [before: number, start: bigint] {
  let ahead = start
  for (let i = 0; i < length; i++) ahead = next(ahead)
  let behind = start
  let before = 0
  for (; behind !== ahead; before++) {
    behind = next(behind)
    ahead = next(ahead)
  }
  return [before, behind]
}

function listCode(values: Args['values'], operands: readonly string[]): string {
  // Of two operands in either order one is the offset: a number, or struct.member.
  const at = operands.length > 1 ? operands.findIndex((text) => /^\d+$|^\w+\./.test(text)) : -1
  const start = codeAddress(operands.find((_, i) => i !== at) ?? '0')
  const given = operands[at] ?? values.offset
  const lines = [`const offset = ${codeOffset(given)}`]
  if (values.head || values.embedded) {
    const headOffset = values.headOffset === undefined ? 'offset' : codeOffset(values.headOffset)
    const head = values.head ? start : `${start} + ${headOffset}`
    lines.push(
      `const head = program.objectAt('struct list_head', ${head})`,
      'const entries = Array.from(listForEach(head), (node) => node - offset)',
    )
    if (values.embedded && values.headOffset === undefined) lines.push(`entries.unshift(${start})`)
  } else {
    lines.push(
      'const entries: bigint[] = []',
      `for (let at = ${start}; at !== 0n && !entries.includes(at); at = program.memory.u64(at + offset))`,
      '  entries.push(at)',
    )
  }
  if (values.reverse) lines.push('entries.reverse()')
  const shown = [...values.struct, ...values.scalars].flatMap((text) => codeShown(values, text))
  lines.push(
    `for (const entry of entries) console.log(${['entry.toString(16)', ...shown].join(', ')})`,
  )
  return lines.join('\n')
}

/** Bytes, or struct.member. */
function codeOffset(text: string | undefined): string {
  if (text === undefined) return '0n'
  const [type = '', ...path] = text.split('.')
  return path.length === 0
    ? `${text}n`
    : `program.objectAt('struct ${type}', 0n).get('${path.join('.')}').address`
}

/** `-s struct.member,member` of the entry, or of the struct that it lies in. */
function codeShown({ listOffset }: Args['values'], text: string): string[] {
  const [type = '', ...path] = text.split('.')
  const at = listOffset === undefined ? 'entry' : `entry - ${codeOffset(listOffset)}`
  const object = `program.objectAt('struct ${type}', ${at})`
  const members = path.join('.').split(',').filter(Boolean)
  return members.length === 0
    ? [`toPlain(${object})`]
    : members.map((member) => `toPlain(${object}, '${member}')`)
}
