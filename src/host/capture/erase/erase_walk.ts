// The loops of erase rules: the elements of an array, of structs linked by a member, of a list_head. Every walk is
// bounded and notices cycles (makedumpfile's may go on for ever).
import { wrap64 } from '../../../core/base/addr.ts'
import { CorruptError, UsageError } from '../../../core/base/errors.ts'
import { stripType, type Type } from '../../../core/debuginfo/type.ts'
import { forEachNode } from '../../../core/kernel/list.ts'
import { KObject } from '../../../core/program/kobject.ts'
import { getMemberPlan } from '../../../core/program/member_path.ts'
import type { EraseLoop } from './erase_config.ts'

/**
 * Walk what a loop's list expression leads to.
 *
 * @throws {UsageError} if the list is not of the kind the loop says
 * @throws {CorruptError} after the good elements, if the list has no end
 * @throws {FaultError} after the good elements, if one cannot be read
 */
export function* forEachElement(list: KObject, loop: EraseLoop): Generator<KObject> {
  const type = stripType(list.type)
  if (type.kind === 'array') yield* forEachArrayElement(list, loop)
  else if (loop.via !== undefined) yield* forEachLinked(list, loop, loop.via)
  else if (loop.within) yield* forEachListed(list, loop, loop.within)
  else
    throw new UsageError(
      `'${loop.list.text}' is no array: write via MEMBER or within STRUCT:MEMBER`,
    )
}

function* forEachArrayElement(list: KObject, { list: { text } }: EraseLoop): Generator<KObject> {
  if (list.length === 0) {
    throw new UsageError(
      `'${text}' is an array of unknown length: write its type before it, as in '(int [8])${text}'`,
    )
  }
  for (const element of list) {
    const isNull = stripType(element.type).kind === 'pointer' && element.isNull()
    if (!isNull) yield element
  }
}

/** A struct, or what a pointer points to, and those it leads to, until NULL or the first again. */
function* forEachLinked(
  list: KObject,
  { list: { text } }: EraseLoop,
  via: string,
): Generator<KObject> {
  const isPointer = stripType(list.type).kind === 'pointer'
  if (isPointer && list.isNull()) return
  const first = isPointer ? list.deref() : list
  if (!isCompound(first.type)) {
    throw new UsageError(`'${text}' is no struct or pointer to one: via has no members to follow`)
  }
  const { program, type } = first
  const at = (address: bigint): KObject => new KObject(program, type, address)
  const next = first.get(via)
  if (stripType(next.type).kind !== 'pointer') {
    throw new UsageError(`'${via}' is no pointer: via needs a member that points to the next`)
  }
  yield first
  const second = next.pointer()
  for (const node of forEachNode(
    (address) => at(address).pointer(via),
    second,
    (address) => address === 0n || address === first.address,
  )) {
    yield at(node)
  }
}

/** Entries of a `struct list_head`, given by itself, by its `.next` or `.prev`, or by a pointer to it. */
function* forEachListed(
  list: KObject,
  { list: { text, path } }: EraseLoop,
  within: { readonly struct: string; readonly member: string },
): Generator<KObject> {
  const { program } = list
  const holder = program.type(`struct ${within.struct}`)
  const { offset, hops, type } = getMemberPlan(holder, [within.member])
  if (hops.length > 0 || !isListHead(type)) {
    throw new UsageError(`'${within.struct}:${within.member}' is no list_head inside of the struct`)
  }
  const head = headOf(list, text, path)
  const first = program.memory.u64(head)
  // All zero was never initialised: an empty list to whoever asks after a crash.
  if (first === 0n) return
  for (const node of forEachNode(
    (address) => program.memory.u64(address),
    first,
    (address) => address === head,
  )) {
    yield new KObject(program, holder, wrap64(node - BigInt(offset)))
  }
}

function headOf(list: KObject, text: string, path: string): bigint {
  const type = stripType(list.type)
  if (isListHead(type)) return list.address
  if (type.kind !== 'pointer' || !isListHead(type.target)) {
    throw new UsageError(`'${text}' is no list_head: within needs one`)
  }
  // `head.next` means the head it is a member of, as in makedumpfile.
  if (/(^|\.)next$/.test(path)) return list.address
  if (/(^|\.)prev$/.test(path)) return wrap64(list.address - 8n)
  const head = list.pointer()
  if (head === 0n)
    throw new CorruptError(list.address, `'${text}' is NULL where a list was expected`)
  return head
}

function isListHead(type: Type): boolean {
  const stripped = stripType(type)
  return stripped.kind === 'struct' && stripped.name === 'list_head'
}

function isCompound(type: Type): boolean {
  const { kind } = stripType(type)
  return kind === 'struct' || kind === 'union'
}
