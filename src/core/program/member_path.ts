// Dotted member paths ('mm.pgd', 'pid_links[0].pprev'), resolved once per type: offsets to add, pointers to follow.
import { NotFoundError } from '../base/errors.ts'
import { sizeofType, stripType, type Type } from '../debuginfo/type.ts'

/** Where a path leads: add hops[0], follow the pointer there, add hops[1], … then `offset`. */
export interface MemberPlan {
  /** Offsets of the pointers to follow, in bytes. */
  readonly hops: readonly number[]
  readonly offset: number
  readonly type: Type
  /** Bit fields: first bit within the byte at `offset`, and width; width 0 otherwise. */
  readonly bitShift: number
  readonly bitSize: number
}

const plans = new WeakMap<Type, Map<string, MemberPlan | null>>()

/**
 * Resolve a path against a struct, union, or pointer to one.
 *
 * @returns undefined if a member on the way does not exist
 */
export function findMemberPlan(type: Type, path: string): MemberPlan | undefined {
  let byPath = plans.get(type)
  if (!byPath) plans.set(type, (byPath = new Map()))
  let plan = byPath.get(path)
  if (plan === undefined) {
    plan = resolvePath(type, path) ?? null
    byPath.set(path, plan)
  }
  return plan ?? undefined
}

/** Find the first of several alternative paths. @throws {NotFoundError} naming them all if none exists */
export function getMemberPlan(type: Type, paths: readonly string[]): MemberPlan {
  for (const path of paths) {
    const plan = findMemberPlan(type, path)
    if (plan) return plan
  }
  throw new NotFoundError('member', `${describe(type)} has no ${paths.join(' or ')}`)
}

function describe(type: Type): string {
  const stripped = stripType(type)
  return 'name' in stripped ? `${stripped.kind} ${stripped.name || '(anonymous)'}` : stripped.kind
}

function resolvePath(start: Type, path: string): MemberPlan | undefined {
  const hops: number[] = []
  let type = start
  let offset = 0
  let bitShift = 0
  let bitSize = 0
  for (const step of path.split(/\.|->/)) {
    const [name = '', ...indices] = step.split(/\[|\]\[?/).filter((part) => part !== '')
    let holder = stripType(type)
    if (holder.kind === 'pointer') {
      hops.push(offset)
      offset = 0
      holder = stripType(holder.target)
    }
    if (holder.kind !== 'struct' && holder.kind !== 'union') return undefined
    const member = holder.memberIndex.get(name)
    if (!member) return undefined
    type = member.type
    offset += Math.floor(member.bitOffset / 8)
    bitShift = member.bitOffset % 8
    bitSize = member.bitSize
    for (const index of indices) {
      const array = stripType(type)
      if (array.kind !== 'array' || !/^\d{1,10}$/.test(index)) return undefined
      type = array.element
      offset += Number(index) * sizeofType(type)
    }
  }
  return { hops, offset, type, bitShift, bitSize }
}
