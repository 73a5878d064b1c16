// /proc/net as real machines showed it, and damaged.
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import { formatIp, parseIp, type IpAddress } from './ip_address.ts'
import {
  findRoute,
  formatCidr,
  parseIpv4Routes,
  parseIpv6Addresses,
  parseIpv6Routes,
  readAddresses,
  readRoutes,
  type Route,
} from './network_state.ts'

const ROUTE = `Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT
eth0\t00000000\t010200C0\t0003\t0\t0\t100\t00000000\t0\t0\t0
eth1\t00000000\t0101A8C0\t0003\t0\t0\t50\t00000000\t0\t0\t0
eth0\t000200C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0
*\t0000000A\t00000000\t0201\t0\t0\t0\t000000FF\t0\t0\t0
`
const IPV6_ROUTE = `fd000000000000000000000000000000 40 00000000000000000000000000000000 00 00000000000000000000000000000000 00000100 00000001 00000000 00000001     eth0
00000000000000000000000000000000 00 00000000000000000000000000000000 00 fe800000000000000000000000000001 00000400 00000002 00000000 00450003     eth0
00000000000000000000000000000001 80 00000000000000000000000000000000 00 00000000000000000000000000000000 00000000 00000002 00000000 80200001       lo
ff000000000000000000000000000000 08 00000000000000000000000000000000 00 00000000000000000000000000000000 00000100 00000003 00000000 00000001     eth0
00000000000000000000000000000000 00 00000000000000000000000000000000 00 00000000000000000000000000000000 ffffffff 00000001 00000000 00200200       lo
`
const IF_INET6 = `fe8000000000000000fc00fffe000001 04 40 20 80     eth0
00000000000000000000000000000001 01 80 10 80       lo
fd000000000000000000000000000002 04 40 00 82     eth0
fd0000000000000000000000000000aa 04 40 00 01     eth0
fd0000000000000000000000000000bb 04 40 00 c0     eth0
`
const FIB_TRIE = `Main:
  +-- 0.0.0.0/0 3 0 5
     |-- 0.0.0.0
        /0 universe UNICAST
     |-- 127.0.0.1
        /32 host LOCAL
        |-- 192.0.2.0
           /24 link UNICAST
        |-- 192.0.2.2
           /32 host LOCAL
     |-- 192.0.2.255
        /32 link BROADCAST
`

const ip = (text: string): IpAddress => {
  const parsed = parseIp(text)
  assert.ok(parsed)
  return parsed
}
const show = ({ device, to, prefixLength, via }: Route): string =>
  `${formatCidr(to, prefixLength)} ${via ? formatIp(via) : '-'} ${device}`

test('IPv4 routes are read, those that reject left out', () => {
  assert.deepEqual(parseIpv4Routes(ROUTE).map(show), [
    '0.0.0.0/0 192.0.2.1 eth0',
    '0.0.0.0/0 192.168.1.1 eth1',
    '192.0.2.0/24 - eth0',
  ])
})

test('IPv6 routes are read without multicast, own and rejecting ones, and advertised ones are told', () => {
  const routes = parseIpv6Routes(IPV6_ROUTE)
  assert.deepEqual(routes.map(show), ['fd00::/64 - eth0', '::/0 fe80::1 eth0'])
  assert.deepEqual(
    routes.map(({ isAdvertised }) => isAdvertised),
    [false, true],
  )
})

test('of IPv6 addresses, temporary, tentative and local ones are left out', () => {
  const addresses = parseIpv6Addresses(IF_INET6)
  assert.deepEqual(
    addresses.map(({ device, address }) => `${device} ${formatIp(address)}`),
    ['eth0 fd00::2'],
  )
})

test('the longest prefix wins, then the lowest metric', () => {
  const routes = parseIpv4Routes(ROUTE)
  assert.equal(findRoute(routes, ip('192.0.2.9'))?.prefixLength, 24)
  assert.equal(findRoute(routes, ip('198.51.100.1'))?.device, 'eth1')
  assert.equal(findRoute(routes, ip('fd00::1')), undefined)
})

test('in a tree of facts, an IPv4 address is the card whose network holds it', () => {
  const root = mkdtempSync(path.join(os.tmpdir(), 'kbox-net-'))
  try {
    mkdirSync(path.join(root, 'proc/net'), { recursive: true })
    writeFileSync(path.join(root, 'proc/net/route'), ROUTE)
    writeFileSync(path.join(root, 'proc/net/fib_trie'), FIB_TRIE)
    // No ipv6_route, no if_inet6: a kernel without IPv6.
    assert.equal(readRoutes(root).length, 3)
    assert.deepEqual(readAddresses(root), [
      { device: 'eth0', address: ip('192.0.2.2'), prefixLength: 24 },
    ])
  } finally {
    rmSync(root, { recursive: true })
  }
})

test("this machine's own state is read without complaint", () => {
  for (const route of readRoutes()) assert.ok(route.device)
  for (const { prefixLength } of readAddresses()) assert.ok(prefixLength <= 128)
})

test('damaged text yields fewer lines, never an exception or a route that is none', () => {
  const texts = [ROUTE, IPV6_ROUTE, IF_INET6]
  const damage = fc.tuple(fc.constantFrom(...texts), fc.nat(2000), fc.string({ unit: 'binary' }))
  fc.assert(
    fc.property(damage, ([text, at, junk]) => {
      const damaged = text.slice(0, at) + junk + text.slice(at + 3)
      for (const route of [...parseIpv4Routes(damaged), ...parseIpv6Routes(damaged)]) {
        assert.ok(route.prefixLength <= (route.to.family === 4 ? 32 : 128))
        findRoute([route], ip('192.0.2.1'))
        findRoute([route], ip('fd00::1'))
      }
      parseIpv6Addresses(damaged)
    }),
    { numRuns: 2000 },
  )
})
