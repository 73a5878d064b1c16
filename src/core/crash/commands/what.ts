// what: what is this address? Everything kbox knows of it, in one place. A command of our own: crash has `kmem ADDRESS` and
// `sym`, drgn identify_address().
import { formatHex } from '../../base/hex.ts'
import type { Cell, Column } from '../../base/table.ts'
import { identifyAddress, type Identity } from '../../kernel/identify.ts'
import { defineCommand, table, type Block, type TableBlock } from '../command.ts'
import { cellText, hexText } from '../cell_text.ts'
import { codeAddress, parseAddress } from '../operand.ts'
import type { Session } from '../session.ts'

export const what = defineCommand({
  name: 'what',
  summary: 'what is this address',
  operands: 'address | symbol ...',
  operandsMin: 1,
  description:
    'Symbol, per-CPU variable, module, slab object with the member it points to, task or stack with the frame, vmalloc ' +
    "area with who asked for it, mapping of the current task's memory, page and its contents, region of the address space; " +
    'and for what is no address: poison, an encoded error, text. Whatever is not known is left out.',
  examples: [
    { text: 'a pointer found in a register', command: 'what ffff8ea741234cc8' },
    { text: 'is it freed memory?', command: 'what 6b6b6b6b6b6b6b7b' },
    { text: 'the stack pointer of a task', command: 'what ffffd0dc00013b18' },
  ],
  options: {},
  needs: ['symbols'],
  code: ({ operands }) =>
    [
      `for (const address of [${operands.map(codeAddress).join(', ')}]) {`,
      '  console.log(formatAddress(address))',
      '  for (const { kind, name, offset, detail } of identifyAddress(program, address, task))',
      '    console.log(kind, name, offset, detail)',
      '}',
    ].join('\n'),
  *run(session, { operands }) {
    for (const operand of operands) {
      if (session.aborted) return
      yield* describe(session, operand)
    }
  },
})

function* describe(session: Session, operand: string): Generator<Block> {
  const { program } = session
  const address = parseAddress(program, operand)
  const task = program.arch.isKernelAddress(address) ? undefined : session.task
  yield identityTable(address, identifyAddress(program, address, task))
}

const COLUMNS: readonly Column[] = [
  { title: 'ADDRESS', kind: 'address' },
  { title: 'KIND', kind: 'text' },
  { title: 'NAME', kind: 'text' },
  { title: 'START', kind: 'address' },
  { title: 'OFFSET', kind: 'decimal' },
  { title: 'DETAIL', kind: 'text' },
]

function identityTable(address: bigint, identities: readonly Identity[]): TableBlock {
  const rows = identities.map(({ kind, name, start, offset, detail }): Cell[] => [
    address,
    kind,
    name,
    start ?? null,
    offset === undefined ? null : Number(offset),
    detail,
  ])
  const nothing: Cell[] = [address, 'unknown', '', null, null, 'nothing is known of this address']
  return table(COLUMNS, rows.length === 0 ? [nothing] : rows, {
    heading: hexText(address).padStart(16, '0'),
    line: identityLine,
  })
}

function identityLine([, kind, name, start, offset, detail]: readonly Cell[]): string {
  const plus = typeof offset === 'number' && offset !== 0 ? `+${formatHex(offset)}` : ''
  const from = start === null ? '' : ` at ${hexText(start)}`
  const text = [`${cellText(name)}${plus}`, cellText(detail)].filter((part) => part !== '')
  // A symbol says where it is by its offset, a region by its name.
  const where = kind === 'symbol' || kind === 'region' || kind === 'value' ? '' : from
  return `  ${`${cellText(kind)}:`.padEnd(18)} ${text[0] ?? ''}${where}${text[1] === undefined ? '' : `  ${text[1]}`}`
}
