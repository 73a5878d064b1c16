// Network addresses as text. Source: lib/vsprintf.c ip4_string(), ip6_compressed_string(); RFC 5952.

/** `192.0.2.1`. */
export function formatIpv4(bytes: Uint8Array): string {
  return bytes.subarray(0, 4).join('.')
}

/** `2001:db8::1`: the longest run of zeros is cut, a mapped IPv4 address keeps its dots. */
export function formatIpv6(bytes: Uint8Array): string {
  const words = ipv6Words(bytes)
  const mapped = words.slice(0, 5).every((word) => word === 0) && words[5] === 0xffff
  if (mapped) return `::ffff:${formatIpv4(bytes.subarray(12))}`
  const { start, length } = longestZeros(words)
  const hex = words.map((word) => word.toString(16))
  if (length < 2) return hex.join(':')
  return `${hex.slice(0, start).join(':')}::${hex.slice(start + length).join(':')}`
}

/** `0:0:0:0:0:0:0:1`: every word, as crash has it in lists of sockets. */
export function formatIpv6Words(bytes: Uint8Array): string {
  return ipv6Words(bytes)
    .map((word) => word.toString(16))
    .join(':')
}

/** `02:00:5e:10:00:02`. */
export function formatHardwareAddress(bytes: Uint8Array, separator = ':'): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(separator)
}

/** Network byte order, whatever the machine's. */
function ipv6Words(bytes: Uint8Array): number[] {
  return Array.from({ length: 8 }, (_, i) => ((bytes[i * 2] ?? 0) << 8) | (bytes[i * 2 + 1] ?? 0))
}

function longestZeros(words: readonly number[]): { start: number; length: number } {
  let best = { start: 0, length: 0 }
  for (let start = 0; start < words.length; start++) {
    let end = start
    while (words[end] === 0) end++
    if (end - start > best.length) best = { start, length: end - start }
  }
  return best
}
