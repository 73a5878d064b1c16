// Leases as each client writes them.
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { makeFactTree } from '../../../../test/support/fact_tree.ts'
import { findDhcpClient } from './dhcp_lease.ts'

for (const [client, file, text] of [
  ['systemd-networkd', 'run/systemd/netif/leases/3', 'ADDRESS=192.0.2.5\n'],
  ['NetworkManager', 'var/lib/NetworkManager/internal-4e8c-eth0.lease', 'ADDRESS=192.0.2.5\n'],
  ['dhclient', 'var/lib/dhcp/dhclient.eth0.leases', 'lease {\n  fixed-address 192.0.2.5;\n}\n'],
  ['dhclient', 'var/lib/dhclient/dhclient.leases', 'lease {\n  fixed-address 192.0.2.5;\n}\n'],
  ['wicked', 'var/lib/wicked/lease-eth0-dhcp-ipv4.xml', '<address>192.0.2.5</address>'],
  ['ipconfig', 'run/net-eth0.conf', "IPV4ADDR='192.0.2.5'\n"],
  ['ifupdown', 'etc/network/interfaces', 'auto eth0\niface eth0 inet dhcp\n'],
  ['ifupdown', 'etc/network/interfaces.d/lan', 'iface eth0 inet dhcp\n'],
] as const) {
  test(`${client}'s ${file} tells that an address came by DHCP`, () => {
    using tree = makeFactTree({ [file]: text })
    assert.equal(findDhcpClient('eth0', '3', '192.0.2.5', tree.root), client)
    assert.equal(findDhcpClient('eth1', '4', '192.0.2.55', tree.root), '')
  })
}

test("dhcpcd's lease is the server's message", () => {
  using tree = makeFactTree({ 'var/lib/dhcpcd/eth0.lease': '' })
  const message = Buffer.alloc(240)
  message.set([192, 0, 2, 5], 16)
  writeFileSync(path.join(tree.root, 'var/lib/dhcpcd/eth0.lease'), message)
  assert.equal(findDhcpClient('eth0', '3', '192.0.2.5', tree.root), 'dhcpcd')
  assert.equal(findDhcpClient('eth0', '3', '192.0.2.6', tree.root), '')
})

test('a lease of another address, or of another card, does not count', () => {
  using tree = makeFactTree({
    'run/systemd/netif/leases/3': 'ADDRESS=192.0.2.55\n',
    'var/lib/NetworkManager/internal-4e8c-eth1.lease': 'ADDRESS=192.0.2.5\n',
    'etc/network/interfaces': 'iface eth0 inet static\n',
  })
  assert.equal(findDhcpClient('eth0', '3', '192.0.2.5', tree.root), '')
})
