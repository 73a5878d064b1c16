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
  const member = [values.offset, ...operands].find((text) => text && /^\w+\.\w+$/.test(text))
  const start = operands.find((text) => text !== member) ?? '0'
  const [type = '', path = ''] = member?.split('.') ?? []
  const shown = values.struct[0] ?? values.scalars[0]
  const paths = shown?.split('.').slice(1).join('.').split(',').filter(Boolean) ?? []
  const print = [
    'entry.address.toString(16)',
    ...paths.map((each) => `String(entry.get('${each}').bigint())`),
  ]
  if (member !== undefined && (values.head || values.embedded)) {
    return [
      `const start = ${codeAddress(start)}`,
      values.head
        ? "const head = program.objectAt('struct list_head', start)"
        : `const head = program.objectAt('struct ${type}', start).get('${path}')`,
      `for (const entry of listForEachEntry(head, 'struct ${type}', '${path}')) console.log(${print.join(', ')})`,
    ].join('\n')
  }
  const link = member === undefined ? '0n' : `BigInt(program.offsetof('struct ${type}', '${path}'))`
  return [
    `const first = ${codeAddress(start)}`,
    `for (let at = first, count = 0; at !== 0n && count < 10_000; count++) {`,
    '  console.log(at.toString(16))',
    `  const next = program.memory.u64(at + ${link})`,
    '  if (next === first || next === at) break',
    '  at = next',
    '}',
  ].join('\n')
}
