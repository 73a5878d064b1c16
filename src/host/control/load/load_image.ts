// Loads a capture kernel so that there is never a moment without one if that can be helped: everything is checked first,
// the load itself replaces the old image, and if the kernel refuses it, what was loaded before is loaded again.
import { mkdirSync, statSync } from 'node:fs'
import path from 'node:path'
import { HostError, KdumpError } from '../../../core/base/errors.ts'
import type { ArmPlan } from '../arm.ts'
import { checkCmdlineLength, readMachine } from './capture_cmdline.ts'
import { readCrashState } from '../crash_sysfs.ts'
import { checkImage, readManifest } from './image_manifest.ts'
import { checkKernelFile, cmdlineMaxOf } from './kernel/check_kernel.ts'
import { readKernelFormat } from './kernel/kernel_format.ts'
import { extractSection } from './kernel/split_uki.ts'
import { loadCrashImage, type LoadedBy } from './kexec.ts'
import { explainKexecError } from './kexec_explain.ts'
import { readKexecFacts } from './kexec_facts.ts'
import { findLastGood, keepLastGood } from './last_good.ts'
import { writeLoadSet, type LoadSet } from './load_set.ts'

/** What is armed after a load that failed. */
export type StillArmed =
  /** What was loaded before: nothing was touched. */
  | 'as before'
  /** What was loaded before, loaded again. */
  | 'last good'
  | 'nothing'

/** How a load went. */
export type LoadOutcome =
  | { readonly ok: true; readonly by: LoadedBy; readonly warnings: readonly string[] }
  | { readonly ok: false; readonly error: Error; readonly armed: StillArmed; readonly why: string }

/** What is loaded now, for `reload`; gone with the next boot as the loaded image is. */
export const LOADED_RECORD = '/run/kdump/loaded.json'

/** Load what was planned, and fall back to the last good image if that fails. @throws {FormatError} for a damaged UKI */
export function loadPlan(plan: ArmPlan): LoadOutcome {
  const { release, kernel, kernelSource, image, cmdline, words, settings } = plan
  if (kernel !== kernelSource) extractSection(kernelSource, '.linux', kernel)
  return loadSafely({ release, kernel, image, cmdline, words, settings })
}

/** Load a capture kernel, and fall back to the last good one if that fails. */
export function loadSafely(set: LoadSet): LoadOutcome {
  const { reservedBytes } = readCrashState()
  try {
    verifyLoadSet(set, reservedBytes)
    const by = load(set, reservedBytes)
    return { ok: true, by, warnings: remember(set) }
  } catch (error) {
    if (!isOrdinary(error)) throw error
    return { ok: false, error, ...fallBack(set, reservedBytes) }
  }
}

/**
 * Check all that can be checked before the kernel is asked.
 *
 * @param reservedBytes of the crash kernel's reservation
 * @throws {KdumpError} naming what is wrong
 */
export function verifyLoadSet(set: LoadSet, reservedBytes: number): void {
  const { kernel, image, cmdline } = set
  const format = readKernelFormat(kernel)
  const machine = readMachine()
  checkKernelFile(kernel, format, set.settings.kexecMode, machine)
  if (format.kind === 'uki')
    throw new HostError(
      `${kernel} is a unified kernel image: run 'kbox restart', which takes the kernel out of it`,
      'ENOEXEC',
    )
  checkCmdlineLength(cmdline, cmdlineMaxOf(format, machine))
  const manifest = readManifest(`${image}.json`)
  const problem = manifest ? checkImage(image, manifest) : ''
  if (problem !== '') throw new HostError(`${image} ${problem}: run 'kbox rebuild'`, 'EINVAL')
  const imageBytes = statSync(image).size
  const kernelBytes = Math.max(format.bzImage?.initSizeBytes ?? 0, format.sizeBytes)
  if (kernelBytes + imageBytes > reservedBytes) {
    const facts = readKexecFacts(reservedBytes, { bytes: kernelBytes + imageBytes })
    throw new HostError(explainKexecError(new HostError('', 'ENOMEM'), facts), 'ENOMEM')
  }
}

/** @throws {HostError} explaining the kernel's refusal */
function load(set: LoadSet, reservedBytes: number): LoadedBy {
  const { kernel, image, cmdline, settings } = set
  try {
    return loadCrashImage({ kernel, initrd: image, cmdline }, settings.kexecMode)
  } catch (error) {
    if (!(error instanceof HostError)) throw error
    const bytes = statSync(kernel).size + statSync(image).size
    const facts = readKexecFacts(reservedBytes, { bytes, kernel })
    throw new HostError(explainKexecError(error, facts), error.errno, { cause: error })
  }
}

/** Write down what is loaded. It is loaded all the same: what fails here is a warning. */
function remember(set: LoadSet): string[] {
  try {
    mkdirSync(path.dirname(LOADED_RECORD), { recursive: true })
    writeLoadSet(LOADED_RECORD, set)
    keepLastGood(set)
    return []
  } catch (error) {
    if (!isOrdinary(error)) throw error
    return [`the loaded image could not be kept for a later failure: ${error.message}`]
  }
}

/** The kernel frees the old image before it looks at the new one, so that a refusal usually leaves none. */
function fallBack(
  { image }: LoadSet,
  reservedBytes: number,
): { readonly armed: StillArmed; readonly why: string } {
  if (readCrashState().loaded) return { armed: 'as before', why: '' }
  const why = loadLastGood(image, reservedBytes)
  return { armed: why === '' ? 'last good' : 'nothing', why }
}

/**
 * Load what was loaded last from `image`.
 *
 * @returns why that was not possible, '' if it was
 */
export function loadLastGood(
  image: string,
  reservedBytes = readCrashState().reservedBytes,
): string {
  const good = findLastGood(image)
  if (!good) return 'no image that was loaded before is kept'
  try {
    load(good, reservedBytes)
    writeLoadSet(LOADED_RECORD, good)
    return ''
  } catch (error) {
    if (!isOrdinary(error)) throw error
    return `the last good image: ${error.message}`
  }
}

/** About the world, not our fault: ours, or Node's for file operations. */
function isOrdinary(error: unknown): error is Error {
  return error instanceof KdumpError || (error instanceof Error && 'syscall' in error)
}
