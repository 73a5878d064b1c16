// Values that are written where nothing should be read any more, and what finding one means.
// Source: include/linux/poison.h, mm/slab.h, include/linux/spinlock_types.h; POISON_POINTER_DELTA of 64-bit kernels.
import { errnoName, pointerError } from '../base/errno.ts'
import { formatHex } from '../base/hex.ts'

/** What a value says of itself. */
export interface ValueMeaning {
  readonly name: string
  readonly meaning: string
}

/** CONFIG_ILLEGAL_POINTER_VALUE. */
const POISON_POINTER_DELTA = 0xdead_0000_0000_0000n
/** Pointers into what a poisoned pointer pretended to point to. */
const REACH = 0x100n

/** include/linux/poison.h and others, without the delta. */
const POISONED_POINTERS: readonly (readonly [value: bigint, name: string, meaning: string])[] = [
  [0x100n, 'LIST_POISON1', 'next of a list entry that was deleted'],
  [0x122n, 'LIST_POISON2', 'prev of a list entry that was deleted'],
  // Older kernels have this one.
  [0x200n, 'LIST_POISON2', 'prev of a list entry that was deleted'],
  [0x300n, 'TIMER_ENTRY_STATIC', 'a static timer that is not pending'],
  [0x400n, 'PAGE_POISON_PATTERN', 'a page descriptor that was never initialised'],
]

/** Bytes that fill what is freed or not yet written. */
const FILLED: readonly (readonly [byte: number, name: string, meaning: string])[] = [
  [0x6b, 'POISON_FREE', 'memory of a slab object that was freed'],
  [0x5a, 'POISON_INUSE', 'memory of a slab object that was allocated and not written'],
  [0xaa, 'PAGE_POISON', 'a page that was freed'],
  [0xbb, 'SLUB_RED_INACTIVE', 'the red zone of a free slab object'],
  [
    0xcc,
    'SLUB_RED_ACTIVE or freed init memory',
    'the red zone of a slab object, or POISON_FREE_INITMEM',
  ],
  [0xab, 'KASAN or JBD poison', 'freed memory'],
]

/** Whole values. @source include/linux/spinlock_types_raw.h, include/linux/mutex.h, include/uapi/linux/magic.h */
const VALUES: readonly (readonly [value: bigint, name: string, meaning: string])[] = [
  [0n, 'NULL', 'no pointer'],
  [0xdead_4eadn, 'SPINLOCK_MAGIC', 'the magic of a spin lock'],
  [0x57ac_6e9dn, 'STACK_END_MAGIC', 'the mark at the far end of a stack'],
  [0xffff_ffffn, 'SPINLOCK_OWNER_INIT', '-1 of 32 bits'],
]

/** What a value means that is no address of anything; undefined for what may well be one. */
export function valueMeaning(value: bigint): ValueMeaning | undefined {
  const exact = VALUES.find(([known]) => known === value)
  if (exact) return { name: exact[1], meaning: exact[2] }
  const error = pointerError(value)
  if (error !== undefined)
    return {
      name: `ERR_PTR(-${errnoName(error) ?? error})`,
      meaning: `error ${error} as a pointer`,
    }
  return filled(value) ?? poisonedPointer(value) ?? repeated(value) ?? text(value)
}

function filled(value: bigint): ValueMeaning | undefined {
  const bytes = bytesOf(value)
  // A pointer into freed memory is read with an offset added: the upper bytes keep the pattern.
  for (const [byte, name, meaning] of FILLED) {
    if (!bytes.slice(2).every((each) => each === byte)) continue
    const base = bytes.reduce((sum, _, i) => sum | (BigInt(byte) << BigInt(8 * i)), 0n)
    const offset = value - base
    if (offset >= 0n) return { name: withOffset(name, offset), meaning }
  }
  return undefined
}

function poisonedPointer(value: bigint): ValueMeaning | undefined {
  const low = value - POISON_POINTER_DELTA
  if (low < 0n || low >= 0x1000n) return undefined
  const nearest = POISONED_POINTERS.filter(([known]) => low >= known && low - known < REACH)
    .toSorted(([a], [b]) => Number(b - a))
    .at(0)
  if (!nearest)
    return { name: withOffset('POISON_POINTER_DELTA', low), meaning: 'a poisoned pointer' }
  const [known, name, meaning] = nearest
  return { name: withOffset(name, low - known), meaning }
}

/** One byte over and over: memset(), or a buffer of a test pattern. */
function repeated(value: bigint): ValueMeaning | undefined {
  const [byte = 0, ...others] = bytesOf(value)
  if (byte === 0 || byte === 0xff || others.some((each) => each !== byte)) return undefined
  return { name: `${formatHex(BigInt(byte))} repeated`, meaning: 'memory filled with one byte' }
}

/** Printable characters: a string has been written over a pointer, or over the lower bytes of one. */
function text(value: bigint): ValueMeaning | undefined {
  const bytes = bytesOf(value)
  // The end of a string that reached into an address of the kernel: its upper bytes are left.
  const isPart = value >> 48n === 0xffffn
  const end = isPart ? 6 : bytes.indexOf(0)
  const shown = bytes.slice(0, end < 0 ? 8 : end)
  const isText = shown.length >= 6 && shown.every((byte) => byte >= 0x20 && byte < 0x7f)
  if (!isText || (!isPart && bytes.slice(shown.length).some((byte) => byte !== 0))) return undefined
  return {
    name: JSON.stringify(String.fromCharCode(...shown)),
    meaning: 'text where an address was expected',
  }
}

const withOffset = (name: string, offset: bigint): string =>
  offset === 0n ? name : `${name}+${formatHex(offset)}`

function bytesOf(value: bigint): number[] {
  return Array.from({ length: 8 }, (_, i) => Number((value >> BigInt(8 * i)) & 0xffn))
}
