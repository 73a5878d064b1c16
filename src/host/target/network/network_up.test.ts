// The capture kernel's sysfs as a tree of facts, a clock that only sleep() moves, and the commands that would be run.
import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { addCard, makeFactTree, type FactTree } from '../../../../test/support/fact_tree.ts'
import type { CommandResult } from '../../platform/run_command.ts'
import type { NetworkPlan, PlannedCard } from './network_plan.ts'
import { bringUpNetwork, type NetworkHost } from './network_up.ts'

const CARD: PlannedCard = {
  mac: '52:54:00:12:34:56',
  usedMac: '52:54:00:12:34:56',
  devicePath: '/devices/pci0000:00/0000:00:03.0',
  name: 'enp3s0',
  vlan: 0,
  addresses: ['192.0.2.5/24'],
  routes: [{ to: '0.0.0.0/0', via: '192.0.2.1' }],
  usesDhcp: false,
  usesAutoconf: false,
  mtu: 1500,
}

const plan = (...cards: PlannedCard[]): NetworkPlan => ({
  hostname: 'web7',
  cards,
  nameservers: ['192.0.2.53'],
  timeoutMs: 5000,
})

interface Lab extends Disposable {
  readonly tree: FactTree
  readonly host: NetworkHost
  readonly commands: string[]
  readonly said: string[]
}

function lab(answer: (argv: readonly string[]) => Partial<CommandResult> = () => ({})): Lab {
  const tree = makeFactTree({ 'proc/sys/kernel/hostname': '(none)\n', 'etc/resolv.conf': '' })
  addCard(tree, 'eth0', CARD.mac, 'pci0000:00/0000:00:03.0/virtio1')
  const commands: string[] = []
  const said: string[] = []
  let clock = 0
  const host: NetworkHost = {
    root: tree.root,
    now: () => clock,
    sleep: async (milliseconds) => void (clock += milliseconds),
    say: (text) => void said.push(text),
    heartbeat: () => {},
    run: async (argv) => {
      commands.push(argv.join(' '))
      return { status: 0, output: '', ...answer(argv) }
    },
  }
  return { tree, host, commands, said, [Symbol.dispose]: () => tree[Symbol.dispose]() }
}

test('a card gets its addresses and routes, under whatever name it has now', async () => {
  using it = lab()
  await bringUpNetwork(plan(CARD), it.host)
  assert.deepEqual(it.commands, [
    'ip link set lo up',
    'ip link set dev eth0 mtu 1500',
    'ip link set dev eth0 up',
    'ip -4 addr add 192.0.2.5/24 dev eth0',
    'ip -4 route add 0.0.0.0/0 via 192.0.2.1 dev eth0',
  ])
  assert.deepEqual(it.said, ['network: eth0 (was enp3s0, 52:54:00:12:34:56): 192.0.2.5/24'])
  const read = (file: string): string => readFileSync(path.join(it.tree.root, file), 'utf8')
  assert.equal(read('proc/sys/kernel/hostname'), 'web7')
  assert.equal(read('etc/resolv.conf'), 'nameserver 192.0.2.53\n')
})

test('a machine without a name gets one of its own, so that an NFS server can tell it from others', async () => {
  using it = lab()
  await bringUpNetwork({ ...plan(CARD), hostname: 'localhost' }, it.host)
  const file = path.join(it.tree.root, 'proc/sys/kernel/hostname')
  assert.equal(readFileSync(file, 'utf8'), 'kdump-525400123456')
})

test('what is there already is no error', async () => {
  using it = lab((argv) =>
    argv.includes('add') ? { status: 2, output: 'ip: RTNETLINK answers: File exists' } : {},
  )
  await bringUpNetwork(plan(CARD), it.host)
})

test("IPv6 is used at once, and a router's advertisements only where they were", async () => {
  using it = lab()
  it.tree.file('proc/sys/net/ipv6/conf/eth0/accept_dad', '1')
  it.tree.file('proc/sys/net/ipv6/conf/eth0/accept_ra', '1')
  const addresses = ['fd00::5/64']
  await bringUpNetwork(
    plan({ ...CARD, addresses, routes: [{ to: '::/0', via: 'fe80::1' }] }),
    it.host,
  )
  const read = (name: string): string =>
    readFileSync(path.join(it.tree.root, 'proc/sys/net/ipv6/conf/eth0', name), 'utf8')
  assert.deepEqual([read('accept_dad'), read('accept_ra')], ['0', '0'])
  assert.deepEqual(it.commands.slice(3), [
    'ip -6 addr add fd00::5/64 dev eth0',
    'ip -6 route add ::/0 via fe80::1 dev eth0',
  ])
})

