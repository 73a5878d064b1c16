// Which drivers a network card needs, read from sysfs: its own, and those of all it is plugged into.
import { existsSync, realpathSync } from 'node:fs'
import path from 'node:path'
import { HostError } from '../../../core/base/errors.ts'
import { walkDeviceTree, type TreeDrivers } from './device_tree.ts'

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
