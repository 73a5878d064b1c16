// Sizes as the kernel reads and people write them. Source: lib/cmdline.c memparse(), lib/kstrtox.c.

const U64 = 64
const SHIFT: Readonly<Record<string, number>> = { k: 10, m: 20, g: 30, t: 40, p: 50, e: 60 }
const UNITS = ['', 'K', 'M', 'G', 'T', 'P', 'E']

/** A number found in a text. */
export interface ParsedSize {
  /** u64; wraps as the kernel's does. */
  readonly value: bigint
  /** Index behind the number and its unit; where it began if there is no number. */
  readonly end: number
}

/** Read a number with an optional unit `K M G T P E`, as memparse() does: decimal, `0x` hexadecimal, `0` octal. */
export function memparse(text: string, at: number): ParsedSize {
  const rest = text.slice(at)
  const [digits, base] = findDigits(rest)
  if (digits === '') return { value: 0n, end: at }
  const prefix = base === 16 ? 2 : 0
  const radix = BigInt(base)
  let value = 0n
  for (const digit of digits) value = value * radix + BigInt(parseInt(digit, 16))
  const end = at + prefix + digits.length
  const shift = SHIFT[text.charAt(end).toLowerCase()]
  if (shift === undefined) return { value: BigInt.asUintN(U64, value), end }
  return { value: BigInt.asUintN(U64, value << BigInt(shift)), end: end + 1 }
}

/** Write a size with the largest unit that keeps it exact: `192M`, `1G`, `268435556`. */
export function formatSize(bytes: bigint): string {
  let value = bytes
  let unit = 0
  while (value / 1024n !== 0n && value % 1024n === 0n && unit < UNITS.length - 1) {
    value /= 1024n
    unit++
  }
  return `${value}${UNITS[unit] ?? ''}`
}

/** `0x` counts only with a hexadecimal digit behind it; `08` is an octal zero followed by an 8. */
function findDigits(rest: string): [digits: string, base: number] {
  const hex = /^0x([\da-f]+)/i.exec(rest)?.[1]
  if (hex !== undefined) return [hex, 16]
  const octal = /^0[0-7]*/.exec(rest)?.[0]
  if (octal !== undefined) return [octal, 8]
  return [/^\d*/.exec(rest)?.[0] ?? '', 10]
}