test('a VLAN is made on its card', async () => {
  using it = lab()
  await bringUpNetwork(plan({ ...CARD, vlan: 7 }), it.host)
  assert.deepEqual(it.commands.slice(2), [
    'ip link set dev eth0 up',
    'ip link add link eth0 name kbox0 type vlan id 7',
    'ip link set dev kbox0 up',
    'ip -4 addr add 192.0.2.5/24 dev kbox0',
    'ip -4 route add 0.0.0.0/0 via 192.0.2.1 dev kbox0',
  ])
})

test("a DHCP server's lease takes the place of the frozen address and default route", async () => {
  using it = lab((argv) => {
    if (argv[0] === 'udhcpc') {
      const lease = path.join(it.tree.root, 'run/kbox/lease-eth0')
      writeFileSync(lease, 'ip=198.51.100.7\nmask=24\nrouter=203.0.113.1\nstaticroutes=\n')
    }
    return {}
  })
  const routes = [...CARD.routes, { to: '10.0.0.0/8', via: '198.51.100.9' }]
  await bringUpNetwork(plan({ ...CARD, usesDhcp: true, routes }), it.host)
  assert.match(it.commands[3] ?? '', /^udhcpc -i eth0 -s \S+ -f -q -n .*-r 192\.0\.2\.5$/)
  assert.deepEqual(it.commands.slice(4), [
    'ip -4 addr add 198.51.100.7/24 dev eth0',
    'ip -4 route add 203.0.113.1/32 dev eth0',
    'ip -4 route add 0.0.0.0/0 via 203.0.113.1 dev eth0',
    'ip -4 route add 10.0.0.0/8 via 198.51.100.9 dev eth0',
  ])
})

test('without an answer of a DHCP server, the frozen lease is used', async () => {
  using it = lab((argv) =>
    argv[0] === 'udhcpc' ? { status: 1, output: 'x\nudhcpc: no lease' } : {},
  )
  await bringUpNetwork(plan({ ...CARD, usesDhcp: true }), it.host)
  assert.equal(it.commands[4], 'ip -4 addr add 192.0.2.5/24 dev eth0')
  assert.equal(it.said[0], 'network: no DHCP lease on eth0 (udhcpc: no lease): using 192.0.2.5/24')
})

test('a card whose MAC had been set is found by its place, and gets that MAC', async () => {
  using it = lab()
  const mac = '02:00:00:00:00:99'
  await bringUpNetwork(plan({ ...CARD, mac, usedMac: mac }), it.host)
  assert.equal(it.commands[1], `ip link set dev eth0 address ${mac}`)
})

test('a card that is not there costs the deadline and names those that are', async () => {
  using it = lab()
  await assert.rejects(
    bringUpNetwork(plan({ ...CARD, mac: '02:00:00:00:00:99', devicePath: '' }), it.host),
    /^HostError: no network card 02:00:00:00:00:99 \(enp3s0\); there are eth0 52:54:00:12:34:56$/,
  )
  assert.equal(it.host.now(), 5000)
})

test('a card without a link costs the deadline and says so', async () => {
  using it = lab()
  it.tree.file('sys/class/net/eth0/carrier', '0\n')
  await assert.rejects(
    bringUpNetwork(plan(CARD), it.host),
    /no link on network card 52:54:00:12:34:56/,
  )
  assert.equal(it.host.now(), 5000)
})

test('one card that works is enough, and the other is told', async () => {
  using it = lab()
  const dead = { ...CARD, mac: '02:00:00:00:00:99', devicePath: '' }
  await bringUpNetwork(plan(dead, CARD), it.host)
  assert.ok(it.said.some((text) => text.startsWith('network: no network card 02:00:00:00:00:99')))
})

test('an address that cannot be set is an error with the words of ip', async () => {
  using it = lab((argv) => (argv.includes('addr') ? { status: 1, output: 'ip: bad' } : {}))
  await assert.rejects(
    bringUpNetwork(plan(CARD), it.host),
    /^HostError: ip -4 addr add 192\.0\.2\.5\/24 dev eth0: ip: bad$/,
  )
})

test('a card that stands for a bond is found by its own MAC and uses that of the bond', async () => {
  using it = lab()
  await bringUpNetwork(plan({ ...CARD, usedMac: '02:00:00:00:00:77' }), it.host)
  assert.equal(it.commands[1], 'ip link set dev eth0 address 02:00:00:00:00:77')
})
