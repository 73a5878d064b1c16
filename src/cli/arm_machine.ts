// start, restart and rebuild: one way from the configuration to a loaded image, in kdumpctl's words. The verbs differ in
// where they stop, and in what they make of an image that is loaded already.
import { KdumpError } from '../core/base/errors.ts'
import { defaultImage, planArm, type ArmPlan } from '../host/control/arm.ts'
import { makeBreadcrumbFile, markCrumbs } from '../host/control/after/breadcrumb_file.ts'
import { collectLastCrash } from '../host/control/after/collect.ts'
import { readCrashState } from '../host/control/crash_sysfs.ts'
import {
  clearCreationTest,
  readCreationTest,
  settleCreationTest,
} from '../host/control/after/creation_test.ts'
import type { BuiltImage } from '../host/control/initramfs/build_image.ts'
import type { KdumpConf } from '../host/control/config/kdump_conf_model.ts'
import { readRunningRelease } from '../host/control/load/kernel/choose_kernel.ts'
import { loadLastGood, loadPlan, type LoadOutcome } from '../host/control/load/load_image.ts'
import { preflightTargets } from '../host/control/reach/preflight.ts'
import { buildPlannedImage, decideRebuild } from '../host/control/load/rebuild.ts'
import { explainNoReservation } from '../host/control/reservation.ts'
import type { ArmRequest } from './arm_options.ts'
import { sayCreationTest } from './creation_line.ts'
import { readSettings } from './kdump_conf_file.ts'
import { sayKdump, warnKdump } from './kdump_messages.ts'
import { formatCmdline, formatParts, formatPlan, planJson } from './plan_text.ts'
import { isSystemError } from '../host/platform/file_error.ts'

/** Who asks. */
export type ArmVerb = 'start' | 'restart' | 'rebuild'

/**
 * Arm the machine as far as a verb goes.
 *
 * @returns whether all was done; what was not is told
 */
export async function armMachine(request: ArmRequest, verb: ArmVerb): Promise<boolean> {
  try {
    return await arm(request, verb)
  } catch (error) {
    if (!(error instanceof KdumpError) && !isSystemError(error)) throw error
    sayKdump(error.message)
    if (isLoading(request, verb)) sayArmed(keepArmed(request))
    return false
  }
}

async function arm(request: ArmRequest, verb: ArmVerb): Promise<boolean> {
  const { isDryRun } = request
  const loads = isLoading(request, verb)
  const configuration = readSettings({ file: request.configFile, root: request.root })
  if (!configuration) {
    if (loads && readCrashState().loaded) sayArmed({ armed: 'as before', why: '' })
    return false
  }
  if (loads && !isFeasible()) return false
  const { conf, load: settings } = configuration
  if (loads && verb === 'start' && readCrashState().loaded) {
    warnKdump('Kdump already running: [WARNING]')
    if (settings.notifiesCreation) sayCreationTest(settleCreationTest(conf))
    return true
  }
  if (!isDryRun) prepareCrumbs(conf)
  // How a test went is told at the boot behind it, even where that boot makes another image and so forgets it.
  const isPending = loads && readCreationTest()?.status === 'pending'
  const settled = isPending ? settleCreationTest(conf) : undefined
  const plan = await planArm(conf, { ...request.choices, settings })
  const checked = isDryRun || request.buildsOnly ? [] : await preflightTargets(plan.targets)
  for (const warning of [...plan.warnings, ...checked]) warnKdump(warning)
  if (isDryRun) return showPlan(plan, conf, request)
  buildIfNeeded(plan, conf, request, verb)
  if (!loads) return true
  if (request.verbose)
    for (const line of formatCmdline(plan.cmdline, plan.cmdlineWords)) sayKdump(line)
  const outcome = loadPlan(plan)
  if (outcome.ok) armCrumbs(plan)
  if (!reportLoad(outcome)) return false
  if (settings.notifiesCreation) sayCreationTest(settled ?? readCreationTest())
  return true
}

/** What the last crash left is taken care of first: its breadcrumbs make room for the next one's. */
function prepareCrumbs(conf: KdumpConf): void {
  for (const { text, isWarning } of collectLastCrash(conf)) (isWarning ? warnKdump : sayKdump)(text)
  const crumbs = makeBreadcrumbFile(conf.path)
  if (typeof crumbs === 'string')
    warnKdump(`no breadcrumbs: should no target take the dump, its log is lost (${crumbs})`)
}

