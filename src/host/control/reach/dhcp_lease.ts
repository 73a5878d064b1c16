// Did a DHCP server give this address? The kernel does not tell a /proc reader; the leases of those who asked do.
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { parseIp } from '../../platform/ip_address.ts'

/** Where the clients keep what they got: folder, and file names for a device. */
const LEASES: readonly {
  readonly client: string
  readonly folder: string
  matches(file: string, device: string, index: string): boolean
}[] = [
  {
    client: 'systemd-networkd',
    folder: 'run/systemd/netif/leases',
    matches: (file, _device, index) => file === index,
  },
  {
    client: 'NetworkManager',
    folder: 'var/lib/NetworkManager',
    matches: (file, device) =>
      /^(internal|dhclient)-/.test(file) && file.endsWith(`-${device}.lease`),
  },
  {
    client: 'dhclient',
    folder: 'var/lib/dhcp',
    matches: (file) => /^dhclient.*\.leases$/.test(file),
  },
  { client: 'dhclient', folder: 'var/lib/dhclient', matches: (file) => /\.leases?$/.test(file) },
  {
    client: 'wicked',
    folder: 'var/lib/wicked',
    matches: (file, device) => file === `lease-${device}-dhcp-ipv4.xml`,
  },
  { client: 'dhcpcd', folder: 'var/lib/dhcpcd', matches: isDhcpcdLease },
  { client: 'dhcpcd', folder: 'var/lib/dhcpcd5', matches: isDhcpcdLease },
  // klibc's ipconfig, in the initramfs of a machine that boots from the network.
  { client: 'ipconfig', folder: 'run', matches: (file, device) => file === `net-${device}.conf` },
]

/** A lease is some KiB, dhclient's file of all leases some hundred. */
const SIZE_MAX = 1 << 22

/**
 * Find the DHCP client that obtained an IPv4 address, '' if it is a static one.
 *
 * @param address such as `192.0.2.5`
 * @param root where run/, var/ and etc/ are found
 */
export function findDhcpClient(device: string, index: string, address: string, root = '/'): string {
  for (const { client, folder, matches } of LEASES) {
    for (const file of namesIn(path.join(root, folder))) {
      if (!matches(file, device, index)) continue
      const content = readBytes(path.join(root, folder, file))
      if (client === 'dhcpcd' ? holdsBinary(content, address) : holdsText(content, address))
        return client
    }
  }
  return isDhcpByInterfaces(device, root) ? 'ifupdown' : ''
}

function isDhcpcdLease(file: string, device: string): boolean {
  return file === `${device}.lease` || (file.startsWith(`${device}-`) && file.endsWith('.lease'))
}

/** As a word: 192.0.2.5 is not in 192.0.2.55. */
function holdsText(content: Buffer, address: string): boolean {
  const text = content.toString('latin1')
  return new RegExp(`(?<![\\d.])${address.replaceAll('.', '\\.')}(?![\\d.])`).test(text)
}

/** dhcpcd keeps the server's message as it came: yiaddr is its fifth word. @source RFC 2131, section 2 */
function holdsBinary(content: Buffer, address: string): boolean {
  return content.length >= 20 && parseIp(address)?.value === BigInt(content.readUInt32BE(16))
}

/** ifupdown with a client that keeps no lease, such as udhcpc. */
function isDhcpByInterfaces(device: string, root: string): boolean {
  const etc = path.join(root, 'etc/network')
  const more = namesIn(path.join(etc, 'interfaces.d')).map((name) =>
    path.join('interfaces.d', name),
  )
  return ['interfaces', ...more].some((file) => {
    const lines = readBytes(path.join(etc, file)).toString('utf8').split('\n')
    return lines.some((line) => {
      const [keyword, name, family, method] = line.trim().split(/\s+/)
      return keyword === 'iface' && name === device && family === 'inet' && method === 'dhcp'
    })
  })
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}

function readBytes(file: string): Buffer {
  try {
    return readFileSync(file).subarray(0, SIZE_MAX)
  } catch {
    return Buffer.alloc(0)
  }
}
