// kbox start: arm the machine, in kdumpctl's words.
import { existsSync } from 'node:fs'
import { KdumpError, UsageError } from '../core/base/errors.ts'
import {
  buildPlannedImage,
  loadPlannedImage,
  planArm,
  type ArmChoices,
} from '../host/control/arm.ts'
import { makeBreadcrumbFile } from '../host/control/breadcrumb_file.ts'
import { collectLastCrash } from '../host/control/collect.ts'
import { readCrashState } from '../host/control/crash_sysfs.ts'
import type { BuiltImage } from '../host/control/initramfs/build_image.ts'
import type { KdumpConf } from '../host/control/kdump_conf_model.ts'
import { preflightTargets } from '../host/control/preflight.ts'
import { explainNoReservation } from '../host/control/reservation.ts'
import { KDUMP_CONF, readKdumpConf } from './kdump_conf_file.ts'
import { sayKdump, warnKdump } from './kdump_messages.ts'
import { parseVerbOptions } from './verb_options.ts'

const OPTIONS = {
  config: { type: 'string', default: KDUMP_CONF },
  kernel: { type: 'string' },
  runtime: { type: 'string' },
  busybox: { type: 'string' },
  image: { type: 'string' },
  append: { type: 'string' },
  'page-order': { type: 'string' },
  'stall-timeout': { type: 'string' },
  'overall-timeout': { type: 'string' },
  'hook-timeout': { type: 'string' },
  'build-only': { type: 'boolean', default: false },
  verbose: { type: 'boolean', short: 'v', default: false },
} as const

/**
 * Run `kbox start`.
 *
 * @returns exit code: 0 armed (or armed before), 1 not
 * @throws {UsageError} for an unknown option
 */
export async function startMain(argv: readonly string[]): Promise<number> {
  const values = parseOptions(argv)
  const isArmed = await start(values)
  if (!isArmed) sayKdump('Starting kdump: [FAILED]')
  return isArmed ? 0 : 1
}

type Values = ReturnType<typeof parseOptions>

function parseOptions(argv: readonly string[]) {
  return parseVerbOptions(argv, OPTIONS)
}

async function start(values: Values): Promise<boolean> {
  const choices = readChoices(values)
  if (!existsSync(values.config)) return readKdumpConf(values.config) !== undefined
  const state = readCrashState()
  if (!values['build-only'] && !state.supported) {
    sayKdump('Kdump is not supported on this kernel')
    return false
  }
  if (!values['build-only'] && state.reservedBytes === 0) {
    sayKdump('No memory reserved for crash kernel')
    sayKdump(`  ${explainNoReservation()}`)
    return false
  }
  const conf = readKdumpConf(values.config)
  if (!conf) return false
  if (state.loaded && !values['build-only']) {
    warnKdump('Kdump already running: [WARNING]')
    return true
  }
  try {
    prepareCrumbs(conf)
    const plan = await planArm(conf, choices)
    const checked = values['build-only'] ? [] : await preflightTargets(plan.targets)
    for (const warning of [...plan.warnings, ...checked]) warnKdump(warning)
    if (!conf.forceNoRebuild || !existsSync(plan.image)) {
      sayKdump(`Rebuilding ${plan.image}`)
      const built = buildPlannedImage(plan)
      if (values.verbose) sayParts(built)
      if (!values['build-only']) warnIfTight(built.sizeBytes, state.reservedBytes)
    }
    if (values.verbose) sayKdump(`command line: ${plan.cmdline}`)
    if (values['build-only']) return true
    loadPlannedImage(plan, state.reservedBytes)
    sayKdump('kexec: loaded kdump kernel')
    sayKdump('Starting kdump: [OK]')
    return true
  } catch (error) {
    if (!(error instanceof KdumpError) && !isSystemError(error)) throw error
    sayKdump(error.message)
    return false
  }
}

/** What the last crash left is taken care of first: its breadcrumbs make room for the next one's. */
function prepareCrumbs(conf: KdumpConf): void {
  for (const { text, isWarning } of collectLastCrash(conf)) (isWarning ? warnKdump : sayKdump)(text)
  const crumbs = makeBreadcrumbFile(conf.path)
  if (typeof crumbs === 'string')
    warnKdump(`no breadcrumbs: should no target take the dump, its log is lost (${crumbs})`)
}

/** Node's own errors of file operations carry a code such as ENOSPC, and a message that names call and file. */
function isSystemError(error: unknown): error is Error {
  return error instanceof Error && 'syscall' in error
}

function readChoices(values: Values): ArmChoices {
  const { kernel, runtime, busybox, image, append } = values
  const pageOrder = values['page-order']
  if (pageOrder !== undefined && pageOrder !== 'priority' && pageOrder !== 'pfn') {
    throw new UsageError(`--page-order ${pageOrder}: must be priority or pfn`)
  }
  const stall = readSeconds('--stall-timeout', values['stall-timeout'])
  const overall = readSeconds('--overall-timeout', values['overall-timeout'])
  const hook = readSeconds('--hook-timeout', values['hook-timeout'])
  return {
    ...(kernel === undefined ? {} : { kernel }),
    ...(runtime === undefined ? {} : { runtime }),
    ...(busybox === undefined ? {} : { busybox }),
    ...(image === undefined ? {} : { image }),
    ...(append === undefined ? {} : { append }),
    ...(pageOrder === undefined ? {} : { pageOrder }),
    ...(stall === undefined ? {} : { stallTimeoutMs: stall * 1000 }),
    ...(overall === undefined ? {} : { overallTimeoutMs: overall * 1000 }),
    ...(hook === undefined ? {} : { hookTimeoutMs: hook * 1000 }),
  }
}

function readSeconds(option: string, value: string | undefined): number | undefined {
  if (value === undefined) return undefined
  if (!/^[1-9]\d{0,8}$/.test(value))
    throw new UsageError(`${option} ${value}: must be a number of seconds`)
  return Number(value)
}

/** While it unpacks, the initramfs is in memory twice; a kernel and its first needs take some 70 MB more. */
function warnIfTight(imageBytes: number, reservedBytes: number): void {
  const needed = 2 * imageBytes + 70 * 2 ** 20
  if (needed <= reservedBytes) return
  const megabytes = (bytes: number): string => `${Math.ceil(bytes / 2 ** 20)}M`
  warnKdump(
    `the capture kernel may need ${megabytes(needed)}, but ${megabytes(reservedBytes)} are reserved`,
  )
}

function sayParts({ file, sizeBytes, parts }: BuiltImage): void {
  sayKdump(`${file}: ${sizeBytes} bytes`)
  for (const part of parts) sayKdump(`${String(part.sizeBytes).padStart(12)} ${part.path}`)
}
