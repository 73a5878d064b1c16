// sysfs's tree of devices, from one up to its root: each has a driver, or says what kind of driver it wants.
import { existsSync, realpathSync } from 'node:fs'
import path from 'node:path'
import { readLine } from '../../platform/fact_tree.ts'

/** Drivers of a device and of all it hangs on. */
export interface TreeDrivers {
  /** Modules by name, from the device up to the root of the tree. */
  readonly modules: readonly string[]
  /** modalias strings of devices on the way that have no driver link. */
  readonly aliases: readonly string[]
}

/** A device tree deeper than this is not one. */
const DEPTH_MAX = 64

/**
 * Walk from a device's folder up to the root.
 *
 * @param start real path, links resolved
 * @param sys where sysfs is
 */
export function walkDeviceTree(start: string, sys: string): TreeDrivers {
  const modules = new Set<string>()
  const aliases = new Set<string>()
  const top = realpathSync(sys)
  let folder = start
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

function readLinkName(link: string): string {
  try {
    return path.basename(realpathSync(link))
  } catch {
    return ''
  }
}
