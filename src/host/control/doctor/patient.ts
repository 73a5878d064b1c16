// Gathers what every check needs to know of a machine, once.
import { KdumpError, NotFoundError } from '../../../core/base/errors.ts'
import { Facts } from '../../platform/facts.ts'
import { defaultImage, planArm } from '../arm.ts'
import { splitCmdline } from '../load/capture_cmdline.ts'
import { readCrashState } from '../crash_sysfs.ts'
import { readConfiguration, type ConfigurationResult } from '../config/read_configuration.ts'
import type { Patient } from './check.ts'

/** Look a machine over. @param root where its files are found */
export async function admit(root = '/'): Promise<Patient> {
  const facts = new Facts(root)
  const release = facts.text('proc/sys/kernel/osrelease') ?? ''
  const configuration = configurationOf(root)
  return {
    facts,
    crash: readCrashState(root),
    release,
    cmdline: splitCmdline(facts.text('proc/cmdline') ?? ''),
    memTotalBytes: readMeminfo(facts).get('MemTotal') ?? 0,
    configuration,
    conf: configuration?.ok ? configuration.configuration.conf : undefined,
    image: defaultImage(release),
    ...(await planOf(configuration, root)),
  }
}

function configurationOf(root: string): ConfigurationResult | undefined {
  try {
    return readConfiguration({ root })
  } catch (error) {
    if (error instanceof NotFoundError) return undefined
    throw error
  }
}

/** The very plan of `kbox start`: what stops it would stop a start. */
async function planOf(
  configuration: ConfigurationResult | undefined,
  root: string,
): Promise<Pick<Patient, 'plan' | 'planProblem'>> {
  if (!configuration?.ok) return { plan: undefined, planProblem: '' }
  const { conf, load } = configuration.configuration
  try {
    return { plan: await planArm(conf, { root, settings: load }), planProblem: '' }
  } catch (error) {
    if (!(error instanceof KdumpError)) throw error
    return { plan: undefined, planProblem: error.message }
  }
}

/** /proc/meminfo in bytes. */
export function readMeminfo(facts: Facts): ReadonlyMap<string, number> {
  const sizes = new Map<string, number>()
  for (const line of (facts.text('proc/meminfo') ?? '').split('\n')) {
    const [, name, kilobytes] = /^(\S+):\s+(\d+) kB$/.exec(line) ?? []
    if (name !== undefined) sizes.set(name, Number(kilobytes) * 1024)
  }
  return sizes
}
