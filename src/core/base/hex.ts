// Hexadecimal text of numbers, and back.

/** Format as `0x…`, lower case; a negative bigint shows its 64-bit pattern. */
export function formatHex(value: number | bigint): string {
  // Error messages are made of this: it must not throw for what went wrong.
  if (typeof value === 'number' && !Number.isInteger(value)) return String(value)
  return `0x${BigInt.asUintN(64, BigInt(value)).toString(16)}`
}

/** Format as crash prints addresses: 16 digits (or `digits`), no prefix. */
export function formatAddress(value: bigint, digits = 16): string {
  return BigInt.asUintN(64, value).toString(16).padStart(digits, '0')
}

/** Format bytes as contiguous lower-case hex, such as a build id. */
export function formatHexBytes(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) text += byte.toString(16).padStart(2, '0')
  return text
}
