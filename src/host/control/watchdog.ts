// Which watchdogs the machine has. One that is armed goes on through the crash: its driver must be in the image, where /init
// pets it, and its pre-timeout NMI must be off, which would panic the capture kernel.
import { readdirSync, realpathSync } from 'node:fs'
import path from 'node:path'
import { readLine } from '../platform/fact_tree.ts'

/** A device tree deeper than this is not one. */
const DEPTH_MAX = 32
/** What the kernel's own watchdog in software says it is. */
const SOFTDOG = 'Software Watchdog'

/** Find the modules that drive the machine's watchdogs, each once. @param root where sys/ is found */
export function findWatchdogDrivers(root = '/'): string[] {
  const drivers = new Set<string>()
  for (const folder of listWatchdogs(root)) {
    // Software watchdogs have no device, built-in drivers no module; neither takes the option.
    const driver = moduleOf(path.join(folder, 'device'))
    if (driver !== undefined) drivers.add(driver)
  }
  return [...drivers]
}

/** Watchdogs that run, and what their drivers need. */
export interface ArmedWatchdogs {
  readonly isAny: boolean
  /** Modules of their drivers and of all that they hang on, the buses first. */
  readonly modules: readonly string[]
}

/** Find the watchdogs that somebody has armed. @param root where sys/ is found */
export function findArmedWatchdogs(root = '/'): ArmedWatchdogs {
  const modules = new Set<string>()
  let isAny = false
  for (const folder of listWatchdogs(root)) {
    if (readLine(path.join(folder, 'state')) !== 'active') continue
    isAny = true
    for (const module of modulesAbove(path.join(folder, 'device'), path.join(root, 'sys')))
      modules.add(module)
    if (readLine(path.join(folder, 'identity')) === SOFTDOG) modules.add('softdog')
  }
  return { isAny, modules: [...modules] }
}

/** iTCO_wdt is nothing without lpc_ich, which makes its device. */
function modulesAbove(device: string, sys: string): string[] {
  const modules: string[] = []
  let folder: string
  let top: string
  try {
    folder = realpathSync(device)
    top = realpathSync(sys)
  } catch {
    return []
  }
  for (let depth = 0; depth < DEPTH_MAX && folder.startsWith(`${top}/`); depth++) {
    const module = moduleOf(folder)
    if (module !== undefined) modules.unshift(module)
    folder = path.dirname(folder)
  }
  return modules
}

function moduleOf(device: string): string | undefined {
  try {
    return path.basename(realpathSync(path.join(device, 'driver/module')))
  } catch {
    return undefined
  }
}

function listWatchdogs(root: string): string[] {
  const folder = path.join(root, 'sys/class/watchdog')
  try {
    return readdirSync(folder)
      .toSorted()
      .map((name) => path.join(folder, name))
  } catch {
    return []
  }
}
