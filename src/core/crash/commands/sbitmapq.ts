// sbitmapq: which bits of a scalable bitmap are taken, and what they stand for. Source of names and layout: crash's
// `sbitmapq`, and block's debugfs.
import { wrap64 } from '../../base/addr.ts'
import { UsageError } from '../../base/errors.ts'
import { formatAddress, formatHex } from '../../base/hex.ts'
import { readCell, type Cell, type Column } from '../../base/table.ts'
import { sizeofType } from '../../debuginfo/type.ts'
import { forEachCpu, perCpuPtr } from '../../kernel/percpu.ts'
import {
  sbitmapBytes,
  sbitmapForEachSet,
  sbitmapWeight,
  sbqWaitQueues,
} from '../../kernel/sbitmap.ts'
import { waitqueueActive } from '../../kernel/wait.ts'
import { KObject } from '../../program/kobject.ts'
import type { Program } from '../../program/program.ts'
import { cellText } from '../cell_text.ts'
import { defineCommand, lines, table, type Block, type CommandArgs } from '../command.ts'
import { codeAddress, parseAddress } from '../operand.ts'
import type { Session } from '../session.ts'
import { parseStructReference } from '../struct_view.ts'

const OPTIONS = {
  struct: {
    type: 'string',
    short: 's',
    value: 'struct[.member[,member]]',
    help: 'what the bits stand for, with -a',
  },
  array: {
    type: 'string',
    short: 'a',
    value: 'address',
    help: 'the array that bits are indices of',
  },
  pointers: { type: 'boolean', short: 'p', help: 'the array is one of pointers' },
  verbose: { type: 'boolean', short: 'v', help: 'with -s: show each struct' },
  hex: { type: 'boolean', short: 'x', help: 'with -v: numbers in hexadecimal' },
  decimal: { type: 'boolean', short: 'd', help: 'with -v: numbers in decimal' },
} as const

type Args = CommandArgs<typeof OPTIONS>

export const sbitmapq = defineCommand({
  name: 'sbitmapq',
  summary: 'sbitmap_queue struct contents',
  operands: 'address',
  operandsMin: 1,
  description:
    'A struct sbitmap_queue, such as the tags of a block device or the commands of a SCSI target session: its counters ' +
    'and bits, or with -s and -a the structs its bits stand for.',
  examples: [
    { text: 'tags of a hardware queue', command: 'sbitmapq ffff8ea742013850' },
    {
      text: 'the requests that hold them',
      command: 'sbitmapq -s request -a ffff8ea741071800 -p ffff8ea742013850',
    },
  ],
  options: OPTIONS,
  needs: ['symbols', 'types'],
  code: ({ operands }) =>
    `const queue = program.objectAt('struct sbitmap_queue', ${codeAddress(operands[0] ?? '0')})
console.log(queue.number('sb.depth'), sbitmapWeight(queue.get('sb')))
for (const bit of sbitmapForEachSet(queue.get('sb'))) console.log(bit)`,
  *run(session, { values, operands }) {
    if (values.struct === undefined && values.array !== undefined)
      throw new UsageError('-a option is used with -s option only')
    if (values.struct !== undefined && values.array === undefined)
      throw new UsageError('-s option requires -a option')
    const { program } = session
    const address = parseAddress(program, operands[0] as string)
    const queue = program.objectAt('struct sbitmap_queue', address)
    if (values.struct === undefined) yield* queueBlocks(program, queue)
    else yield* structBlocks(session, queue, values)
  },
})

function* queueBlocks(program: Program, queue: KObject): Generator<Block> {
  const sb = queue.get('sb')
  const { set, cleared } = sbitmapWeight(sb)
  const hints = allocHints(program, queue)
  // Since v5.13 it is the bitmap's own.
  const roundRobin = queue.find('sb.round_robin') ?? queue.find('round_robin')
  const before: [string, Cell][] = [
    ['depth', sb.number('depth')],
    ['busy', set - cleared],
    ['cleared', cleared],
    ['bits_per_word', 2 ** sb.number('shift')],
    ['map_nr', sb.number('map_nr')],
    ['alloc_hint', `{${hints.join(', ')}}`],
    ['wake_batch', queue.number('wake_batch')],
    ['wake_index', queue.number('wake_index.counter')],
  ]
  const active = queue.find('ws_active')
  if (active) before.push(['ws_active', active.number('counter')])
  yield valueTable(before)
  yield waitTable(queue)
  const after: [string, Cell][] = []
  if (roundRobin) after.push(['round_robin', Number(roundRobin.bool())])
  const shallow = queue.find('min_shallow_depth')
  if (shallow) after.push(['min_shallow_depth', shallow.number()])
  yield valueTable(after)
  yield lines('', ...hexLines(sbitmapBytes(sb)))
}

