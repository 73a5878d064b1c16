// Which drivers a block device needs, read from sysfs: the device's own driver and those of everything it hangs on.
import { existsSync, readdirSync, realpathSync } from 'node:fs'
import path from 'node:path'
import { UnsupportedError } from '../../../core/base/errors.ts'
import { walkDeviceTree, type TreeDrivers } from './device_tree.ts'

/**
 * Find the drivers of a block device.
 *
 * @param number `major:minor`
 * @param root where sys/ is found
 * @throws {UnsupportedError} for devices that need user-space help to appear (LVM, LUKS, RAID, network disks)
 */
export function findDeviceDrivers(number: string, root = '/'): TreeDrivers {
  const sys = path.join(root, 'sys')
  const link = path.join(sys, 'dev/block', number)
  if (!existsSync(link))
    throw new UnsupportedError(`block device ${number}: not in ${path.join(sys, 'dev/block')}`)
  const folder = realpathSync(link)
  checkSimple(folder)
  return walkDeviceTree(folder, sys)
}

/** A stacked device has slaves: mapping it again is the work of lvm, cryptsetup or mdadm, which the image lacks. */
function checkSimple(folder: string): void {
  // A partition's folder has no slaves/ of its own; its disk's has.
  for (const candidate of [folder, path.dirname(folder)]) {
    const slaves = path.join(candidate, 'slaves')
    if (!existsSync(slaves)) continue
    if (readdirSync(slaves).length > 0) {
      const name = path.basename(candidate)
      throw new UnsupportedError(
        `dumping to ${name}, a stacked device (LVM, LUKS or RAID): name a plain partition in kdump.conf for now`,
      )
    }
    return
  }
}
