// Freezes the running machine's network for the capture kernel: only the cards on the way to the targets, with the
// addresses and routes they have now.
import { readFileSync, realpathSync } from 'node:fs'
import path from 'node:path'
import { HostError, UnsupportedError } from '../../../core/base/errors.ts'
import { formatIp, isInPrefix, parseIp, type IpAddress } from '../../platform/ip_address.ts'
import {
  findRoute,
  formatCidr,
  readAddresses,
  readRoutes,
  type DeviceAddress,
  type Route,
} from '../../platform/network_state.ts'
import type { NetworkPlan, PlannedCard, PlannedRoute } from '../../target/network/network_plan.ts'
import type { CapturePlace } from '../../target/place.ts'
import { findBareCard, type BareCard } from './bare_card.ts'
import { findDhcpClient } from './dhcp_lease.ts'

/** Somewhere that must be reached. */
export interface NetworkNeed {
  /** For messages: the server as written. */
  readonly server: string
  /** All addresses it has; one that can be reached is enough. */
  readonly addresses: readonly string[]
}

/** A network, frozen. */
export interface FrozenNetwork {
  readonly plan: NetworkPlan
  /** Network devices of this machine whose drivers the image needs. */
  readonly devices: readonly string[]
  /** Modules beside those drivers. */
  readonly modules: readonly string[]
}

/** Say what a place needs of the network, undefined for one on this machine's disks. */
export function networkNeedOf(place: CapturePlace): NetworkNeed | undefined {
  switch (place.kind) {
    case 'nfs':
      return { server: place.server, addresses: place.addresses }
    case 'ssh':
      return { server: place.host, addresses: place.addresses }
    case 'http':
      return { server: new URL(place.url).hostname, addresses: place.addresses }
    default:
      return undefined
  }
}

/**
 * Freeze the network that leads to some servers.
 *
 * @param root where proc/, sys/, run/, var/ and etc/ are found
 * @throws {HostError} naming a server that no route leads to
 * @throws {UnsupportedError} where the way leads through a tunnel, or a bond whose switch must be in it
 */
export function freezeNetwork(
  needs: readonly NetworkNeed[],
  timeoutMs: number,
  root = '/',
): FrozenNetwork {
  const routes = readRoutes(root)
  const addresses = readAddresses(root)
  const used = new Map<string, Route[]>()
  for (const need of needs) {
    for (const route of routesTo(need, routes, addresses))
      used.set(route.device, [...(used.get(route.device) ?? []), route])
  }
  const bare = new Map([...used.keys()].map((device) => [device, getBareCard(device, root)]))
  const cards = [...bare].map(([device, below]) =>
    freezeCard(device, below, used.get(device) ?? [], { routes, addresses, root }),
  )
  return {
    plan: {
      hostname: readLine(root, 'proc/sys/kernel/hostname'),
      cards,
      nameservers: readNameservers(root),
      timeoutMs,
    },
    devices: [...new Set([...bare.values()].map(({ lower }) => lower))],
    modules: cards.some(({ vlan }) => vlan !== 0) ? ['8021q'] : [],
  }
}

/** The routes that are used for a server; empty is an error. */
function routesTo(
  { server, addresses }: NetworkNeed,
  routes: readonly Route[],
  own: readonly DeviceAddress[],
): Route[] {
  const found: Route[] = []
  for (const text of addresses) {
    const address = parseIp(text)
    if (!address) throw new HostError(`${server}: '${text}' is not an IP address`, 'EINVAL')
    if (isOwn(address, own)) {
      throw new HostError(
        `${server} (${text}) is this machine itself, which will not answer after a crash: name a directory on its disk instead`,
      )
    }
    const route = findRoute(routes, address)
    if (route && route.device !== 'lo') found.push(route)
  }
  if (found.length === 0) {
    const where = addresses.length === 0 ? 'no address' : addresses.join(', ')
    throw new HostError(
      `no route to ${server} (${where}): check 'ip route get ${addresses[0] ?? server}'`,
      'ENETUNREACH',
    )
  }
  return found
}

function isOwn(address: IpAddress, own: readonly DeviceAddress[]): boolean {
  const isSame = own.some(
    (mine) => mine.address.family === address.family && mine.address.value === address.value,
  )
  if (isSame) return true
  const loopback: IpAddress = { family: 4, value: 0x7f00_0000n }
  return isInPrefix(address, loopback, 8) || (address.family === 6 && address.value === 1n)
}

