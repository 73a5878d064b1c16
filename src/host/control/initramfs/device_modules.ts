// Which drivers a block device needs, read from sysfs: those of everything it hangs on, and what it is stacked on.
import { existsSync, readdirSync, realpathSync } from 'node:fs'
import path from 'node:path'
import { HostError } from '../../../core/base/errors.ts'
import { walkDeviceTree, type TreeDrivers } from './device_tree.ts'
import { readLine } from '../../platform/fact_tree.ts'

/** What only user space can bring up in the capture kernel, by the words of those who configure it. */
export type StorageLayer =
  | 'LVM'
  | 'LUKS'
  | 'multipath'
  | 'RAID'
  | 'device mapper'
  | 'bcache'
  | 'iSCSI'
  | 'NVMe over Fabrics'
  | 'network block device'

/** What must be loaded for a device to appear, and what must be done beyond loading. */
export interface DeviceDrivers extends TreeDrivers {
  /** Empty for a plain disk or partition: it is there once its modules are. */
  readonly layers: readonly StorageLayer[]
}

/** More disks than any array has. */
const DEVICES_MAX = 1024

/**
 * Find the drivers of a block device and of all it is stacked on.
 *
 * @param number `major:minor`
 * @param root where sys/ is found
 * @throws {HostError} if sysfs does not list the device
 */
export function findDeviceDrivers(number: string, root = '/'): DeviceDrivers {
  const sys = path.join(root, 'sys')
  const link = path.join(sys, 'dev/block', number)
  if (!existsSync(link))
    throw new HostError(
      `block device ${number}: not in ${path.join(sys, 'dev/block')}; is the target's device there?`,
      'ENODEV',
    )
  const found: Found = { modules: new Set(), aliases: new Set(), layers: new Set() }
  const seen = new Set<string>()
  const waiting = [realpathSync(link)]
  for (let folder = waiting.pop(); folder !== undefined; folder = waiting.pop()) {
    if (seen.has(folder) || seen.size >= DEVICES_MAX) continue
    seen.add(folder)
    walkUp(folder, sys, found)
    waiting.push(...belowOf(folder, found))
  }
  return {
    modules: [...found.modules],
    aliases: [...found.aliases],
    layers: [...found.layers],
  }
}

interface Found {
  readonly modules: Set<string>
  readonly aliases: Set<string>
  readonly layers: Set<StorageLayer>
}

/** Layers that show in the path of a plain-looking disk. @source drivers/scsi/scsi_transport_iscsi.c, drivers/nvme/host/fabrics.c */
const LAYER_IN_PATH: readonly (readonly [RegExp, StorageLayer])[] = [
  [/\/session\d+\/target/, 'iSCSI'],
  [/\/nvme-fabrics\//, 'NVMe over Fabrics'],
  [/\/devices\/rbd\/|\/block\/nbd\d/, 'network block device'],
]

function walkUp(start: string, sys: string, { modules, aliases, layers }: Found): void {
  for (const [pattern, layer] of LAYER_IN_PATH) if (pattern.test(start)) layers.add(layer)
  const drivers = walkDeviceTree(start, sys)
  for (const module of drivers.modules) modules.add(module)
  for (const alias of drivers.aliases) aliases.add(alias)
}

/** Devices that a device is made of: what it is stacked on, and the controllers behind NVMe's native multipath. */
function belowOf(folder: string, found: Found): string[] {
  // A partition's folder has no slaves/ of its own; its disk's has.
  const disk = existsSync(path.join(folder, 'partition')) ? path.dirname(folder) : folder
  const slaves = path.join(disk, 'slaves')
  const below = namesIn(slaves).map((name) => path.join(slaves, name))
  if (below.length > 0) found.layers.add(layerOf(disk))
  const subsystem = path.dirname(disk)
  if (path.basename(path.dirname(subsystem)) === 'nvme-subsystem') {
    for (const name of namesIn(subsystem))
      if (/^nvme\d+$/.test(name)) below.push(path.join(subsystem, name))
  }
  return below.flatMap((link) => realpathOf(link) ?? [])
}

/** Who maps a device: dm names its owner in front of its uuid. @source dm-ioctl users: lvm2, cryptsetup, multipath-tools, dmraid */
function layerOf(folder: string): StorageLayer {
  const uuid = readLine(path.join(folder, 'dm/uuid'))
  if (uuid.startsWith('LVM-')) return 'LVM'
  if (uuid.startsWith('CRYPT-')) return 'LUKS'
  // A partition of a multipath disk is `part1-mpath-…`.
  if (/^(?:part\d+-)?mpath-/.test(uuid)) return 'multipath'
  if (uuid.startsWith('DMRAID-') || existsSync(path.join(folder, 'md'))) return 'RAID'
  return existsSync(path.join(folder, 'bcache')) ? 'bcache' : 'device mapper'
}

function namesIn(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder) : []
}

function realpathOf(link: string): string | undefined {
  try {
    return realpathSync(link)
  } catch {
    return undefined
  }
}
