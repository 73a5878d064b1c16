// What `container_of()` was told in the source, guessed from types: the one struct of a module that embeds what a pointer
// points to, and has a member of the right size where the access went.
import { sizeofType, stripType, type CompoundType, type Type } from '../debuginfo/type.ts'
import { formatType } from './format_type.ts'
import { memberAt } from './member_at.ts'
import { findMemberPlan } from './member_path.ts'
import type { Program } from './program.ts'

/** A struct around another, and the member of it that was accessed. */
export interface EnclosingStruct {
  /** `struct watch`. */
  readonly struct: string
  /** The member that is the inner one: `timer`. */
  readonly inner: string
  /** What lies at the offset: `target`. */
  readonly path: string
  readonly type: Type
}

/** Structs within structs: `struct delayed_work` in a device. */
const DEPTH_MAX = 3

/**
 * The struct of a module that embeds the struct `pointer` points to, by an access outside of that one.
 *
 * @param offset from the inner struct's start, in bytes; may be negative
 * @param size of the access
 * @returns undefined where there is none, or more than one: of the kernel's own structs there always are more
 */
export function enclosingStruct(
  program: Program,
  module: string,
  pointer: Type,
  offset: bigint,
  size: number,
): EnclosingStruct | undefined {
  const stripped = stripType(pointer)
  const inner = stripped.kind === 'pointer' ? stripType(stripped.target) : undefined
  const types = program.modules.find(({ name }) => name === module)?.types()
  if (module === '' || !types || inner?.kind !== 'struct' || inner.name === '') return undefined
  let found: EnclosingStruct | undefined
  for (const named of types.forEachNamed('struct')) {
    const outer = stripType(named)
    if (outer.kind !== 'struct') continue
    for (const place of placesOf(outer, inner.name, 0, '', 0)) {
      const member = memberOfSize(outer, place.offset + Number(offset), size)
      if (!member) continue
      if (found) return undefined
      found = { struct: formatType(outer), inner: place.path, ...member }
    }
  }
  return found
}

/** Where a struct embeds another. */
function* placesOf(
  { members }: CompoundType,
  name: string,
  base: number,
  prefix: string,
  depth: number,
): Generator<{ readonly path: string; readonly offset: number }> {
  for (const member of members) {
    const type = stripType(member.type)
    if (type.kind !== 'struct' && type.kind !== 'union') continue
    const offset = base + Math.floor(member.bitOffset / 8)
    const path =
      member.name === '' || prefix === '' ? prefix + member.name : `${prefix}.${member.name}`
    if (type.name === name) yield { path, offset }
    else if (depth < DEPTH_MAX) yield* placesOf(type, name, offset, path, depth + 1)
  }
}

function memberOfSize(
  outer: CompoundType,
  offset: number,
  size: number,
): { readonly path: string; readonly type: Type } | undefined {
  const member = memberAt(outer, offset)
  if (!member || member.path === '' || member.offset !== 0) return undefined
  const plan = findMemberPlan(outer, member.path)
  if (!plan || plan.hops.length > 0 || sizeofType(plan.type) !== size) return undefined
  return { path: member.path, type: plan.type }
}