function getBareCard(device: string, root: string): BareCard {
  const card = findBareCard(device, root)
  if ('lower' in card) return card
  throw new UnsupportedError(
    `the way to the target leads through ${device}, but ${card.obstacle}: the capture image sets up cards and VLANs only. Name a target behind such a one in kdump.conf, or a disk`,
  )
}

function freezeCard(
  device: string,
  { lower, vlan }: BareCard,
  used: readonly Route[],
  state: {
    readonly routes: readonly Route[]
    readonly addresses: readonly DeviceAddress[]
    readonly root: string
  },
): PlannedCard {
  const { routes, root } = state
  const families = new Set(used.map(({ to }) => to.family))
  const own = state.addresses.filter(
    (mine) => mine.device === device && families.has(mine.address.family),
  )
  const link = path.join('sys/class/net', lower)
  const index = readLine(root, path.join('sys/class/net', device, 'ifindex'))
  const ipv4 = own.filter(({ address }) => address.family === 4)
  return {
    mac:
      readLine(root, path.join(link, 'bonding_slave/perm_hwaddr')) ||
      readLine(root, path.join(link, 'address')),
    usedMac: readLine(root, path.join('sys/class/net', device, 'address')),
    devicePath: findDevicePath(lower, root),
    name: lower,
    vlan,
    addresses: own.map(({ address, prefixLength }) => formatCidr(address, prefixLength)),
    routes: planRoutes(used, routes, own),
    usesDhcp: ipv4.some(
      ({ address }) => findDhcpClient(device, index, formatIp(address), root) !== '',
    ),
    usesAutoconf: routes.some((route) => route.device === device && route.isAdvertised),
    mtu: Number(readLine(root, path.join('sys/class/net', device, 'mtu'))) || 1500,
  }
}

/** The routes that are used, each behind the one that its gateway needs; those that an address brings are not listed. */
function planRoutes(
  used: readonly Route[],
  routes: readonly Route[],
  own: readonly DeviceAddress[],
): PlannedRoute[] {
  const planned = new Map<string, PlannedRoute>()
  const add = (route: Route): void => {
    if (route.via === undefined && own.some((mine) => isImplied(route, mine))) return
    const to = formatCidr(route.to, route.prefixLength)
    planned.set(to, { to, via: route.via ? formatIp(route.via) : '' })
  }
  for (const route of used) {
    if (route.via) {
      const direct = routes.filter(
        ({ device, via }) => device === route.device && via === undefined,
      )
      const toGateway = findRoute(direct, route.via)
      if (toGateway) add(toGateway)
    }
    add(route)
  }
  return [...planned.values()]
}

/** The kernel makes such a route itself when it gets the address, and fe80::/64 when the link comes up. */
function isImplied(
  { to, prefixLength }: Route,
  { address, prefixLength: ownLength }: DeviceAddress,
): boolean {
  const linkLocal: IpAddress = { family: 6, value: 0xfe80n << 112n }
  if (isInPrefix(to, linkLocal, 10)) return true
  return prefixLength === ownLength && isInPrefix(address, to, prefixLength)
}

/** A virtio device is numbered in the order of finding, so its place is the bus slot above it. */
function findDevicePath(device: string, root: string): string {
  try {
    const sys = realpathSync(path.join(root, 'sys'))
    const folder = realpathSync(path.join(root, 'sys/class/net', device, 'device'))
    const place = /^virtio\d+$/.test(path.basename(folder)) ? path.dirname(folder) : folder
    return place.slice(sys.length)
  } catch {
    return ''
  }
}

/** systemd-resolved's own address answers nobody in the capture kernel; it says elsewhere whom it asks. */
function readNameservers(root: string): string[] {
  const found = ['etc/resolv.conf', 'run/systemd/resolve/resolv.conf'].flatMap((file) =>
    [...readText(root, file).matchAll(/^\s*nameserver\s+(\S+)/gm)].map(([, server = '']) => server),
  )
  return [...new Set(found)].filter((server) => !/^127\.|^::1$/.test(server))
}

function readText(root: string, file: string): string {
  try {
    return readFileSync(path.join(root, file), 'utf8')
  } catch {
    return ''
  }
}

const readLine = (root: string, file: string): string => readText(root, file).trim()
