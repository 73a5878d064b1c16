// kbox estimate: how much memory the capture kernel needs, in kdumpctl's lines and with the reason of each term.
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { UsageError } from '../core/base/errors.ts'
import { type OptionValues, parseOptions } from '../core/base/options.ts'
import { planArm } from '../host/control/arm.ts'
import { readCrashkernelFacts } from '../host/control/crashkernel/machine_facts.ts'
import {
  type EstimateFacts,
  type EstimateSettings,
  imageFile,
  readEstimateFacts,
} from '../host/control/estimate/estimate_facts.ts'
import { type Estimate, estimateReservation } from '../host/control/estimate/estimate_terms.ts'
import { parseKdumpConf } from '../host/control/config/kdump_conf.ts'
import { DEFAULT_LOAD_SETTINGS } from '../host/control/config/load_settings.ts'
import { findConfigurationFile } from '../host/control/config/read_configuration.ts'
import { buildPlannedImage } from '../host/control/load/rebuild.ts'
import { measureMain } from './estimate_measure.ts'
import { readSettings } from './kdump_conf_file.ts'

const OPTIONS = {
  measure: { type: 'boolean' },
  kernel: { type: 'string', value: 'file' },
  modules: { type: 'string', value: 'dir' },
  config: { type: 'string', value: 'file' },
  image: { type: 'string', value: 'file' },
  start: { type: 'string', value: 'size' },
  memory: { type: 'string', value: 'size' },
  cpus: { type: 'string', value: 'n' },
  runtime: { type: 'string', value: 'file' },
  timeout: { type: 'string', value: 's' },
  json: { type: 'boolean' },
  root: { type: 'string', value: 'dir' },
} as const

/** Options of `kbox estimate`, as given. */
export type EstimateValues = OptionValues<typeof OPTIONS>

/**
 * Run `kbox estimate`.
 *
 * @returns exit code: 0, 1 if the configuration is wrong or no size works
 * @throws {UsageError} for an option that makes no sense
 * @throws {HostError} if kernel or initramfs is not there
 */
export async function estimateMain(argv: readonly string[]): Promise<number> {
  const { values, operands } = parseOptions(OPTIONS, argv)
  if (operands[0] !== undefined) throw new UsageError(`unexpected ${operands[0]}`)
  if (values.measure) return measureMain(values)
  const root = values.root ?? '/'
  const settings = readEstimated(root, values.config)
  if (!settings) return 1
  const { kernel } = values
  const facts = await withImage(root, settings, values, (image) =>
    readEstimateFacts(root, settings, { kernel, image }),
  )
  const estimate = estimateReservation(facts.inputs)
  process.stdout.write(
    values.json
      ? `${JSON.stringify(estimateJson(facts, estimate), null, 2)}\n`
      : formatEstimate(facts, estimate),
  )
  return 0
}

/** Without a file, dumps go to the default folder. Undefined after the problems were printed. */
function readEstimated(root: string, file: string | undefined): EstimateSettings | undefined {
  if (file !== undefined || findConfigurationFile(root) !== undefined)
    return readSettings({ file, root })
  const parsed = parseKdumpConf('')
  if (!parsed.ok) throw new Error('kbox bug: an empty kdump.conf is wrong')
  return { conf: parsed.conf, load: DEFAULT_LOAD_SETTINGS }
}

/** The initramfs given or built before; on this machine, one is built for the moment if need be, as kdumpctl does. */
async function withImage<T>(
  root: string,
  { conf, load }: EstimateSettings,
  { image, kernel, runtime }: EstimateValues,
  use: (image: string | undefined) => T,
): Promise<T> {
  const isThere = existsSync(image ?? imageFile(root, readCrashkernelFacts(root).release))
  if (image !== undefined || isThere || root !== '/') return use(image)
  const folder = mkdtempSync(path.join(os.tmpdir(), 'kbox-estimate-'))
  try {
    const plan = await planArm(conf, {
      settings: load,
      image: path.join(folder, 'initramfs.img'),
      ...(kernel === undefined ? {} : { kernel }),
      ...(runtime === undefined ? {} : { runtime }),
    })
    return use(buildPlannedImage(plan).file)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

const MIB = 2 ** 20
const megabytes = (bytes: number): string => `${Math.floor(bytes / MIB)}M`

/** kdump-utils recommends the distribution's default where that is more. */
function recommendedBytes({ usualBytes }: EstimateFacts, { bytes }: Estimate): number {
  return Math.max(usualBytes, bytes)
}

function estimateJson(facts: EstimateFacts, estimate: Estimate): object {
  const { inputs: _, ...rest } = facts
  return {
    version: 1,
    ...rest,
    estimatedBytes: estimate.bytes,
    recommendedBytes: recommendedBytes(facts, estimate),
    unpackBytes: estimate.unpackBytes,
    captureBytes: estimate.captureBytes,
    terms: estimate.terms,
  }
}

/** kdumpctl's lines, word by word, then ours. */
function formatEstimate(facts: EstimateFacts, estimate: Estimate): string {
  const { inputs, reservedBytes, largeModules } = facts
  const recommended = megabytes(recommendedBytes(facts, estimate))
  // What kdumpctl has no line of its own for.
  const named = ['kernel', 'modules', 'initramfs', 'initramfs as loaded', 'LUKS']
  const runtime = estimate.terms.filter(({ name }) => !named.includes(name))
  const runtimeBytes = runtime.reduce((sum, { bytes }) => sum + bytes, 0)
  const lines = [
    ...(inputs.luksBytes > 0
      ? [
          'Encrypted kdump target requires extra memory, assuming using the keyslot with maximum memory requirement',
          '',
        ]
      : []),
    `Reserved crashkernel:    ${megabytes(reservedBytes)}`,
    `Recommended crashkernel: ${recommended}`,
    '',
    `Kernel image size:   ${megabytes(inputs.kernelBytes)}`,
    `Kernel modules size: ${megabytes(inputs.modulesBytes)}`,
    `Initramfs size:      ${megabytes(inputs.initramfsBytes)}`,
    `Runtime reservation: ${megabytes(runtimeBytes)}`,
    ...(inputs.luksBytes > 0 ? [`LUKS required size:  ${megabytes(inputs.luksBytes)}`] : []),
    ...(largeModules.length === 0
      ? ['Large modules: <none>']
      : ['Large modules:', ...largeModules.map((each) => `    ${each.name}: ${each.sizeBytes}`)]),
    ...(reservedBytes < recommendedBytes(facts, estimate)
      ? [`WARNING: Current crashkernel size is lower than recommended size ${recommended}.`]
      : []),
    '',
    ...formatTerms(estimate),
  ]
  return `${lines.join('\n')}\n`
}

function* formatTerms({ terms, unpackBytes, captureBytes, bytes }: Estimate): Generator<string> {
  const width = Math.max(...terms.map(({ name }) => name.length))
  const tenths = (size: number): string => `${(size / MIB).toFixed(1).padStart(7)} MB`
  yield 'Estimated, term by term:'
  for (const { name, bytes: size, phase, reason } of terms) {
    const when = phase === 'both' ? '' : phase === 'unpack' ? ' (while unpacking)' : ' (later)'
    yield `${tenths(size)}  ${name.padEnd(width)}  ${reason}${when}`
  }
  yield `${tenths(unpackBytes)}  while the initramfs is unpacked`
  yield `${tenths(captureBytes)}  while the dump is written`
  yield `Needed: ${megabytes(bytes)}; kbox estimate --measure tries it`
}
