// Type definitions as text: gdb's layout of C, with offsets in the margin where crash's -o puts them.
import type { DefinitionBlock } from '../crash/command.ts'
import { sizeofType, stripType, type Member, type Type } from '../debuginfo/type.ts'
import { formatDefinition, formatMember, type DefinitionLine } from '../program/format_type.ts'
import { findMemberPlan } from '../program/member_path.ts'

const INDENT = 4

/** The lines of a definition, `SIZE:` last. */
export function* definitionLines(block: DefinitionBlock): Generator<string> {
  const { type, members, radix } = block
  const size = sizeofType(type)
  const margin = marginOf(block, size)
  const isEnum = stripType(type).kind === 'enum'
  if (members) {
    const [head] = formatDefinition(type)
    yield head?.text ?? ''
    for (const path of members) yield* memberLines(type, path, margin)
    yield '}'
    return
  }
  for (const line of formatDefinition(type)) yield `${margin(line)}${line.text}`
  if (!isEnum) yield `SIZE: ${formatNumber(size, radix)}`
}

type Margin = (line: DefinitionLine) => string

/** What stands left of a line: indentation, and offsets in a column as wide as the largest can be. */
function marginOf({ offsetsFrom, radix }: DefinitionBlock, size: number): Margin {
  if (offsetsFrom === undefined) return ({ depth }) => ' '.repeat(depth * INDENT)
  const isAddress = offsetsFrom !== 0n
  const width =
    2 + (isAddress ? `[${offsetsFrom.toString(16)}]` : `[${formatNumber(size, radix)}]`).length
  return ({ depth, bitOffset }) => {
    if (depth === 0) return ''
    const offset = bitOffset === undefined ? undefined : Math.floor(bitOffset / 8)
    const at =
      offset === undefined
        ? ''
        : isAddress
          ? (offsetsFrom + BigInt(offset)).toString(16)
          : formatNumber(offset, radix)
    const text = at === '' ? '' : `[${at}]`
    return `${text.padStart(width)} ${' '.repeat((depth - 1) * INDENT)}`
  }
}

/** One member by path; behind a pointer its offset is that in the struct pointed to. */
function* memberLines(type: Type, path: string, margin: Margin): Generator<string> {
  const plan = findMemberPlan(type, path)
  if (!plan) return
  const bitOffset = plan.offset * 8 + plan.bitShift
  const member: Member = { name: path, type: plan.type, bitOffset, bitSize: plan.bitSize }
  for (const line of formatMember(member, 1, bitOffset)) yield `${margin(line)}${line.text}`
}

const formatNumber = (value: number, radix: 10 | 16): string =>
  radix === 16 ? `0x${value.toString(16)}` : `${value}`
