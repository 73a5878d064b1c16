// DHCP in the capture kernel: busybox's udhcpc asks, a script writes down what it got, and this reads it.
// The script sets nothing up itself: what a server says is checked here first.
import { isIPv4 } from 'node:net'
import type { PlannedRoute } from './network_plan.ts'

/** What a DHCP server gave. */
export interface DhcpLease {
  /** With prefix length. */
  readonly address: string
  readonly routes: readonly PlannedRoute[]
}

/** udhcpc's script. @param leaseFile gets `name=value` lines */
export function formatDhcpScript(leaseFile: string): string {
  return `#!/bin/sh
[ "$1" = bound ] || exit 0
{
  echo "ip=$ip"
  echo "mask=$mask"
  echo "router=$router"
  echo "staticroutes=$staticroutes"
} > '${leaseFile}'
`
}

/** udhcpc's arguments: four questions, three seconds each, then it gives up. */
export function dhcpCommand(device: string, script: string, wanted: string | undefined): string[] {
  const ask = wanted === undefined ? [] : ['-r', wanted]
  return [
    'udhcpc',
    '-i',
    device,
    '-s',
    script,
    '-f',
    '-q',
    '-n',
    '-t',
    '4',
    '-T',
    '3',
    '-O',
    '121',
    ...ask,
  ]
}

/** Longer than four questions take. */
export const DHCP_TIMEOUT_MS = 15_000

/**
 * Parse what the script wrote, undefined when it is no usable lease.
 *
 * @source networking/udhcp/dhcpc.c (busybox): mask is a prefix length, lists are separated by blanks
 */
export function parseDhcpLease(text: string): DhcpLease | undefined {
  const values = new Map(
    text.split('\n').map((line) => {
      const equals = line.indexOf('=')
      return [line.slice(0, equals), line.slice(equals + 1).trim()] as const
    }),
  )
  const ip = values.get('ip') ?? ''
  const mask = values.get('mask') ?? ''
  if (!isIPv4(ip) || !/^\d{1,2}$/.test(mask) || Number(mask) > 32) return undefined
  const [router = ''] = words(values.get('router'))
  const listed = parseStaticRoutes(words(values.get('staticroutes')))
  const fallback = isIPv4(router) ? [{ to: '0.0.0.0/0', via: router }] : []
  // RFC 3442: a client that gets classless static routes must ignore the router option.
  return { address: `${ip}/${mask}`, routes: listed.length > 0 ? listed : fallback }
}

function parseStaticRoutes(list: readonly string[]): PlannedRoute[] {
  const routes: PlannedRoute[] = []
  for (let i = 0; i + 1 < list.length; i += 2) {
    const [to = '', via = ''] = [list[i], list[i + 1]]
    const [network = '', length = ''] = to.split('/')
    if (!isIPv4(network) || !isIPv4(via) || !/^\d{1,2}$/.test(length) || Number(length) > 32)
      continue
    routes.push({ to, via: via === '0.0.0.0' ? '' : via })
  }
  return routes
}

const words = (text: string | undefined): string[] => (text ?? '').split(' ').filter(Boolean)
