// Entries of lists and trees as list and tree show them: an address each, below it the object there.
import { wrap64 } from '../base/addr.ts'
import { KdumpError } from '../base/errors.ts'
import { formatHex } from '../base/hex.ts'
import { cellFault, readCell, type Cell, type Column } from '../base/table.ts'
import { sizeofType, stripType, type Type } from '../debuginfo/type.ts'
import {
  checkReadable,
  formatObject,
  isCharacter,
  type FormatOptions,
} from '../program/format_object.ts'
import { KObject } from '../program/kobject.ts'
import { cellText } from './cell_text.ts'
import { lines, table, type Block, type TableBlock } from './command.ts'
import type { Session } from './session.ts'
import { parseStructReference, type StructReference } from './struct_view.ts'

/** Options of list and tree that choose what is shown of an entry. */
export const ENTRY_OPTIONS = {
  struct: {
    type: 'string',
    short: 's',
    value: 'struct[.member[,member]]',
    multiple: true,
    help: 'show each entry as this type, or members of it',
  },
  scalars: {
    type: 'string',
    short: 'S',
    value: 'struct[.member[,member]]',
    multiple: true,
    help: 'as -s, members of 1, 2, 4 and 8 bytes as bare numbers',
  },
  hex: { type: 'boolean', short: 'x', help: 'numbers in hexadecimal' },
  decimal: { type: 'boolean', short: 'd', help: 'numbers in decimal' },
} as const

/** What the options say. */
export interface EntryView {
  readonly references: readonly StructReference[]
  readonly scalars: boolean
  readonly format: FormatOptions
  /** From the address shown back to the object. */
  readonly offset: bigint
  /** Of indices of places; decimal if absent. */
  readonly indexRadix?: 10 | 16
}

/** One entry. */
export interface Entry {
  readonly address: bigint
  /** Where it is in a tree; shown below the address. */
  readonly place?: EntryPlace
}

/** `index: 1  position: root/0/1`. */
export interface EntryPlace {
  readonly index: bigint | undefined
  readonly position: string
}

/** Read the options. @throws {UsageError} in crash's words for an unknown type or member */
export function parseEntryView(
  session: Session,
  values: {
    readonly struct: readonly string[]
    readonly scalars: readonly string[]
    readonly hex: boolean
    readonly decimal: boolean
  },
  offset = 0n,
): EntryView {
  return {
    references: [...values.struct, ...values.scalars].map((text) =>
      parseStructReference(session, text),
    ),
    scalars: values.struct.length === 0 && values.scalars.length > 0,
    format: session.format(values),
    offset,
  }
}

/** Show entries as they come. */
export function* entryBlocks(
  session: Session,
  entries: Iterable<Entry>,
  view: EntryView,
): Generator<Block> {
  const whole = view.references.some(({ members }) => members.length === 0)
  if (view.references.length === 0 || (view.scalars && !whole)) {
    yield entryTable(session, entries, view)
    return
  }
  for (const entry of entries) {
    if (session.aborted) return
    yield* objectBlocks(session, entry, view)
  }
}

/** What stands above an entry's objects. */
export function entryHeading({ address, place }: Entry, { indexRadix }: EntryView): string[] {
  const text = address.toString(16)
  if (!place) return [text]
  const index =
    place.index === undefined ? '' : `index: ${place.index.toString(indexRadix ?? 10)}  `
  return [text, `  ${index}position: ${place.position}`]
}

/** An entry's objects, one for each reference; what is not there costs its own place only. */
export function* objectBlocks(
  session: Session,
  entry: Entry,
  view: EntryView,
  heading: readonly string[] = entryHeading(entry, view),
): Generator<Block> {
  let above = heading
  for (const { name, type, members } of view.references) {
    const object = new KObject(session.program, type, wrap64(entry.address - view.offset))
    try {
      checkReadable(object)
    } catch (error) {
      if (!(error instanceof KdumpError)) throw error
      yield lines(...above, `  (${cellFault(error).fault})`)
      above = []
      continue
    }
    const { kind } = stripType(type)
    const tag = kind === 'struct' || kind === 'union' ? `${kind} ${name.replace(/^\w+ /, '')} ` : ''
    const some = members.length > 0 ? { members } : {}
    yield { kind: 'object', object, format: view.format, prefix: tag, heading: above, ...some }
    above = []
  }
}

interface MemberColumn {
  readonly type: Type
  readonly path: string
}

function entryTable(session: Session, entries: Iterable<Entry>, view: EntryView): TableBlock {
  const members = view.references.flatMap(({ type, members: paths }) =>
    paths.map((path): MemberColumn => ({ type, path })),
  )
  const columns: Column[] = [
    { title: 'ADDRESS', kind: 'address' },
    { title: 'INDEX', kind: 'decimal' },
    { title: 'POSITION', kind: 'text' },
    ...members.map(({ path }): Column => ({ title: path, key: path, kind: 'text' })),
  ]
  function* rows(): Generator<Cell[]> {
    for (const entry of entries) {
      if (session.aborted) return
      yield [
        entry.address,
        entry.place?.index ?? null,
        entry.place?.position ?? null,
        ...members.map((member) => readCell(() => memberText(session, entry, member, view))),
      ]
    }
  }
  return table(columns, rows(), {
    heading: '',
    line: ([address, index, position, ...cells]) => {
      const place = typeof position === 'string' ? { index: indexOf(index), position } : undefined
      const head = entryHeading({ address: address as bigint, ...(place ? { place } : {}) }, view)
      const values = cells.map((cell, i) => `  ${members[i]?.path ?? ''} = ${cellText(cell)}`)
      return [...head, ...values].join('\n')
    },
  })
}

const indexOf = (cell: Cell | undefined): bigint | undefined =>
  typeof cell === 'bigint' ? cell : undefined

/** A member as -S shows it: numbers are bare and unsigned, whatever their type. */
function memberText(
  { program }: Session,
  entry: Entry,
  { type, path }: MemberColumn,
  { format, offset }: EntryView,
): string {
  const member = new KObject(program, type, wrap64(entry.address - offset)).get(path)
  const stripped = stripType(member.type)
  if (stripped.kind === 'array' && isCharacter(stripped.element)) return `"${member.string()}"`
  if (stripped.kind === 'pointer') {
    const text = isCharacter(stripped.target) ? readCell(() => `  "${member.string()}"`) : ''
    return `${formatHex(member.pointer())}${typeof text === 'string' ? text : `  ${cellText(text)}`}`
  }
  const size = sizeofType(member.type)
  if (![1, 2, 4, 8].includes(size)) return `${formatObject(member, format, 2)},`
  const word = stripped.kind === 'int' || stripped.kind === 'enum' ? member : wordAt(member, size)
  const value = BigInt.asUintN(size * 8, word.bigint())
  return format.radix === 16 ? formatHex(value) : `${value}`
}

/** A struct of a word's size as that word: `refcount_t` and the like. */
function wordAt(member: KObject, size: number): KObject {
  const { littleEndian } = member.program.memory
  const bytes = member.bytes()
  let value = 0n
  for (let i = 0; i < size; i++)
    value = (value << 8n) | BigInt(bytes[littleEndian ? size - 1 - i : i] ?? 0)
  return new KObject(member.program, member.type, 0n, { value })
}