/** Where each CPU begins to look for a free bit. */
function allocHints(program: Program, queue: KObject): string[] {
  const hints = queue.find('sb.alloc_hint') ?? queue.find('alloc_hint')
  if (!hints || hints.isNull()) return []
  return forEachCpu(program, 'possible').map((cpu) =>
    cellText(readCell(() => perCpuPtr(hints, cpu).number())),
  )
}

function valueTable(rows: readonly (readonly [string, Cell])[]): Block {
  const columns: readonly Column[] = [
    { title: 'NAME', kind: 'text' },
    { title: 'VALUE', kind: 'decimal' },
  ]
  return table(columns, rows, {
    heading: '',
    line: ([name, value]) => `${cellText(name)} = ${cellText(value)}`,
  })
}

function waitTable(queue: KObject): Block {
  const rows = sbqWaitQueues(queue).map(({ waitCount, queue: waiters }, i): Cell[] => [
    i,
    waitCount ?? null,
    readCell(() => (waitqueueActive(waiters) ? 'active' : 'inactive')),
  ])
  const columns: readonly Column[] = [
    { title: 'INDEX', kind: 'decimal' },
    { title: 'WAIT_CNT', kind: 'decimal' },
    { title: 'WAIT', kind: 'text' },
  ]
  // Since v6.1 there is no count to show; crash 9.0.2 fails for want of it.
  const line = ([index, count, wait]: readonly Cell[]): string =>
    `\t{ ${count === null ? '' : `.wait_cnt = ${cellText(count)}, `}.wait = ${cellText(wait)} },` +
    (index === rows.length - 1 ? '\n}' : '')
  return table(columns, rows, { heading: rows.length === 0 ? 'ws = {\n}' : 'ws = {', line })
}

/** `00000000: 0000 0000 0030`. @source lib/sbitmap.c emit_byte() */
function hexLines(bytes: Uint8Array): string[] {
  const text: string[] = []
  for (let at = 0; at < bytes.length; at += 16) {
    const pairs = formatPairs(bytes.subarray(at, at + 16))
    text.push(`${at.toString(16).padStart(8, '0')}: ${pairs}`)
  }
  return text
}

function formatPairs(bytes: Uint8Array): string {
  return Array.from(bytes, (byte, i) => {
    const hex = byte.toString(16).padStart(2, '0')
    return i % 2 === 0 && i > 0 ? ` ${hex}` : hex
  }).join('')
}

function* structBlocks(session: Session, queue: KObject, values: Args['values']): Generator<Block> {
  const { program } = session
  const { name, type, members } = parseStructReference(session, values.struct as string)
  const array = parseAddress(program, values.array as string)
  const size = values.pointers ? 8 : sizeofType(type)
  function* elements(): Generator<{ bit: number; address: bigint }> {
    for (const bit of sbitmapForEachSet(queue.get('sb'))) {
      const at = wrap64(array + BigInt(bit * size))
      yield { bit, address: values.pointers ? program.memory.u64(at) : at }
    }
  }
  if (!values.verbose) {
    const columns: readonly Column[] = [
      { title: 'BIT', kind: 'decimal' },
      { title: 'ADDRESS', kind: 'address' },
    ]
    function* rows(): Generator<Cell[]> {
      for (const { bit, address } of elements()) yield [bit, address]
    }
    yield table(columns, rows(), {
      heading: '',
      line: ([bit, address]) => `${cellText(bit)}: ${formatHex(address as bigint)}`,
    })
    return
  }
  for (const { bit, address } of elements()) {
    if (session.aborted) return
    yield lines(`${bit} (0x${formatAddress(address)}):`)
    yield {
      kind: 'object',
      object: new KObject(program, type, address),
      format: session.format(values),
      prefix: `struct ${name} `,
      ...(members.length > 0 ? { members } : {}),
    }
  }
}
