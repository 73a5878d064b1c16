// The host's side of kbox rehearse: options become a rehearsal, and its result a text.
import os from 'node:os'
import { UsageError } from '../core/base/errors.ts'
import { findRuntime } from '../host/control/arm.ts'
import { redHat } from '../host/control/config/dialects/red_hat.ts'
import { parseKdumpConf } from '../host/control/config/kdump_conf.ts'
import type { KdumpConf } from '../host/control/config/kdump_conf_model.ts'
import { findConfigurationFile } from '../host/control/config/read_configuration.ts'
import { formatRehearseText, formatStepLine } from '../host/rehearse/rehearse_text.ts'
import { rehearse } from '../host/rehearse/rehearse.ts'
import { DEFAULT_KDUMP_CONF } from '../host/rehearse/rehearse_options.ts'
import type { Scenario } from '../host/rehearse/scenario.ts'
import { SCENARIOS } from '../host/rehearse/scenarios.ts'
import { readSettings } from './kdump_conf_file.ts'
import type { RehearseValues } from './rehearse.ts'

const EXIT_OK = 0
const EXIT_FAILED = 1

/**
 * Rehearse with a virtual machine on this host.
 *
 * @returns exit code: 0 every step went well, 1 a step failed
 * @throws {UsageError} for an option that makes no sense
 */
export async function rehearseHere(values: RehearseValues): Promise<number> {
  const config = readConfig(values.config)
  if (!config) return EXIT_FAILED
  // Loaded here only: it holds an SSH server.
  const { startStandIn } = await import('../host/rehearse/stand_ins/stand_in.ts')
  await using standIn = await startStandIn(config.conf)
  const result = await rehearse({
    ...config,
    ...standIn?.options,
    kernel: values.kernel ?? `/boot/vmlinuz-${os.release()}`,
    modules: values.modules,
    memoryBytes: readSize('--memory', values.memory),
    cpus: readNumber('--cpus', values.cpus, 64),
    crashkernel: readCrashkernel(values.crashkernel),
    scenario: readScenario(values.scenario),
    runtime: values.runtime ?? findRuntime(),
    timeoutMs: readNumber('--timeout', values.timeout, 1_000_000) * 1000,
    keep: values.keep,
    identity: values.identity,
    onStep(_, ended) {
      if (ended) process.stderr.write(`${formatStepLine(ended)}\n`)
    },
  })
  process.stdout.write(
    values.json ? `${JSON.stringify(result, null, 2)}\n` : formatRehearseText(result),
  )
  return result.ok ? EXIT_OK : EXIT_FAILED
}

/** The file given, else the machine's own, else the default. Undefined after its problems were printed. */
export function readConfig(
  given: string | undefined,
): { kdumpConf: string; conf: KdumpConf } | undefined {
  const file = given ?? findConfigurationFile()
  if (file !== undefined) {
    const settings = readSettings({ file })
    // The guest has a kdump.conf, whatever this machine has.
    return settings && { conf: settings.conf, kdumpConf: redHat.format(settings) }
  }
  const parsed = parseKdumpConf(DEFAULT_KDUMP_CONF)
  if (!parsed.ok) throw new Error('kbox bug: the default kdump.conf is wrong')
  return { conf: parsed.conf, kdumpConf: DEFAULT_KDUMP_CONF }
}

function readScenario(name: string): Scenario {
  const scenario = SCENARIOS.find((candidate) => candidate.name === name)
  if (scenario) return scenario
  throw new UsageError(
    `--scenario ${name}: must be one of ${SCENARIOS.map((candidate) => candidate.name).join(', ')}`,
  )
}

const UNIT: Readonly<Record<string, number>> = { M: 2 ** 20, G: 2 ** 30 }
const MEMORY_MIN = 256 * 2 ** 20

function readSize(option: string, value: string): number {
  const [, digits = '', unit = ''] = /^(\d{1,6})([MG])$/i.exec(value) ?? []
  const bytes = Number(digits) * (UNIT[unit.toUpperCase()] ?? 0)
  if (!(bytes >= MEMORY_MIN))
    throw new UsageError(`${option} ${value}: must be a size of 256M or more, such as 512M or 4G`)
  return bytes
}

function readNumber(option: string, value: string, max: number): number {
  const number = /^\d{1,9}$/.test(value) ? Number(value) : 0
  if (number < 1 || number > max)
    throw new UsageError(`${option} ${value}: must be a number from 1 to ${max}`)
  return number
}

function readCrashkernel(value: string): string {
  // One word of the guest's command line; what it means is for the kernel to say.
  if (!/^[\w@,:.+-]+$/.test(value))
    throw new UsageError(`--crashkernel ${value}: must be a value such as 192M or 1G-4G:192M`)
  return value
}
