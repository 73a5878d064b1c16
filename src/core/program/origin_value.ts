// The value of an origin: arithmetic and loads are done over what somebody knows of arguments and registers.
import { wrap64 } from '../base/addr.ts'
import { attempt } from '../base/errors.ts'
import type { Program } from './program.ts'
import type { Origin } from './value_origin.ts'

/**
 * Compute the value of an origin from memory as it is now: it may have changed since it was loaded, though pointers rarely do.
 *
 * @param known what is known of an origin itself: asked first at every level
 * @returns undefined where something on the way is not known, or not in the dump
 * @internal
 */
export function originValue(
  program: Program,
  origin: Origin,
  known: (origin: Origin) => bigint | undefined,
): bigint | undefined {
  const value = known(origin)
  if (value !== undefined) return value
  const valueOf = (part: Origin): bigint | undefined => originValue(program, part, known)
  switch (origin.kind) {
    case 'constant':
      return origin.value
    case 'address': {
      const base = valueOf(origin.of)
      return base === undefined ? undefined : wrap64(base + origin.offset)
    }
    case 'element': {
      const base = valueOf(origin.of)
      const index = base === undefined ? undefined : valueOf(origin.index)
      return base === undefined || index === undefined
        ? undefined
        : wrap64(base + index * BigInt(origin.scale))
    }
    case 'load': {
      const base = origin.size === 8 ? valueOf(origin.of) : undefined
      return base === undefined
        ? undefined
        : attempt(() => program.memory.u64(wrap64(base + origin.offset)))
    }
    default:
      return undefined
  }
}
