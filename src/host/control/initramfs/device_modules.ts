// Which drivers a block device needs, read from sysfs: the device's own driver and those of everything it hangs on.
import { existsSync, readdirSync, readFileSync, realpathSync } from 'node:fs'
import path from 'node:path'
import { UnsupportedError } from '../../../core/base/errors.ts'

/** What must be loaded for a device to appear. */
export interface DeviceDrivers {
  /** Modules by name, from the device up to the root of the tree. */
  readonly modules: readonly string[]
  /** modalias strings of devices on the way that have no driver link. */
  readonly aliases: readonly string[]
}

/** A device tree deeper than this is not one. */
const DEPTH_MAX = 64

/**
 * Find the drivers of a block device.
 *
 * @param number `major:minor`
 * @param root where sys/ is found
 * @throws {UnsupportedError} for devices that need user-space help to appear (LVM, LUKS, RAID, network disks)
 */
export function findDeviceDrivers(number: string, root = '/'): DeviceDrivers {
  const sys = path.join(root, 'sys')
  const link = path.join(sys, 'dev/block', number)
  if (!existsSync(link))
    throw new UnsupportedError(`block device ${number}: not in ${path.join(sys, 'dev/block')}`)
  const modules = new Set<string>()
  const aliases = new Set<string>()
  let folder = realpathSync(link)
  checkSimple(folder)
  const top = realpathSync(sys)
  for (let depth = 0; depth < DEPTH_MAX && folder.startsWith(`${top}/`); depth++) {
    const driver = path.join(folder, 'driver')
    const module = readLinkName(path.join(driver, 'module'))
    if (module) modules.add(module)
    else if (!existsSync(driver)) {
      const alias = readLine(path.join(folder, 'modalias'))
      if (alias) aliases.add(alias)
    }
    folder = path.dirname(folder)
  }
  return { modules: [...modules], aliases: [...aliases] }
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

function readLinkName(link: string): string {
  try {
    return path.basename(realpathSync(link))
  } catch {
    return ''
  }
}

function readLine(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim()
  } catch {
    return ''
  }
}
