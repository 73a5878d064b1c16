// Which drivers a network card needs, read from sysfs: its own, and those of all it is plugged into.
import { existsSync, realpathSync } from 'node:fs'
import path from 'node:path'
import { HostError } from '../../../core/base/errors.ts'
import type { FrozenNetwork } from '../reach/freeze_network.ts'
import { walkDeviceTree, type TreeDrivers } from './device_tree.ts'
import type { ModuleIndex } from './module_index.ts'

/** What udhcpc and IPv6 need, where the kernel does not have it built in. */
const NETWORK_MODULES = ['af_packet', 'ipv6']

/**
 * Find the modules of a frozen network, in the order of loading.
 *
 * @param root where sys/ is found
 * @throws {HostError} if a card is not there
 */
export function findNetworkModules(
  { devices, modules }: FrozenNetwork,
  index: ModuleIndex,
  root = '/',
): string[] {
  const common = NETWORK_MODULES.filter((name) => index.find(name).length > 0)
  const drivers = devices.flatMap((device) => {
    const { modules: own, aliases } = findCardDrivers(device, root)
    // The tree is walked upwards from the card; its bus must come first.
    return [...own.toReversed(), ...aliases.flatMap((alias) => index.find(alias))]
  })
  return [...common, ...drivers, ...modules]
}

/**
 * Find the drivers of a network device, from the card up to the root of the tree.
 *
 * @param device such as `eth0`; one that has a driver, no VLAN
 * @param root where sys/ is found
 * @throws {HostError} if there is no such card
 */
export function findCardDrivers(device: string, root = '/'): TreeDrivers {
  const link = path.join(root, 'sys/class/net', device, 'device')
  if (!existsSync(link))
    throw new HostError(`network card ${device}: ${link} is not there`, 'ENODEV')
  return walkDeviceTree(realpathSync(link), path.join(root, 'sys'))
}
