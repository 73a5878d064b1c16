// Brings the frozen network up again in the capture kernel. Nothing is asked but DHCP, every wait has an end, and a card
// that does not come up costs only the targets behind it.
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import path from 'node:path'
import { HostError } from '../../../core/base/errors.ts'
import { isInPrefix, parseIp } from '../../platform/ip_address.ts'
import type { CommandResult } from '../../platform/run_command.ts'
import {
  DHCP_TIMEOUT_MS,
  dhcpCommand,
  formatDhcpScript,
  parseDhcpLease,
  type DhcpLease,
} from './dhcp.ts'
import type { NetworkPlan, PlannedCard, PlannedRoute } from './network_plan.ts'
import type { TargetHost } from '../target.ts'
import { readLine } from '../../platform/fact_tree.ts'

/** What is asked of the machine. */
export interface NetworkHost extends Pick<TargetHost, 'now' | 'sleep' | 'say' | 'heartbeat'> {
  /** Where sys/, proc/, run/ and etc/ are found. */
  readonly root: string
  run(argv: readonly string[], timeoutMs: number): Promise<CommandResult>
}

const POLL_INTERVAL_MS = 100
/** Setting an address takes milliseconds. */
const COMMAND_TIMEOUT_MS = 10_000

/**
 * Bring up all cards of a plan, at the same time.
 *
 * @throws {HostError} if not one came up
 */
export async function bringUpNetwork(plan: NetworkPlan, host: NetworkHost): Promise<void> {
  const endMs = host.now() + plan.timeoutMs
  writeSetting(host, 'proc/sys/kernel/hostname', hostnameOf(plan))
  writeSetting(
    host,
    'etc/resolv.conf',
    plan.nameservers.map((server) => `nameserver ${server}\n`).join(''),
  )
  await ip(host, 'link', 'set', 'lo', 'up')
  const cards = plan.cards.map((card, i) => bringUpCard(card, `kbox${i}`, host, endMs))
  const results = await Promise.allSettled(cards)
  const errors = results.flatMap((result) =>
    result.status === 'rejected' ? [messageOf(result.reason)] : [],
  )
  if (errors.length === results.length)
    throw new HostError(errors.length === 0 ? 'no card is planned' : errors.join('; '), 'ENETDOWN')
  for (const error of errors) host.say(`network: ${error}`)
}

/** @param vlanName what a VLAN device is to be called */
async function bringUpCard(
  card: PlannedCard,
  vlanName: string,
  host: NetworkHost,
  endMs: number,
): Promise<void> {
  const name = await waitForCard(card, host, endMs)
  // A card that had its MAC set shows its own again; switch and DHCP server know the other.
  if (readCard(host, name, 'address') !== card.usedMac)
    await ip(host, 'link', 'set', 'dev', name, 'address', card.usedMac)
  prepareIpv6(card, name, host)
  await ip(host, 'link', 'set', 'dev', name, 'mtu', String(card.mtu))
  await ip(host, 'link', 'set', 'dev', name, 'up')
  await waitForCarrier(card, name, host, endMs)
  const device = card.vlan === 0 ? name : vlanName
  if (card.vlan !== 0) {
    const kind = ['type', 'vlan', 'id', String(card.vlan)]
    await ip(host, 'link', 'add', 'link', name, 'name', device, ...kind)
    prepareIpv6(card, device, host)
    await ip(host, 'link', 'set', 'dev', device, 'up')
  }
  await setAddresses(card, device, host, endMs)
}

async function setAddresses(
  card: PlannedCard,
  device: string,
  host: NetworkHost,
  endMs: number,
): Promise<void> {
  const lease = card.usesDhcp ? await askDhcp(card, device, host, endMs) : undefined
  const addresses = lease ? [lease.address, ...card.addresses.filter(isIpv6)] : card.addresses
  for (const address of addresses)
    await ip(host, familyOf(address), 'addr', 'add', address, 'dev', device)
  // What the server says of the rest of the world counts for more than what was so when the machine was armed.
  const isOld = ({ to }: PlannedRoute): boolean => lease !== undefined && to === '0.0.0.0/0'
  const routes = lease
    ? [...withGatewayRoutes(lease), ...card.routes.filter((route) => !isOld(route))]
    : card.routes
  for (const { to, via } of routes) {
    const through = via === '' ? [] : ['via', via]
    await ip(host, familyOf(to), 'route', 'add', to, ...through, 'dev', device)
  }
  host.say(`network: ${device} (was ${card.name}, ${card.mac}): ${addresses.join(' ')}`)
}

/** @returns undefined when nobody answered */
async function askDhcp(
  card: PlannedCard,
  device: string,
  host: NetworkHost,
  endMs: number,
): Promise<DhcpLease | undefined> {
  const timeoutMs = Math.min(DHCP_TIMEOUT_MS, endMs - host.now())
  if (timeoutMs <= 0) return undefined
  const folder = path.join(host.root, 'run/kbox')
  const script = path.join(folder, `dhcp-${device}.sh`)
  const leaseFile = path.join(folder, `lease-${device}`)
  mkdirSync(folder, { recursive: true })
  rmSync(leaseFile, { force: true })
  writeFileSync(script, formatDhcpScript(leaseFile), { mode: 0o700 })
  const wanted = card.addresses.find((address) => !isIpv6(address))?.split('/')[0]
  const { output } = await host.run(dhcpCommand(device, script, wanted), timeoutMs)
  host.heartbeat(`dhcp ${device}`)
  const lease = existsSync(leaseFile) ? parseDhcpLease(readFileSync(leaseFile, 'utf8')) : undefined
  if (!lease)
    host.say(
      `network: no DHCP lease on ${device} (${lastLine(output)}): using ${card.addresses.join(' ')}`,
    )
  return lease
}