function armCrumbs({ crumbFile, release }: ArmPlan): void {
  if (crumbFile !== '') markCrumbs(crumbFile, 'armed', release)
}

/** Say how a load went. @returns whether it went well */
export function reportLoad(outcome: LoadOutcome): boolean {
  if (outcome.ok) {
    const { call, reason } = outcome.by
    for (const warning of outcome.warnings) warnKdump(warning)
    if (reason !== '') sayKdump(`loaded with ${call} (${reason})`)
    sayKdump('kexec: loaded kdump kernel')
    sayKdump('Starting kdump: [OK]')
    return true
  }
  sayKdump('kexec: failed to load kdump kernel')
  sayKdump(outcome.error.message)
  sayArmed(outcome)
  return false
}

type Armed = Pick<LoadOutcome & { readonly ok: false }, 'armed' | 'why'>

function sayArmed({ armed, why }: Armed): void {
  switch (armed) {
    case 'as before':
      sayKdump('What was loaded before stays loaded.')
      break
    case 'last good':
      sayKdump('The image that was loaded before is loaded again.')
      break
    case 'nothing':
      warnKdump(`NOTHING is loaded now: ${why}`)
  }
}

/** A target that does not answer today must not leave the machine without any image: yesterday's may have another. */
function keepArmed({ choices }: ArmRequest): Armed {
  const { supported, loaded, reservedBytes } = readCrashState()
  if (loaded) return { armed: 'as before', why: '' }
  if (!supported || reservedBytes === 0) return { armed: 'nothing', why: 'no memory is reserved' }
  const why = loadLastGood(choices.image ?? defaultImage(readRunningRelease()))
  return { armed: why === '' ? 'last good' : 'nothing', why }
}

function isLoading({ buildsOnly, isDryRun }: ArmRequest, verb: ArmVerb): boolean {
  return verb !== 'rebuild' && !buildsOnly && !isDryRun
}

/** Can this kernel hold a crash image? If not, say why, in kdumpctl's words. */
export function isFeasible(): boolean {
  const { supported, reservedBytes } = readCrashState()
  if (!supported) {
    sayKdump('Kdump is not supported on this kernel')
    return false
  }
  if (reservedBytes === 0) {
    sayKdump('No memory reserved for crash kernel')
    sayKdump(`  ${explainNoReservation()}`)
    return false
  }
  return true
}

function buildIfNeeded(plan: ArmPlan, conf: KdumpConf, request: ArmRequest, verb: ArmVerb): void {
  const wishes = verb === 'rebuild' ? { forceRebuild: true, forceNoRebuild: false } : conf
  const { isNeeded, reason, inputs } = decideRebuild(plan, wishes)
  if (reason !== '' && verb !== 'rebuild') sayKdump(reason)
  if (!isNeeded) return
  sayKdump(`Rebuilding ${plan.image}`)
  if (request.verbose) sayKdump(`made by ${plan.backend.name}: ${plan.backendReason}`)
  const built = buildPlannedImage(plan, inputs)
  // What a test showed of another image says nothing of this one.
  clearCreationTest()
  if (request.json) printJson({ version: 1, ...built, inputs })
  else if (request.verbose) for (const line of formatParts(built)) sayKdump(line)
  warnIfTight(built, readCrashState().reservedBytes)
}

function showPlan(plan: ArmPlan, conf: KdumpConf, { json, root }: ArmRequest): boolean {
  const rebuild = root === '/' ? decideRebuild(plan, conf) : undefined
  if (json) printJson(planJson(plan, rebuild))
  else process.stdout.write(`${formatPlan(plan, rebuild).join('\n')}\n`)
  return true
}

/** While it unpacks, the initramfs is in memory twice; a kernel and its first needs take some 70 MB more. */
function warnIfTight({ sizeBytes }: BuiltImage, reservedBytes: number): void {
  const needed = 2 * sizeBytes + 70 * 2 ** 20
  if (reservedBytes === 0 || needed <= reservedBytes) return
  const megabytes = (bytes: number): string => `${Math.ceil(bytes / 2 ** 20)}M`
  warnKdump(
    `the capture kernel may need ${megabytes(needed)}, but ${megabytes(reservedBytes)} are reserved`,
  )
}

function printJson(value: object): void {
  process.stdout.write(`${JSON.stringify(value, null, 2)}\n`)
}
