// Networks as trees of facts: one card, a VLAN, a cloud's /32, IPv6 by advertisement, and what is refused.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { addCard, makeFactTree, type FactTree } from '../../../../test/support/fact_tree.ts'
import { freezeNetwork, networkNeedOf } from './freeze_network.ts'

const MAC = '52:54:00:12:34:56'
const SLOT = 'pci0000:00/0000:00:03.0'
const HEAD = 'Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT\n'

/** A line of /proc/net/route. */
function route(device: string, to: string, mask: string, via = '0.0.0.0'): string {
  const hex = (address: string): string =>
    address
      .split('.')
      .toReversed()
      .map((byte) => Number(byte).toString(16).padStart(2, '0'))
      .join('')
  const flags = via === '0.0.0.0' ? '0001' : '0003'
  return `${[device, hex(to), hex(via), flags, 0, 0, 0, hex(mask), 0, 0, 0].join('\t')}\n`
}

function machine(routes: string, addresses: readonly string[]): FactTree {
  const own = addresses.map((address) => `|-- ${address}\n   /32 host LOCAL\n`).join('')
  const tree = makeFactTree({
    'proc/net/route': HEAD + routes,
    'proc/net/fib_trie': own,
    'proc/sys/kernel/hostname': 'web7\n',
    'etc/resolv.conf': 'search example\nnameserver 127.0.0.53\nnameserver 192.0.2.53\n',
  })
  addCard(tree, 'eth0', MAC, `${SLOT}/virtio1`)
  return tree
}

const PLAIN =
  route('eth0', '0.0.0.0', '0.0.0.0', '192.0.2.1') + route('eth0', '192.0.2.0', '255.255.255.0')
const need = (...addresses: string[]): { server: string; addresses: string[] }[] => [
  { server: 'files', addresses },
]

test('a card is frozen with its MAC, place, address and the one route that is needed', () => {
  using tree = machine(PLAIN + route('eth0', '10.0.0.0', '255.0.0.0', '192.0.2.7'), ['192.0.2.2'])
  assert.deepEqual(freezeNetwork(need('198.51.100.9'), 5000, tree.root), {
    plan: {
      hostname: 'web7',
      cards: [
        {
          mac: MAC,
          usedMac: MAC,
          devicePath: `/devices/${SLOT}`,
          name: 'eth0',
          vlan: 0,
          addresses: ['192.0.2.2/24'],
          routes: [{ to: '0.0.0.0/0', via: '192.0.2.1' }],
          usesDhcp: false,
          usesAutoconf: false,
          mtu: 1500,
        },
      ],
      nameservers: ['192.0.2.53'],
      timeoutMs: 5000,
    },
    devices: ['eth0'],
    modules: [],
  })
})

test('a server on the same network needs no route', () => {
  using tree = machine(PLAIN, ['192.0.2.2'])
  assert.deepEqual(freezeNetwork(need('192.0.2.9'), 1, tree.root).plan.cards[0]?.routes, [])
})

test('an address in a lease came by DHCP', () => {
  using tree = machine(PLAIN, ['192.0.2.2'])
  tree.file('run/systemd/netif/leases/2', 'ADDRESS=192.0.2.2\nROUTER=192.0.2.1\n')
  assert.equal(freezeNetwork(need('192.0.2.9'), 1, tree.root).plan.cards[0]?.usesDhcp, true)
})

test("a gateway outside the card's own network gets a route first", () => {
  using tree = machine(
    route('eth0', '0.0.0.0', '0.0.0.0', '10.128.0.1') +
      route('eth0', '10.128.0.1', '255.255.255.255') +
      route('eth0', '10.9.0.0', '255.255.0.0'),
    ['10.9.0.2'],
  )
  assert.deepEqual(freezeNetwork(need('198.51.100.9'), 1, tree.root).plan.cards[0]?.routes, [
    { to: '10.128.0.1/32', via: '' },
    { to: '0.0.0.0/0', via: '10.128.0.1' },
  ])
})

