// Where a value came from, as an expression over what a function was given: `*(argument 0 + 0x18)`. Two values of one key
// were computed alike; memory may have changed between.
import { wrap64 } from '../base/addr.ts'

/** Loads within loads: a longer chain says nothing to a reader. */
const DEPTH_MAX = 8

/** Where a value came from. */
export type Origin = Readonly<{ key: string; depth: number }> &
  (
    | { readonly kind: 'argument'; readonly index: number }
    /** What a call at `at` returned: of a function known by its address, or of one found at run time. */
    | {
        readonly kind: 'result'
        readonly at: bigint
        readonly callee: bigint | undefined
        readonly through: Origin | undefined
      }
    | { readonly kind: 'constant'; readonly value: bigint }
    /** What lay at `of + offset`. */
    | { readonly kind: 'load'; readonly of: Origin; readonly offset: bigint; readonly size: number }
    | { readonly kind: 'address'; readonly of: Origin; readonly offset: bigint }
    /** The place of an element of an array: `of + index * scale`. */
    | {
        readonly kind: 'element'
        readonly of: Origin
        readonly index: Origin
        readonly scale: number
      }
    /** A variable of the CPU; the address before the CPU's offset. */
    | { readonly kind: 'percpu'; readonly address: bigint; readonly size: number }
    /** The stack pointer at `at`, where it was entered or moved by an amount nobody knows. */
    | { readonly kind: 'stack'; readonly at: bigint }
    /** Made at `at` in a way that is not followed, or different on the ways that meet there. */
    | { readonly kind: 'unknown'; readonly at: bigint; readonly register: string }
  )

const hex = (value: bigint): string => value.toString(16)

/** The function's argument in the n-th argument register. */
export function argumentOrigin(index: number): Origin {
  return { kind: 'argument', index, key: `arg${index}`, depth: 0 }
}

/** What a call returned. */
export function resultOrigin(
  at: bigint,
  callee: bigint | undefined,
  through: Origin | undefined,
): Origin {
  return { kind: 'result', at, callee, through, key: `result@${hex(at)}`, depth: 0 }
}

/** A number. */
export function constantOrigin(value: bigint): Origin {
  return { kind: 'constant', value, key: `#${hex(value)}`, depth: 0 }
}

/** A variable of the CPU. */
export function perCpuOrigin(address: bigint, size: number): Origin {
  return { kind: 'percpu', address, size, key: `percpu${size}:${hex(address)}`, depth: 0 }
}

/** The stack pointer. */
export function stackOrigin(at: bigint): Origin {
  return { kind: 'stack', at, key: `stack@${hex(at)}`, depth: 0 }
}

/** What is not followed. */
export function unknownOrigin(at: bigint, register: string): Origin {
  return { kind: 'unknown', at, register, key: `${register}@${hex(at)}`, depth: 0 }
}

/** `origin + offset`. */
export function addressOrigin(origin: Origin, offset: bigint): Origin {
  if (origin.kind === 'constant') return constantOrigin(wrap64(origin.value + offset))
  const of = origin.kind === 'address' ? origin.of : origin
  const total = BigInt.asIntN(64, offset + (origin.kind === 'address' ? origin.offset : 0n))
  if (total === 0n) return of
  return { kind: 'address', of, offset: total, key: `(${of.key}+${hex(total)})`, depth: of.depth }
}

/** `origin + index * scale`; undefined for a chain too long to be told. */
export function elementOrigin(of: Origin, index: Origin, scale: number): Origin | undefined {
  const depth = Math.max(of.depth, index.depth) + 1
  if (depth > DEPTH_MAX) return undefined
  return { kind: 'element', of, index, scale, key: `(${of.key}+${scale}*${index.key})`, depth }
}

/** What lies at the address that `place` is; undefined for a chain too long to be told. */
export function loadOrigin(place: Origin, size: number): Origin | undefined {
  const of = place.kind === 'address' ? place.of : place
  const offset = place.kind === 'address' ? place.offset : 0n
  const depth = of.depth + 1
  if (depth > DEPTH_MAX) return undefined
  return { kind: 'load', of, offset, size, key: `${size}*(${of.key}+${hex(offset)})`, depth }
}
