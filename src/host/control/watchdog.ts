// Which watchdogs the machine has: one that is armed fires a pre-timeout NMI, which would panic the capture kernel.
import { readdirSync, realpathSync } from 'node:fs'
import path from 'node:path'

/** Find the modules that drive the machine's watchdogs, each once. @param root where sys/ is found */
export function findWatchdogDrivers(root = '/'): string[] {
  const folder = path.join(root, 'sys/class/watchdog')
  const drivers = new Set<string>()
  for (const name of readNames(folder)) {
    try {
      drivers.add(path.basename(realpathSync(path.join(folder, name, 'device/driver/module'))))
    } catch {
      // Software watchdogs have no device, built-in drivers no module; neither takes the option.
    }
  }
  return [...drivers]
}

function readNames(folder: string): string[] {
  try {
    return readdirSync(folder).toSorted()
  } catch {
    return []
  }
}
