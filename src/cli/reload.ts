// kbox reload: load again what is loaded, at once or when a storm of hotplug events has ceased.
import { spawnSync } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { KdumpError } from '../core/base/errors.ts'
import { readCrashHotplug, readCrashState } from '../host/control/crash_sysfs.ts'
import { kdumpLockFile, tryKdumpLock } from '../host/control/kdump_lock.ts'
import { reloadImage } from '../host/control/load/reload_image.ts'
import { isFeasible, reportLoad } from './arm_machine.ts'
import { lockKdump } from './kdump_lock.ts'
import { sayKdump, warnKdump } from './kdump_messages.ts'
import { parseVerbOptions } from './verb_options.ts'

/** A hot-plugged module brings dozens of events: the first of them waits for the others. */
const SETTLE_MS = 1000
const UDEV_SETTLE_SECONDS = 3

/**
 * Run `kbox reload`.
 *
 * @returns exit code: 0 loaded again, 1 not (what was loaded may be)
 * @throws {UsageError} for an unknown option
 */
export async function reloadMain(argv: readonly string[]): Promise<number> {
  const options = {
    append: { type: 'string' },
    debounced: { type: 'boolean', default: false },
  } as const
  const { append, debounced } = parseVerbOptions(argv, options)
  if (debounced && !(await isOursToReload())) return 0
  return lockKdump(() => {
    if (!readCrashState().loaded) warnKdump('Kdump was not running: [WARNING]')
    const isLoaded = isFeasible() && reload(append)
    if (!isLoaded) sayKdump('Starting kdump: [FAILED]')
    return isLoaded ? 0 : 1
  })
}

function reload(append: string | undefined): boolean {
  try {
    const { outcome, damage } = reloadImage(append)
    if (damage !== '') {
      warnKdump(damage)
      sayKdump('The kept copy of what is loaded is loaded instead.')
    }
    return reportLoad(outcome)
  } catch (error) {
    if (!(error instanceof KdumpError)) throw error
    sayKdump(error.message)
    return false
  }
}

/**
 * Wait until events have ceased, unless somebody waits already, or the kernel needs no reload. Whoever waits gives the
 * place free before it loads: an event during the load waits anew, and none is lost.
 */
async function isOursToReload(): Promise<boolean> {
  if (!readCrashState().loaded) return false
  const { cpu, memory } = readCrashHotplug()
  if (cpu && memory) return false
  using place = tryKdumpLock(`${kdumpLockFile()}-reload`)
  if (!place) return false
  await sleep(SETTLE_MS)
  // Where there is no udevadm there are no events of its.
  spawnSync('udevadm', ['settle', `--timeout=${UDEV_SETTLE_SECONDS}`], {
    timeout: 2 * UDEV_SETTLE_SECONDS * 1000,
  })
  return true
}
