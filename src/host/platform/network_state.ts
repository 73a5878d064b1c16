// The running machine's routes and addresses, as /proc/net lists them: the main table, both families.
// Source: net/ipv4/fib_trie.c (route, fib_trie), net/ipv6/route.c (ipv6_route), net/ipv6/addrconf.c (if_inet6).
import { readFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { formatIp, isInPrefix, parseIp, prefixLengthOf, type IpAddress } from './ip_address.ts'

/** A route of the main table. */
export interface Route {
  /** Network device it leads out of. */
  readonly device: string
  readonly to: IpAddress
  readonly prefixLength: number
  /** Gateway, undefined for what is reached directly. */
  readonly via: IpAddress | undefined
  readonly metric: number
  /** Learnt from a router advertisement. */
  readonly isAdvertised: boolean
}

/** An address of a device. */
export interface DeviceAddress {
  readonly device: string
  readonly address: IpAddress
  readonly prefixLength: number
}

// <linux/route.h>, <linux/ipv6_route.h>
const RTF_UP = 0x1
const RTF_GATEWAY = 0x2
const RTF_REJECT = 0x200
const RTF_ADDRCONF = 0x4_0000
const RTF_ANYCAST = 0x10_0000
const RTF_LOCAL = 0x8000_0000
// <linux/if_addr.h>, the low byte
const IFA_F_TEMPORARY = 0x01
const IFA_F_DADFAILED = 0x08
const IFA_F_TENTATIVE = 0x40
/** IPV6_ADDR_LINKLOCAL, IPV6_ADDR_LOOPBACK */
const SCOPE_LINK = 0x20
const SCOPE_HOST = 0x10

/** Read the routes of both families. @param root where proc/ is found */
export function readRoutes(root = '/'): Route[] {
  return [
    ...parseIpv4Routes(readProcNet(root, 'route')),
    ...parseIpv6Routes(readProcNet(root, 'ipv6_route')),
  ]
}

/**
 * Read the addresses that others can reach this machine by; those that come and go are left out.
 *
 * @param root where proc/ is found; elsewhere than at `/`, an IPv4 address is its device's whose network holds it
 */
export function readAddresses(root = '/'): DeviceAddress[] {
  const ipv4 =
    root === '/' ? readOwnIpv4() : placeIpv4(readProcNet(root, 'fib_trie'), readRoutes(root))
  return [...ipv4, ...parseIpv6Addresses(readProcNet(root, 'if_inet6'))]
}

/** Find the route to an address as the kernel does: the longest prefix, of those the lowest metric. */
export function findRoute(routes: readonly Route[], address: IpAddress): Route | undefined {
  let best: Route | undefined
  for (const route of routes) {
    if (!isInPrefix(address, route.to, route.prefixLength)) continue
    if (best) {
      if (route.prefixLength < best.prefixLength) continue
      if (route.prefixLength === best.prefixLength && route.metric >= best.metric) continue
    }
    best = route
  }
  return best
}

/** Parse /proc/net/route: addresses are words of the machine's byte order, here little-endian, in hex. */
export function parseIpv4Routes(text: string): Route[] {
  const routes: Route[] = []
  for (const line of text.split('\n').slice(1)) {
    const [device, to, via, flags, , , metric, mask] = line.trim().split(/\s+/)
    if (!device || !isHex(to, 8) || !isHex(via, 8) || !isHex(flags, 4) || !isHex(mask, 8)) continue
    const bits = parseInt(flags, 16)
    if ((bits & RTF_UP) === 0 || (bits & RTF_REJECT) !== 0) continue
    const prefixLength = prefixLengthOf(swap32(mask))
    if (prefixLength === undefined) continue
    routes.push({
      device,
      to: ipv4(swap32(to)),
      prefixLength,
      via: (bits & RTF_GATEWAY) === 0 ? undefined : ipv4(swap32(via)),
      metric: Number(metric) || 0,
      isAdvertised: false,
    })
  }
  return routes
}

/** Parse /proc/net/ipv6_route. Multicast and what the kernel keeps for its own addresses is left out. */
export function parseIpv6Routes(text: string): Route[] {
  const routes: Route[] = []
  for (const line of text.split('\n')) {
    const [to, length, , , via, metric, , , flags, device] = line.trim().split(/\s+/)
    if (!isHex(to, 32) || !isHex(via, 32) || !isHex(length, 2) || !isHex(metric, 8)) continue
    if (!isHex(flags, 8) || !device || to.startsWith('ff')) continue
    const bits = parseInt(flags, 16)
    const prefixLength = parseInt(length, 16)
    if ((bits & RTF_UP) === 0 || hasAny(bits, RTF_REJECT, RTF_ANYCAST, RTF_LOCAL)) continue
    if (prefixLength > 128) continue
    routes.push({
      device,
      to: ipv6(to),
      prefixLength,
      via: (bits & RTF_GATEWAY) === 0 ? undefined : ipv6(via),
      metric: parseInt(metric, 16),
      isAdvertised: (bits & RTF_ADDRCONF) !== 0,
    })
  }
  return routes
}

/** Parse /proc/net/if_inet6: those of global scope that stay. */
export function parseIpv6Addresses(text: string): DeviceAddress[] {
  const addresses: DeviceAddress[] = []
  for (const line of text.split('\n')) {
    const [address, , length, scope, flags, device] = line.trim().split(/\s+/)
    if (!isHex(address, 32) || !isHex(length, 2) || !isHex(scope, 2) || !isHex(flags, 2)) continue
    const prefixLength = parseInt(length, 16)
    const scopeBits = parseInt(scope, 16)
    if (!device || prefixLength > 128 || hasAny(scopeBits, SCOPE_LINK, SCOPE_HOST)) continue
    if (hasAny(parseInt(flags, 16), IFA_F_TEMPORARY, IFA_F_DADFAILED, IFA_F_TENTATIVE)) continue
    addresses.push({ device, address: ipv6(address), prefixLength })
  }
  return addresses
}

function readOwnIpv4(): DeviceAddress[] {
  const found: DeviceAddress[] = []
  for (const [name, addresses] of Object.entries(os.networkInterfaces())) {
    for (const { family, address, cidr, internal } of addresses ?? []) {
      const parsed = parseIp(address)
      if (family !== 'IPv4' || internal || !parsed) continue
      // A secondary address may carry a label for a name: eth0:1.
      const [device = name] = name.split(':')
      found.push({ device, address: parsed, prefixLength: Number(cidr?.split('/')[1] ?? 32) })
    }
  }
  return found
}

/** fib_trie lists our addresses but not whose they are. */
function placeIpv4(trie: string, routes: readonly Route[]): DeviceAddress[] {
  const own = new Set([...trie.matchAll(/\|-- (\S+)\n\s+\/32 host LOCAL/g)].map(([, text]) => text))
  const found: DeviceAddress[] = []
  for (const text of own) {
    const address = text === undefined ? undefined : parseIp(text)
    if (!address || isInPrefix(address, ipv4(0x7f00_0000), 8)) continue
    const direct = routes.filter(({ via, prefixLength }) => via === undefined && prefixLength > 0)
    const route = findRoute(direct, address)
    if (route) found.push({ device: route.device, address, prefixLength: route.prefixLength })
  }
  return found
}

/** Format an address with its prefix length. */
export function formatCidr(address: IpAddress, prefixLength: number): string {
  return `${formatIp(address)}/${prefixLength}`
}

function readProcNet(root: string, name: string): string {
  try {
    return readFileSync(path.join(root, 'proc/net', name), 'utf8')
  } catch {
    // A kernel without IPv6 has no such files.
    return ''
  }
}

const ipv4 = (value: number): IpAddress => ({ family: 4, value: BigInt(value) })
const ipv6 = (hex: string): IpAddress => ({ family: 6, value: BigInt(`0x${hex}`) })
const hasAny = (bits: number, ...flags: readonly number[]): boolean =>
  flags.some((flag) => (bits & flag) !== 0)

function isHex(text: string | undefined, digits: number): text is string {
  return text?.length === digits && /^[0-9A-Fa-f]+$/.test(text)
}

function swap32(hex: string): number {
  const value = parseInt(hex, 16)
  const swapped =
    ((value & 0xff) << 24) | ((value & 0xff00) << 8) | ((value >>> 8) & 0xff00) | (value >>> 24)
  return swapped >>> 0
}