test('a VLAN is frozen with the card below it', () => {
  using tree = machine(
    route('eth0.7', '192.0.2.0', '255.255.255.0') + route('eth0', '10.0.0.0', '255.0.0.0'),
    ['192.0.2.2', '10.0.0.2'],
  )
  tree.file('proc/net/vlan/eth0.7', 'eth0.7  VID: 7\t REORDER_HDR: 1\nDevice: eth0\n')
  tree.file('sys/class/net/eth0.7/mtu', '1400\n')
  tree.file('sys/class/net/eth0.7/address', `${MAC}\n`)
  const { plan, devices, modules } = freezeNetwork(need('192.0.2.9'), 1, tree.root)
  const [card] = plan.cards
  assert.deepEqual([card?.mac, card?.name, card?.vlan, card?.mtu], [MAC, 'eth0', 7, 1400])
  assert.deepEqual(card?.addresses, ['192.0.2.2/24'])
  assert.deepEqual([devices, modules], [['eth0'], ['8021q']])
})

test('IPv6 is frozen with its link-local gateway, and only the family that is needed', () => {
  using tree = machine(PLAIN, ['192.0.2.2'])
  const zero = '0'.repeat(32)
  const gateway = 'fe800000000000000000000000000001'
  tree.file(
    'proc/net/ipv6_route',
    `${zero} 00 ${zero} 00 ${gateway} 00000400 00000002 00000000 00450003     eth0\n`,
  )
  tree.file('proc/net/if_inet6', 'fd000000000000000000000000000002 02 40 00 00     eth0\n')
  const [card] = freezeNetwork(need('2001:db8::9'), 1, tree.root).plan.cards
  assert.deepEqual(card?.addresses, ['fd00::2/64'])
  assert.deepEqual(card?.routes, [{ to: '::/0', via: 'fe80::1' }])
  assert.equal(card?.usesAutoconf, true)
})

test('two servers behind two cards freeze both, and one card for two servers is frozen once', () => {
  using tree = machine(PLAIN + route('eth1', '10.0.0.0', '255.0.0.0'), ['192.0.2.2', '10.0.0.2'])
  addCard(tree, 'eth1', '52:54:00:12:34:57', 'pci0000:00/0000:00:04.0')
  const needs = [...need('192.0.2.9', '192.0.2.10'), { server: 'more', addresses: ['10.0.0.9'] }]
  const { plan, devices } = freezeNetwork(needs, 1, tree.root)
  assert.deepEqual(devices, ['eth0', 'eth1'])
  assert.equal(plan.cards[1]?.devicePath, '/devices/pci0000:00/0000:00:04.0')
})

test('of the addresses of a server, one that can be reached is enough', () => {
  using tree = machine(route('eth0', '192.0.2.0', '255.255.255.0'), ['192.0.2.2'])
  assert.equal(freezeNetwork(need('2001:db8::9', '192.0.2.9'), 1, tree.root).plan.cards.length, 1)
  assert.throws(
    () => freezeNetwork(need('2001:db8::9', '198.51.100.9'), 1, tree.root),
    /^HostError: no route to files \(2001:db8::9, 198\.51\.100\.9\): check 'ip route get/,
  )
})

test('a server that is this machine is refused: it will not answer after a crash', () => {
  using tree = machine(PLAIN, ['192.0.2.2'])
  for (const address of ['192.0.2.2', '127.0.0.1', '::1']) {
    assert.throws(
      () => freezeNetwork(need(address), 1, tree.root),
      /files \(.*\) is this machine itself/,
      address,
    )
  }
})

