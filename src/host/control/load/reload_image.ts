// Loads again what is loaded, because the kernel's memory or CPUs have changed, or with other words on its command line.
// Nothing is configured or built anew. The command line is made anew: there may be a new watchdog.
import { existsSync } from 'node:fs'
import { HostError } from '../../../core/base/errors.ts'
import { defaultImage } from '../arm.ts'
import { planCmdline } from './capture_cmdline.ts'
import { chooseKernel } from './kernel/choose_kernel.ts'
import { findLastGood } from './last_good.ts'
import { LOADED_RECORD, loadSafely, type LoadOutcome } from './load_image.ts'
import { readLoadSet, type LoadSet } from './load_set.ts'
import { DEFAULT_LOAD_SETTINGS } from '../config/load_settings.ts'

/** How a reload went. */
export interface ReloadOutcome {
  readonly outcome: LoadOutcome
  /** What is wrong with the files of what is loaded, so that their kept copies were taken; '' if nothing. */
  readonly damage: string
}

/**
 * Load again what is loaded.
 *
 * @param asked words in place of those asked for at the start; undefined for the same
 * @throws {KdumpError} if nothing is known that could be loaded
 */
export function reloadImage(asked?: string): ReloadOutcome {
  const set = readBefore()
  const words = { ...set.words, ...(asked === undefined ? {} : { asked }) }
  const { text: cmdline } = planCmdline(set.settings, words)
  const outcome = loadSafely({ ...set, words, cmdline })
  if (outcome.ok || outcome.armed !== 'as before') return { outcome, damage: '' }
  const kept = findLastGood(set.image)
  if (!kept) return { outcome, damage: '' }
  // What stays loaded knows nothing of the change that asks for the reload; its copy will.
  return { outcome: loadSafely({ ...kept, words, cmdline }), damage: outcome.error.message }
}

/** What was loaded at last; after another program's load, or a boot since, the usual files. */
function readBefore(): LoadSet {
  const before = readLoadSet(LOADED_RECORD)
  if (before) return before
  const { file: kernel, release } = chooseKernel(DEFAULT_LOAD_SETTINGS)
  const image = defaultImage(release)
  if (!existsSync(image)) throw new HostError(`${image} is missing: run 'kbox restart'`, 'ENOENT')
  const words = { image: '', asked: '' }
  return { release, kernel, image, cmdline: '', words, settings: DEFAULT_LOAD_SETTINGS }
}
