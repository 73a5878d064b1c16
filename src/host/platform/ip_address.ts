// IP addresses as numbers: parsed, written, compared by prefix. An IPv4 address has 32 bits, an IPv6 one 128.
import net from 'node:net'

/** An address. */
export interface IpAddress {
  readonly family: 4 | 6
  /** Big-endian value. */
  readonly value: bigint
}

/** Parse an address without a prefix length, undefined if it is none. A zone (`%eth0`) is none either. */
export function parseIp(text: string): IpAddress | undefined {
  if (net.isIPv4(text)) {
    const value = text.split('.').reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n)
    return { family: 4, value }
  }
  if (!net.isIPv6(text) || text.includes('%')) return undefined
  return { family: 6, value: parseIpv6(text) }
}

/** Format an address; IPv6 as RFC 5952 has it, without the mixed notation. */
export function formatIp({ family, value }: IpAddress): string {
  if (family === 4)
    return [24n, 16n, 8n, 0n].map((shift) => String((value >> shift) & 0xffn)).join('.')
  const groups = Array.from({ length: 8 }, (_, i) => {
    return ((value >> BigInt((7 - i) * 16)) & 0xffffn).toString(16)
  })
  const zeros = longestZeroRun(groups)
  if (zeros.length < 2) return groups.join(':')
  const before = groups.slice(0, zeros.start).join(':')
  return `${before}::${groups.slice(zeros.start + zeros.length).join(':')}`
}

/** Is an address of a prefix? @param length of the prefix in bits */
export function isInPrefix(address: IpAddress, prefix: IpAddress, length: number): boolean {
  if (address.family !== prefix.family) return false
  const shift = BigInt((address.family === 4 ? 32 : 128) - length)
  return address.value >> shift === prefix.value >> shift
}

/** Count the ones that begin a netmask, undefined if it is none. @param mask value of 32 bits */
export function prefixLengthOf(mask: number): number | undefined {
  const length = Math.clz32(~mask)
  return (mask << length) >>> 0 === 0 || length === 32 ? length : undefined
}

function parseIpv6(text: string): bigint {
  // ::ffff:192.0.2.1
  const [, head = text, v4] = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(text) ?? []
  const tail = v4 === undefined ? 0n : (parseIp(v4)?.value ?? 0n)
  const groups =
    v4 === undefined
      ? text
      : `${head}${(tail >> 16n).toString(16)}:${(tail & 0xffffn).toString(16)}`
  const [left = '', right] = groups.split('::')
  const words = (part: string): string[] => (part === '' ? [] : part.split(':'))
  const before = words(left)
  const after = right === undefined ? [] : words(right)
  const filler = Array.from<string>({ length: Math.max(0, 8 - before.length - after.length) }).fill(
    '0',
  )
  return [...before, ...filler, ...after].reduce((sum, word) => {
    return (sum << 16n) | BigInt(`0x${word}`)
  }, 0n)
}

function longestZeroRun(groups: readonly string[]): { start: number; length: number } {
  let best = { start: 0, length: 0 }
  for (let start = 0; start < groups.length; start++) {
    let end = start
    while (groups[end] === '0') end++
    if (end - start > best.length) best = { start, length: end - start }
  }
  return best
}
