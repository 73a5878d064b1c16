// Sizes in erase rules: bytes, or with K or M. What a size read from the dump may be is bounded by the same limit.

/** One rule erases no more: a size beyond it is a mistake, or a damaged size variable. 1 GiB. */
export const ERASE_SIZE_MAX = 2 ** 30

const UNITS: Readonly<Record<string, number>> = { '': 1, K: 1024, M: 1024 * 1024 }

/**
 * Parse `100`, `4K`, `1m`.
 *
 * @returns bytes, 1 to ERASE_SIZE_MAX, or what to write instead
 */
export function parseSize(text: string): number | { readonly remedy: string } {
  const match = /^(0x[0-9a-f]+|\d+)([KM]?)$/i.exec(text)
  if (!match) return { remedy: 'write a number of bytes, K or M behind it for 1024 or 1048576' }
  const bytes = Number(match[1]) * (UNITS[(match[2] ?? '').toUpperCase()] ?? 1)
  if (bytes === 0) return { remedy: 'it must be positive' }
  if (bytes > ERASE_SIZE_MAX) return { remedy: 'one rule erases 1024M at most' }
  return bytes
}
