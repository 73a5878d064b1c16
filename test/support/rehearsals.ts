// Rehearsals as test/vm and scripts want them: a kernel of the cache, this checkout's runtime, a kdump.conf in few words.
import { findCachedKernel, type CachedKernel } from '../../scripts/cache.ts'
import { parseKdumpConf } from '../../src/host/control/config/kdump_conf.ts'
import {
  DEFAULT_KDUMP_CONF,
  type RehearseOptions,
} from '../../src/host/rehearse/rehearse_options.ts'
import { SCENARIOS } from '../../src/host/rehearse/scenarios.ts'
import { buildRuntimeImage } from './runtime_image.ts'

/** Find a kernel that test/vm needs. @throws {Error} saying how to get it */
export function getCachedKernel(series: string): CachedKernel {
  const kernel = findCachedKernel(series)
  if (!kernel)
    throw new Error(
      `kernel ${series} is not in the cache: bin/node scripts/fetch_kernel.ts ${series}`,
    )
  return kernel
}

/** Arms the guest, and no more. */
export const QUIET_ARM: readonly (readonly string[])[] = [['kbox', 'start', '--verbose']]

/** Those of tests that look at the road, not at the dump: the machine has nothing to do and is armed by one command. */
export function quietOptions(series: string, kdumpConf = DEFAULT_KDUMP_CONF): RehearseOptions {
  return {
    ...rehearseOptions(series, kdumpConf),
    workload: false,
    takeTruth: false,
    arm: QUIET_ARM,
  }
}

/** The options all rehearsals of tests begin with: 512 MB, 2 CPUs, crashkernel=192M, zstd on a file system of its own. */
export function rehearseOptions(series: string, kdumpConf = DEFAULT_KDUMP_CONF): RehearseOptions {
  const { vmlinuz, baseDir } = getCachedKernel(series)
  const parsed = parseKdumpConf(kdumpConf)
  if (!parsed.ok) throw new Error(parsed.errors.map(({ message }) => message).join('; '))
  const [scenario] = SCENARIOS
  if (!scenario) throw new Error('no scenario')
  return {
    kernel: vmlinuz,
    modules: baseDir,
    kdumpConf,
    conf: parsed.conf,
    memoryBytes: 512 * 2 ** 20,
    cpus: 2,
    crashkernel: '192M',
    scenario,
    runtime: buildRuntimeImage(),
    timeoutMs: 300_000,
    onStep(name, ended) {
      if (ended)
        process.stderr.write(
          `# ${series} ${name}: ${ended.ok ? 'ok' : ended.error}, ${Math.round(ended.ms)} ms\n`,
        )
    },
  }
}
