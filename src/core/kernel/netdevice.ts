// Network namespaces, devices and their addresses. Source: include/net/net_namespace.h, include/linux/netdevice.h,
// include/linux/inetdevice.h, include/net/if_inet6.h.
import { wrap64 } from '../base/addr.ts'
import { formatIpv4, formatIpv6 } from '../base/ip_text.ts'
import type { KObject } from '../program/kobject.ts'
import type { Program } from '../program/program.ts'
import { forEachNode, listForEachEntry } from './list.ts'
import type { Task } from './sched.ts'

export type Net = KObject<'net'>
export type NetDevice = KObject<'net_device'>

/** The first network namespace. */
export function initNet(program: Program): Net {
  return program.object('init_net').cast('struct net')
}

/** Walk the network namespaces. @source include/net/net_namespace.h for_each_net() */
export function forEachNet(program: Program): Generator<Net> {
  return listForEachEntry<'net'>(program.object('net_namespace_list'), 'struct net', 'list')
}

/** The network namespace of a task; undefined once it has exited. */
export function taskNet(task: Task): Net | undefined {
  const nsproxy = task.get('nsproxy')
  return nsproxy.isNull() ? undefined : nsproxy.get('net_ns').deref().cast('struct net')
}

/** Walk the devices of a namespace, in order of registration. @source include/linux/netdevice.h for_each_netdev() */
export function forEachNetdev(net: Net): Generator<NetDevice> {
  return listForEachEntry<'net_device'>(net.get('dev_base_head'), 'struct net_device', 'dev_list')
}

/** IPv4 addresses of a device, `192.0.2.1`, primary ones first. @source net/ipv4/devinet.c in_dev_for_each_ifa_rcu() */
export function netdevIpv4Addresses(device: NetDevice): string[] {
  const { program } = device
  const inDevice = device.find('ip_ptr')?.pointer() ?? 0n
  if (inDevice === 0n) return []
  const next = BigInt(program.offsetof('struct in_ifaddr', 'ifa_next'))
  const chain = forEachNode(
    (address) => program.memory.u64(wrap64(address + next)),
    program.objectAt('struct in_device', inDevice).pointer('ifa_list'),
    (address) => address === 0n,
  )
  return Array.from(chain, (address) =>
    formatIpv4(program.objectAt('struct in_ifaddr', address).bytes('ifa_local')),
  )
}

/** IPv6 addresses of a device, `2001:db8::1`, widest scope first. @source net/ipv6/addrconf.c ipv6_link_dev_addr() */
export function netdevIpv6Addresses(device: NetDevice): string[] {
  const { program } = device
  const inet6Device = device.find('ip6_ptr')?.pointer() ?? 0n
  // IPv6 may be a module whose types are not in the dump.
  if (inet6Device === 0n || !program.hasType('struct inet6_ifaddr')) return []
  const list = program.objectAt('struct inet6_dev', inet6Device).get('addr_list')
  return Array.from(listForEachEntry(list, 'struct inet6_ifaddr', 'if_list'), (address) =>
    formatIpv6(address.bytes('addr')),
  )
}
