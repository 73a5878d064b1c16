// Address types: one per address space, so that mixing them is a compile error.
declare const space: unique symbol

/** Kernel or user virtual address: full 64 bits, hence `bigint`. */
export type VirtAddr = bigint
/** Physical address in bytes; at most 52 bits on every supported architecture, so `number` is exact. */
export type PhysAddr = number & { readonly [space]: 'phys' }
/** Page frame number: physical address divided by the page size. */
export type Pfn = number & { readonly [space]: 'pfn' }
/** Byte offset in a file. */
export type FileOffset = number & { readonly [space]: 'file' }

/** Brand a number as a physical address. */
export const physAddr = (value: number): PhysAddr => value as PhysAddr
/** Brand a number as a page frame number. */
export const pfn = (value: number): Pfn => value as Pfn
/** Brand a number as a file offset. */
export const fileOffset = (value: number): FileOffset => value as FileOffset

/** Wrap to 64 bits: virtual address arithmetic is modulo 2^64. */
export const wrap64 = (value: bigint): VirtAddr => BigInt.asUintN(64, value)

const word64 = new BigUint64Array(1)
const word32 = new Uint32Array(word64.buffer)
const hostIsLittle = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1
const HI = hostIsLittle ? 1 : 0
const LO = hostIsLittle ? 0 : 1

/** Upper 32 bits of a 64-bit address, without allocating. */
export function hi32(address: bigint): number {
  word64[0] = address
  return word32[HI] as number
}

/** Lower 32 bits of a 64-bit address, without allocating. */
export function lo32(address: bigint): number {
  word64[0] = address
  return word32[LO] as number
}

/**
 * Distance in bytes from `base` to `address` as a number: exact within ±2^53, an approximation
 * beyond (good enough to fail a range check).
 */
export function offsetFrom(address: bigint, baseHi: number, baseLo: number): number {
  word64[0] = address
  return ((word32[HI] as number) - baseHi) * 0x1_0000_0000 + ((word32[LO] as number) - baseLo)
}

/** Number of a bigint that must be exact as a double: offsets, sizes, physical addresses. */
export function toSafeNumber(value: bigint): number | undefined {
  return value >= -0x1f_ffff_ffff_ffffn && value <= 0x1f_ffff_ffff_ffffn ? Number(value) : undefined
}
