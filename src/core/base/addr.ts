// 64-bit address arithmetic: wrapping, and halves without allocating. Physical addresses, PFNs and file offsets are numbers.

/** Wrap to 64 bits: virtual address arithmetic is modulo 2^64. */
export const wrap64 = (value: bigint): bigint => BigInt.asUintN(64, value)

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

/** Number of a bigint that must be exact as a double: offsets, sizes, physical addresses. */
export function toSafeNumber(value: bigint): number | undefined {
  return value >= -0x1f_ffff_ffff_ffffn && value <= 0x1f_ffff_ffff_ffffn ? Number(value) : undefined
}
