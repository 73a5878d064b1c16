// What struct, union and * have in common: a type by name, its definition, or objects of it at an address.
import { wrap64 } from '../base/addr.ts'
import { UnsupportedError, UsageError } from '../base/errors.ts'
import { sizeofType, stripType, type Type } from '../debuginfo/type.ts'
import { perCpuOffset } from '../kernel/percpu.ts'
import { checkReadable } from '../program/format_object.ts'
import { KObject } from '../program/kobject.ts'
import { findMemberPlan } from '../program/member_path.ts'
import type { Block, CommandArgs, DefinitionBlock, ObjectBlock } from './command.ts'
import { memoryTable } from './memory_table.ts'
import {
  isPerCpuAddress,
  parseAddress,
  parseCount,
  parseHex,
  parsePerCpuOperand,
} from './operand.ts'
import type { Session } from './session.ts'
import { UserMemory } from './user_memory.ts'

/** Objects shown by one command at most. */
const COUNT_LIMIT = 100_000

/** Options of struct, union and `*`. */
export const STRUCT_OPTIONS = {
  offsets: { type: 'boolean', short: 'o', help: 'show member offsets, or addresses' },
  list: {
    type: 'string',
    short: 'l',
    value: 'offset',
    help: 'the address is that of a member: bytes, or struct.member',
  },
  raw: { type: 'boolean', short: 'r', help: 'show the bytes instead' },
  file: { type: 'boolean', short: 'f' },
  user: {
    type: 'boolean',
    short: 'u',
    help: 'the address is one of the current task in user space',
  },
  hex: { type: 'boolean', short: 'x', help: 'numbers in hexadecimal' },
  decimal: { type: 'boolean', short: 'd', help: 'numbers in decimal' },
  follow: { type: 'boolean', short: 'p', help: 'also show what member pointers point to' },
  count: { type: 'string', short: 'c', value: 'count', help: 'this many; negative: those before' },
} as const

/** Their command line. */
export type StructArgs = CommandArgs<typeof STRUCT_OPTIONS>

/** `task_struct.pid,comm`: the type and the member paths behind it. */
export interface StructReference {
  readonly name: string
  readonly type: Type
  readonly members: readonly string[]
}

/**
 * Yield what `struct NAME[.member,...] [address[:cpus]] [count]` shows.
 *
 * @throws {UsageError} in crash's words for an unknown type or member
 */
export function* structBlocks(session: Session, args: StructArgs): Generator<Block> {
  const { values } = args
  if (values.file) throw new UnsupportedError('-f: the dump is not read by file offset')
  const operands = [...args.operands]
  const reference = parseStructReference(session, operands.shift() as string)
  const target = operands.shift()
  if (target === undefined) {
    yield definition(session, reference, values)
    return
  }
  const count = parseCount(values.count ?? operands.shift() ?? '1')
  if (count === 0 || Math.abs(count) > COUNT_LIMIT) throw new UsageError(`invalid count: ${count}`)
  const { text, cpus } = parsePerCpuOperand(session, target)
  const address = wrap64(parseAddress(session.program, text) - listOffset(session, values.list))
  if (cpus === undefined && !parseHex(text) && isPerCpuAddress(session.program, address)) {
    throw new UsageError(`${text} is a percpu address: append :a, :0 or :0-2 to say whose copy`)
  }
  if (cpus) for (const cpu of cpus) yield* cpuBlocks(session, reference, args, address, cpu)
  else yield* arrayBlocks(session, reference, args, address, count)
}

/** Parse `name.member,member`; every member must exist. @throws {UsageError} in crash's words */
export function parseStructReference(session: Session, text: string): StructReference {
  const dot = text.indexOf('.')
  const name = dot < 0 ? text : text.slice(0, dot)
  const type = findStructType(session, name)
  const members = dot < 0 ? [] : splitMembers(text.slice(dot + 1))
  const missing = type && members.find((member) => !findMemberPlan(type, member))
  if (!type || missing !== undefined) {
    const what = missing === undefined ? name : `${name}.${missing}`
    throw new UsageError(`invalid data structure reference: ${what}`)
  }
  return { name, type, members }
}

