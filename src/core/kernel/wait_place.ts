// What a lock or a queue is called: by its symbol, or by the object it is a member of, and what that object is called.
import { formatHex } from '../base/hex.ts'
import { attempt } from '../base/errors.ts'
import { sizeofType, stripType, type CompoundType, type Type } from '../debuginfo/type.ts'
import { memberAt } from '../program/member_at.ts'
import { findMemberPlan } from '../program/member_path.ts'
import type { Program } from '../program/program.ts'
import { inodeText } from './identify_page.ts'
import { cacheType } from './identify_slab.ts'
import { mmOwnerText } from './identify_user.ts'
import { listForEachEntry } from './list.ts'
import { slabObjectInfo } from './slab.ts'
import { slabCacheName } from './slab_cache.ts'
import type { TaskStacks } from './task_stacks.ts'
import type { WaitFrame } from './wait_function.ts'

/** Frames whose parameters are looked at for the type of an object. */
const FRAMES_MAX = 8
const SUPER_BLOCKS_MAX = 100_000

/** What is known of a place. */
export interface PlaceHint {
  /** Struct that lies there: `mutex`; '' if it may be any. */
  readonly struct: string
  /** Of a task that waits there, innermost first: what its functions are given may be what it lies in. */
  readonly frames: readonly WaitFrame[]
  readonly stacks: TaskStacks
}

/** `routes_lock [net]`, `struct inode.i_rwsem of /srv/db`, `ffff…, in an object of kmalloc-64`. */
export function placeName(program: Program, address: bigint, hint: PlaceHint): string {
  for (const name of NAMERS) {
    const found = attempt(() => name(program, address, hint))
    if (found !== undefined) return found
  }
  return formatHex(address)
}

type Namer = (program: Program, address: bigint, hint: PlaceHint) => string | undefined

const NAMERS: readonly Namer[] = [nameSymbol, nameSlab, nameStack]

function nameSymbol(program: Program, address: bigint, { struct }: PlaceHint): string | undefined {
  const symbol = program.symbolAt(address)
  // The size of the last symbol is not known.
  const isWithin =
    symbol && (address === symbol.address || address < symbol.address + BigInt(symbol.size))
  if (!symbol || !isWithin) return undefined
  const module = symbol.module === '' ? '' : ` [${symbol.module}]`
  if (address === symbol.address) return `${symbol.name}${module}`
  const type = program.findGlobalType(symbol.name)
  const member = type && memberPath(type, Number(address - symbol.address), struct)
  const place = member === undefined ? `+${formatHex(address - symbol.address)}` : `.${member}`
  return `${symbol.name}${place}${module}`
}

function nameStack(_: Program, address: bigint, { stacks }: PlaceHint): string | undefined {
  const task = stacks.at(address)
  return task && `of PID ${task.number('pid')} "${task.string('comm')}", on its stack`
}

function nameSlab(program: Program, address: bigint, hint: PlaceHint): string | undefined {
  const found = slabObjectInfo(program, address)
  if (!found) return undefined
  const { cache, object, allocated } = found
  const offset = Number(address - object)
  const size = cache.number('object_size')
  const freed = allocated === false ? ', which is free' : ''
  const superBlock = nameSuperBlock(program, address, hint.struct)
  if (superBlock !== undefined) return superBlock
  const type = cacheType(program, cache) ?? parameterType(program, offset, size, hint)
  const struct = type && stripType(type)
  if (struct?.kind !== 'struct')
    return `${formatHex(address)}, ${offset} bytes into a ${slabCacheName(cache)} object${freed}`
  return `${memberText(program, struct, object, offset, hint.struct)}${freed}`
}

/** Of a file system's inode the part that all inodes have says more. */
function memberText(
  program: Program,
  struct: CompoundType,
  object: bigint,
  offset: number,
  wanted: string,
): string {
  const inode = struct.memberIndex.get('vfs_inode')
  const inodeAt = inode ? inode.bitOffset / 8 : 0
  const base = inode && offset >= inodeAt ? stripType(inode.type) : struct
  const start = base === struct ? 0 : inodeAt
  const name = base.kind === 'struct' ? base.name : struct.name
  const member = memberPath(base, offset - start, wanted) ?? formatHex(offset - start)
  const owner = attempt(() => objectText(program, name, object + BigInt(start)))
  const of = owner === undefined || owner === '' ? '' : ` of ${owner}`
  return `struct ${name}.${member}${of}`
}

function objectText(program: Program, struct: string, object: bigint): string {
  if (struct === 'inode') return inodeText(program.objectAt('struct inode', object))
  if (struct === 'mm_struct') return mmOwnerText(program, object)
  if (struct !== 'task_struct') return ''
  const task = program.objectAt('struct task_struct', object)
  return `PID ${task.number('pid')} "${task.string('comm')}"`
}

/** Super blocks come from no cache of their own; what is in one is known by their list. */
function nameSuperBlock(program: Program, address: bigint, struct: string): string | undefined {
  if (!program.hasSymbol('super_blocks')) return undefined
  const type = program.type('struct super_block')
  const size = BigInt(sizeofType(type))
  let count = 0
  for (const sb of listForEachEntry(
    program.object('super_blocks', 'struct list_head'),
    'struct super_block',
    's_list',
  )) {
    if (++count > SUPER_BLOCKS_MAX) return undefined
    if (address < sb.address || address >= sb.address + size) continue
    const member = memberPath(type, Number(address - sb.address), struct) ?? 's_list'
    const frozen = sb.number('s_writers.frozen') === 0 ? '' : ', which is frozen'
    return `struct super_block.${member} of ${sb.string('s_id')}${frozen}`
  }
  return undefined
}

/**
 * The type of an object that any type may lie in: a struct whose pointer one of the functions on the stack is given, and
 * that has what is wanted at that very offset.
 */
function parameterType(
  program: Program,
  offset: number,
  size: number,
  { struct, frames }: PlaceHint,
): Type | undefined {
  if (struct === '') return undefined
  for (const { name } of frames.slice(0, FRAMES_MAX)) {
    for (const type of name === null ? [] : pointedTypes(program, name)) {
      const fits = sizeofType(type) <= size && isMember(type, offset, struct)
      if (fits) return type
    }
  }
  return undefined
}

function* pointedTypes(program: Program, name: string): Generator<CompoundType> {
  for (const provider of program.typeProviders()) {
    const prototype = provider.findFunction(name)
    if (!prototype) continue
    for (const { type } of prototype.parameters) {
      const pointer = stripType(type)
      const target = pointer.kind === 'pointer' ? stripType(pointer.target) : undefined
      if (target?.kind === 'struct') yield target
    }
    return
  }
}

/** Does the struct that is wanted begin at this offset? */
function isMember(type: CompoundType, offset: number, wanted: string): boolean {
  const member = memberAt(type, offset, wanted)
  if (!member || member.offset !== 0 || member.path === '') return false
  const plan = findMemberPlan(type, member.path)
  const found = plan && stripType(plan.type)
  return found?.kind === 'struct' && found.name === wanted
}

/** Path of the member at an offset, up to the struct that is wanted. */
function memberPath(type: Type, offset: number, wanted: string): string | undefined {
  const member = memberAt(type, offset, wanted)
  if (!member || member.path === '') return undefined
  return member.offset === 0 ? member.path : `${member.path}+${member.offset}`
}
