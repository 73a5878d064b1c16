// From an offset to the member that lies there: what a pointer into the middle of a struct points to.
import {
  sizeofType,
  stripType,
  TYPE_DEPTH_LIMIT,
  type CompoundType,
  type Type,
} from '../debuginfo/type.ts'

/** A member, found by its offset. */
export interface MemberAt {
  /** `se.run_node.rb_left`, `pids[2].next`; '' for the very object. */
  readonly path: string
  /** Bytes the offset is behind the start of that member. */
  readonly offset: number
}

/**
 * The innermost member at a byte offset. Of a union the first member that reaches there is taken: usually right, and
 * never more than a guess.
 *
 * @param whole name of a struct that is not looked into: of a lock, say
 * @returns undefined beyond the type's end
 */
export function memberAt(type: Type, offset: number, whole?: string): MemberAt | undefined {
  let path = ''
  let at = offset
  let current = stripType(type)
  if (offset < 0 || offset >= sizeofType(type)) return undefined
  for (let depth = 0; depth < TYPE_DEPTH_LIMIT; depth++) {
    if (current.kind === 'array') {
      const size = sizeofType(current.element)
      if (size === 0) break
      const index = Math.floor(at / size)
      path += `[${index}]`
      at -= index * size
      current = stripType(current.element)
    } else if (current.kind === 'struct' || current.kind === 'union') {
      if (current.name === whole && path !== '') break
      const member = memberOf(current, at)
      // Padding belongs to nobody.
      if (!member) break
      if (member.name !== '') path += path === '' ? member.name : `.${member.name}`
      at -= Math.floor(member.bitOffset / 8)
      current = stripType(member.type)
    } else break
  }
  return { path, offset: at }
}

function memberOf(
  { members }: CompoundType,
  at: number,
): CompoundType['members'][number] | undefined {
  return members.find((member) => {
    const start = Math.floor(member.bitOffset / 8)
    return at >= start && at < start + Math.max(1, sizeofType(member.type))
  })
}