function findStructType({ program }: Session, name: string): Type | undefined {
  if (/^(struct|union|enum) /.test(name)) return program.findType(name)
  for (const candidate of [`struct ${name}`, `union ${name}`, name, `enum ${name}`]) {
    const type = program.findType(candidate)
    if (type) return type
  }
  return undefined
}

/** Commas separate members, but not inside brackets. */
const splitMembers = (text: string): string[] => text.split(',').filter((member) => member !== '')

function definition(
  session: Session,
  { type, members }: StructReference,
  values: StructArgs['values'],
): DefinitionBlock {
  const { radix } = session.format(values)
  if (members.length === 0 && !values.offsets) return { kind: 'definition', type, radix }
  const some = members.length > 0 ? { members } : {}
  return { kind: 'definition', type, radix, offsetsFrom: 0n, ...some }
}

/** Bytes of `-l`: a number, or the offset of `struct.member`. */
function listOffset(session: Session, text: string | undefined): bigint {
  return text === undefined ? 0n : parseOffset(session, text, '-l')
}

/**
 * Parse an offset: `struct.member`, or a number of bytes, hexadecimal with 0x or letters.
 *
 * @param option whose value it is, for messages
 * @throws {UsageError} in crash's words
 */
export function parseOffset(session: Session, text: string, option: string): bigint {
  const offset = findOffset(session, text)
  if (offset === undefined) throw new UsageError(`invalid ${option} argument: ${text}`)
  return offset
}

/** As {@link parseOffset}, undefined for what is none. */
export function findOffset(session: Session, text: string): bigint | undefined {
  if (/^\d+$/.test(text)) return BigInt(text)
  const hex = parseHex(text)
  if (hex !== undefined) return hex
  const match = /^(\w+)\.(.+)$/.exec(text)
  const type = match && findStructType(session, match[1] as string)
  const plan = type && findMemberPlan(type, match[2] as string)
  return plan && plan.hops.length === 0 ? BigInt(plan.offset) : undefined
}

function* cpuBlocks(
  session: Session,
  reference: StructReference,
  { values }: StructArgs,
  address: bigint,
  cpu: number,
): Generator<Block> {
  const at = wrap64(address + perCpuOffset(session.program, cpu))
  yield* instanceBlocks(session, reference, values, at, cpu)
}

/** `count` objects in a row; -3 ends with the one at `address`. */
function* arrayBlocks(
  session: Session,
  reference: StructReference,
  { values }: StructArgs,
  address: bigint,
  count: number,
): Generator<Block> {
  const size = BigInt(sizeofType(reference.type))
  const first = count < 0 ? wrap64(address + size * BigInt(count + 1)) : address
  for (let i = 0; i < Math.abs(count); i++) {
    const at = wrap64(first + size * BigInt(i))
    const blocks = (): Iterable<Block> => instanceBlocks(session, reference, values, at, undefined)
    if (count === 1) yield* blocks()
    else yield { kind: 'section', heading: undefined, blocks: blocks() }
  }
}

function* instanceBlocks(
  session: Session,
  { name, type, members }: StructReference,
  values: StructArgs['values'],
  address: bigint,
  cpu: number | undefined,
): Generator<Block> {
  const memory = values.user
    ? new UserMemory(session.program, session.task)
    : session.program.memory
  const object = new KObject(session.program, type, address, { memory })
  const some = members.length > 0 ? { members } : {}
  if (values.offsets) {
    yield {
      kind: 'definition',
      type,
      radix: session.format(values).radix,
      offsetsFrom: address,
      ...some,
    }
    return
  }
  checkReadable(object)
  if (values.raw) {
    const parts = members.length > 0 ? members.map((member) => object.get(member)) : [object]
    for (const part of parts)
      yield memoryTable({ memory, start: part.address, size: sizeofType(part.type) })
    return
  }
  const kind = stripType(type).kind
  const block: ObjectBlock = {
    kind: 'object',
    object,
    format: session.format(values),
    follow: values.follow,
    ...(kind === 'struct' || kind === 'union'
      ? { prefix: `${kind} ${name.replace(/^\w+ /, '')} ` }
      : {}),
    ...some,
  }
  yield cpu === undefined ? block : { ...block, cpu }
}