/** A gateway outside the address's own network, as clouds that give /32 addresses have it, gets a route itself. */
function withGatewayRoutes({ address, routes }: DhcpLease): PlannedRoute[] {
  const [own = '', length = ''] = address.split('/')
  const network = parseIp(own)
  const isNear = (gateway: string): boolean => {
    const parsed = parseIp(gateway)
    return (
      parsed !== undefined && network !== undefined && isInPrefix(parsed, network, Number(length))
    )
  }
  return routes.flatMap((route) => {
    const isFar = route.via !== '' && !isNear(route.via)
    return isFar ? [{ to: `${route.via}/32`, via: '' }, route] : [route]
  })
}

async function waitForCard(card: PlannedCard, host: NetworkHost, endMs: number): Promise<string> {
  for (let tries = 0; ; tries++) {
    const name = findCard(card, host.root)
    if (name !== undefined) return name
    if (host.now() >= endMs) {
      const others = listCards(host.root).map(
        (other) => `${other} ${readCard(host, other, 'address')}`,
      )
      const there = others.length === 0 ? 'there is none' : `there are ${others.join(', ')}`
      throw new HostError(`no network card ${card.mac} (${card.name}); ${there}`, 'ENODEV')
    }
    if (tries === 10) host.say(`waiting for the network card ${card.mac}`)
    host.heartbeat(`card ${tries}`)
    await host.sleep(POLL_INTERVAL_MS)
  }
}

/** By its MAC, else by its place in the machine. */
function findCard({ mac, devicePath }: PlannedCard, root: string): string | undefined {
  const cards = listCards(root)
  const byMac = cards.find(
    (name) => readLine(path.join(root, 'sys/class/net', name, 'address')) === mac,
  )
  if (byMac !== undefined || devicePath === '') return byMac
  const inPlace = cards.filter((name) => {
    const at = realpathSync(path.join(root, 'sys/class/net', name, 'device'))
    return `${at}/`.startsWith(path.join(realpathSync(path.join(root, 'sys')), devicePath, '/'))
  })
  // Two ports on one slot cannot be told apart that way.
  return inPlace.length === 1 ? inPlace[0] : undefined
}

function listCards(root: string): string[] {
  const folder = path.join(root, 'sys/class/net')
  const names = existsSync(folder) ? readdirSync(folder) : []
  return names.filter((name) => existsSync(path.join(folder, name, 'device')))
}

async function waitForCarrier(
  card: PlannedCard,
  name: string,
  host: NetworkHost,
  endMs: number,
): Promise<void> {
  for (let tries = 0; readCard(host, name, 'carrier') !== '1'; tries++) {
    if (host.now() >= endMs) {
      throw new HostError(
        `no link on network card ${card.mac} (${card.name}): is its cable or its switch's port unplugged?`,
        'ENETDOWN',
      )
    }
    if (tries === 10) host.say(`waiting for a link on ${name} (${card.mac})`)
    host.heartbeat(`link ${tries}`)
    await host.sleep(POLL_INTERVAL_MS)
  }
}

/** Nobody else may have taken our addresses in the seconds since we died: they are used at once. */
function prepareIpv6({ usesAutoconf }: PlannedCard, device: string, host: NetworkHost): void {
  const folder = `proc/sys/net/ipv6/conf/${device}`
  if (!existsSync(path.join(host.root, folder))) return
  writeSetting(host, `${folder}/accept_dad`, '0')
  writeSetting(host, `${folder}/accept_ra`, usesAutoconf ? '1' : '0')
}

/** Machines that all call themselves localhost would take each other's locks on an NFS 4 server. */
function hostnameOf({ hostname, cards }: NetworkPlan): string {
  if (!['', '(none)', 'localhost'].includes(hostname)) return hostname
  return `kdump-${cards[0]?.mac.replaceAll(':', '') ?? 'unknown'}`
}

/** What is there already is no error: a router's advertisement may have been faster. */
async function ip(host: NetworkHost, ...args: readonly string[]): Promise<void> {
  const { status, output } = await host.run(['ip', ...args], COMMAND_TIMEOUT_MS)
  if (status === 0 || output.includes('File exists')) return
  throw new HostError(`ip ${args.join(' ')}: ${output || `exit ${status}`}`)
}

/** A setting that cannot be made is said, and costs no more. */
function writeSetting(host: NetworkHost, file: string, text: string): void {
  try {
    writeFileSync(path.join(host.root, file), text)
  } catch (error) {
    host.say(`network: /${file}: ${messageOf(error)}`)
  }
}

/** A card that is down has no readable carrier. */
function readCard({ root }: NetworkHost, name: string, file: string): string {
  return readLine(path.join(root, 'sys/class/net', name, file))
}

const isIpv6 = (address: string): boolean => address.includes(':')
const familyOf = (address: string): string => (isIpv6(address) ? '-6' : '-4')
const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error)
const lastLine = (text: string): string => text.split('\n').at(-1) ?? ''
