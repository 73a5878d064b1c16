// kbox reload: load again what is loaded, because the kernel's memory or CPUs have changed. Neither kdump.conf is read nor
// anything built. The command line is made anew: there may be a new watchdog.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { HostError, KdumpError } from '../core/base/errors.ts'
import { defaultImage } from '../host/control/arm.ts'
import { planCmdline } from '../host/control/capture_cmdline.ts'
import { readCrashHotplug, readCrashState } from '../host/control/crash_sysfs.ts'
import { kdumpLockFile, tryKdumpLock } from '../host/control/kdump_lock.ts'
import { chooseKernel } from '../host/control/kernel/choose_kernel.ts'
import { findLastGood } from '../host/control/last_good.ts'
import { readLoadSet, type LoadSet } from '../host/control/load_set.ts'
import { LOADED_RECORD, loadSafely } from '../host/control/load_image.ts'
import { DEFAULT_LOAD_SETTINGS } from '../host/control/load_settings.ts'
import { reportLoad } from './arm_machine.ts'
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
    const isLoaded = reload(append)
    if (!isLoaded) sayKdump('Starting kdump: [FAILED]')
    return isLoaded ? 0 : 1
  })
}

function reload(append: string | undefined): boolean {
  try {
    const set = readBefore()
    const words = { ...set.words, ...(append === undefined ? {} : { asked: append }) }
    const { text: cmdline } = planCmdline(set.settings, words)
    const outcome = loadSafely({ ...set, words, cmdline })
    const isUntouched = !outcome.ok && outcome.armed === 'as before'
    const kept = isUntouched ? findLastGood(set.image) : undefined
    if (!kept) return reportLoad(outcome)
    // What was loaded knows nothing of the change that asks for the reload; its copy will.
    if (!outcome.ok) warnKdump(outcome.error.message)
    sayKdump('The kept copy of what is loaded is loaded instead.')
    return reportLoad(loadSafely({ ...kept, words, cmdline }))
  } catch (error) {
    if (!(error instanceof KdumpError)) throw error
    sayKdump(error.message)
    return false
  }
}

/** What was loaded at last; another program's load, or a boot since, leaves the usual files. */
function readBefore(): LoadSet {
  const before = readLoadSet(LOADED_RECORD)
  if (before) return before
  const { file: kernel, release } = chooseKernel(DEFAULT_LOAD_SETTINGS)
  const image = defaultImage(release)
  if (!existsSync(image)) throw new HostError(`${image} is missing: run 'kbox restart'`, 'ENOENT')
  const words = { image: '', asked: '' }
  return { release, kernel, image, cmdline: '', words, settings: DEFAULT_LOAD_SETTINGS }
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
