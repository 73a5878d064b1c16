// Options of the verbs that arm the machine, and what they choose.
import { UsageError } from '../core/base/errors.ts'
import type { ArmChoices } from '../host/control/arm.ts'
import { parseVerbOptions } from './verb_options.ts'
import { VERSION } from './version.ts'

const ARM_OPTIONS = {
  config: { type: 'string' },
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
  'dry-run': { type: 'boolean', default: false },
  root: { type: 'string', default: '/' },
  json: { type: 'boolean', default: false },
  verbose: { type: 'boolean', short: 'v', default: false },
} as const

/** What start, restart and rebuild were asked. */
export interface ArmRequest {
  /** Undefined for the machine's own. */
  readonly configFile: string | undefined
  readonly choices: ArmChoices
  readonly buildsOnly: boolean
  readonly isDryRun: boolean
  readonly json: boolean
  readonly verbose: boolean
  readonly root: string
}

/** Parse. @throws {UsageError} for what does not fit */
export function parseArmOptions(argv: readonly string[]): ArmRequest {
  const values = parseVerbOptions(argv, ARM_OPTIONS)
  const { root, config } = values
  const isDryRun = values['dry-run']
  if (root !== '/' && !isDryRun)
    throw new UsageError(`--root ${root}: goes with --dry-run only, nothing else can be done there`)
  return {
    configFile: config,
    choices: readChoices(values),
    buildsOnly: values['build-only'],
    isDryRun,
    json: values.json,
    verbose: values.verbose,
    root,
  }
}

type Values = ReturnType<typeof parseVerbOptions<typeof ARM_OPTIONS>>

function readChoices(values: Values): ArmChoices {
  const { kernel, runtime, busybox, image, append, root } = values
  const pageOrder = values['page-order']
  if (pageOrder !== undefined && pageOrder !== 'priority' && pageOrder !== 'pfn') {
    throw new UsageError(`--page-order ${pageOrder}: must be priority or pfn`)
  }
  const stall = readSeconds('--stall-timeout', values['stall-timeout'])
  const overall = readSeconds('--overall-timeout', values['overall-timeout'])
  const hook = readSeconds('--hook-timeout', values['hook-timeout'])
  return {
    root,
    kboxVersion: VERSION,
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