test('a bridge and a failover bond come down to the card that works, with the MAC they use', () => {
  const theirs = '02:00:00:00:00:77'
  for (const [name, prepare] of [
    [
      'br0',
      (tree: FactTree) => {
        tree.folder('sys/class/net/br0/bridge')
        tree.folder('sys/class/net/br0/brif/eth0')
        tree.folder('sys/class/net/br0/brif/vnet0')
        tree.folder('sys/class/net/vnet0')
      },
    ],
    [
      'bond0',
      (tree: FactTree) => {
        tree.file('sys/class/net/bond0/bonding/mode', 'active-backup 1\n')
        tree.file('sys/class/net/bond0/bonding/active_slave', 'eth0\n')
        tree.file('sys/class/net/eth0/bonding_slave/perm_hwaddr', `${MAC}\n`)
      },
    ],
  ] as const) {
    using tree = machine(route(name, '192.0.2.0', '255.255.255.0'), ['192.0.2.2'])
    tree.file(`sys/class/net/${name}/address`, `${theirs}\n`)
    prepare(tree)
    if (name === 'bond0') tree.file('sys/class/net/eth0/address', `${theirs}\n`)
    const { plan, devices } = freezeNetwork(need('192.0.2.9'), 1, tree.root)
    const [card] = plan.cards
    assert.deepEqual([card?.mac, card?.usedMac, card?.name], [MAC, theirs, 'eth0'], name)
    assert.deepEqual([card?.addresses, devices], [['192.0.2.2/24'], ['eth0']], name)
  }
})

test('what no card can do alone is refused with the reason', () => {
  for (const [name, prepare, reason] of [
    [
      'bond0',
      (tree: FactTree) => tree.file('sys/class/net/bond0/bonding/mode', '802.3ad 4\n'),
      'bond0 is a bond of mode 802.3ad, of which no card works alone',
    ],
    [
      'bond0',
      (tree: FactTree) => tree.file('sys/class/net/bond0/bonding/mode', 'active-backup 1\n'),
      'bond0 is a bond without an active card',
    ],
    [
      'br0',
      (tree: FactTree) => tree.folder('sys/class/net/br0/bridge'),
      'br0 is a bridge with no card',
    ],
    [
      'br0',
      (tree: FactTree) => {
        tree.folder('sys/class/net/br0/bridge')
        tree.folder('sys/class/net/br0/brif/eth0')
        tree.folder('sys/class/net/br0/brif/eth1')
        addCard(tree, 'eth1', '52:54:00:12:34:57', 'pci0000:00/0000:00:04.0')
      },
      'br0 is a bridge with several cards',
    ],
    [
      'wlan0',
      (tree: FactTree) => tree.folder('sys/class/net/wlan0/wireless'),
      'wlan0 is a wireless card',
    ],
    [
      'team0',
      (tree: FactTree) => tree.folder('sys/class/net/team0/lower_eth0'),
      'team0 is stacked on eth0',
    ],
    ['wg0', (tree: FactTree) => tree.folder('sys/class/net/wg0'), 'wg0 is a virtual device'],
    [
      'wg0.7',
      (tree: FactTree) => {
        tree.folder('sys/class/net/wg0.7')
        tree.folder('sys/class/net/wg0')
        tree.file('proc/net/vlan/wg0.7', 'wg0.7  VID: 7\nDevice: wg0\n')
      },
      'wg0 is a virtual device',
    ],
  ] as const) {
    using tree = machine(route(name, '192.0.2.0', '255.255.255.0'), ['192.0.2.2'])
    prepare(tree)
    assert.throws(
      () => freezeNetwork(need('192.0.2.9'), 1, tree.root),
      new RegExp(`leads through ${name}, but ${reason.replaceAll('.', '\\.')}: the capture image`),
    )
  }
})

test('places on disks need no network, the others their server', () => {
  const nfs = {
    kind: 'nfs',
    server: 'a',
    addresses: ['192.0.2.9'],
    export: '/',
    options: '',
    directory: '/',
  } as const
  assert.deepEqual(networkNeedOf(nfs), { server: 'a', addresses: ['192.0.2.9'] })
  const disk = {
    kind: 'filesystem',
    fstype: 'ext4',
    uuid: '',
    node: '/dev/vda',
    options: '',
    directory: '/',
  } as const
  assert.equal(networkNeedOf(disk), undefined)
})
