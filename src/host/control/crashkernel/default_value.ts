// The default value of crashkernel= for a machine: its distribution's table, plus what its hardware needs.
import { UsageError } from '../../../core/base/errors.ts'
import { crashkernelAdd } from './crashkernel_add.ts'
import {
  DEFAULT_TABLES,
  type DefaultRule,
  HARDWARE_DELTAS,
  type HardwareFacts,
} from './default_tables.ts'
import { kernelKind } from './kernel_kind.ts'
import { parseCrashkernel } from './parse_crashkernel.ts'

/** Which way a dump is taken; firmware-assisted dumps exist on POWER only. */
export type DumpMode = 'kdump' | 'fadump'

/** A default, and how it came about. */
export interface DefaultCrashkernel {
  readonly distro: string
  /** Behind `crashkernel=`; '' when this distribution reserves nothing here. */
  readonly value: string
  readonly source: string
  readonly deltas: readonly {
    readonly name: string
    readonly megabytes: number
    readonly reason: string
  }[]
  /** Bytes that the value gives this machine. */
  readonly bytes: number
}

const GIB = 2 ** 30
const TIB = 2 ** 40
const MIB = 2 ** 20

/**
 * Find a distribution's default for a machine.
 *
 * @param distro a row of DEFAULT_TABLES
 * @throws {UsageError} if distribution or architecture is not in the tables
 */
export function defaultCrashkernel(
  distro: string,
  machine: HardwareFacts & { readonly ramBytes: number },
  mode: DumpMode = 'kdump',
): DefaultCrashkernel {
  const table = DEFAULT_TABLES.find((candidate) => candidate.distro === distro)
  if (!table) {
    const names = DEFAULT_TABLES.map((candidate) => candidate.distro)
    throw new UsageError(`distribution ${distro}: must be one of ${names.join(', ')}`)
  }
  const { arch, ramBytes } = machine
  const variant = mode === 'fadump' ? `${arch}+fadump` : machine.has64kPages ? `${arch}+64k` : arch
  const rule = table.rules[variant] ?? (mode === 'kdump' ? table.rules[arch] : undefined)
  if (!rule) {
    const known = Object.keys(table.rules).join(', ')
    throw new UsageError(`${distro} has no default for ${variant}; it has some for ${known}`)
  }
  const base = resolveRule(rule, ramBytes)
  const deltas = (table.hasDeltas && mode === 'kdump' && base !== '' ? HARDWARE_DELTAS : [])
    .map(({ name, reason, deltaMb }) => ({ name, reason, megabytes: deltaMb(machine) }))
    .filter(({ megabytes }) => megabytes > 0)
  const deltaMb = deltas.reduce((sum, { megabytes }) => sum + megabytes, 0)
  const value = deltaMb === 0 ? base : (crashkernelAdd(base, `${deltaMb}M`) ?? base)
  return { distro, value, source: table.source, deltas, bytes: bytesFor(value, ramBytes, arch) }
}

/** Bytes that a value gives to a machine with so much RAM; 0 when it gives none. */
export function bytesFor(value: string, ramBytes: number, arch: string): number {
  if (value === '') return 0
  // What a value means, not which kernel reads it: the newest has all forms.
  const { request } = parseCrashkernel(`crashkernel=${value}`, ramBytes, kernelKind(arch, '7.0'))
  return Number(request?.sizeBytes ?? 0n)
}

/** The value for the command line; rules that count are resolved for this RAM. */
function resolveRule(rule: DefaultRule, ramBytes: number): string {
  switch (rule.kind) {
    case 'value':
      return rule.value
    case 'per-terabyte': {
      if (ramBytes < rule.ramMinGb * GIB) return ''
      return `${rule.baseMb + rule.perTerabyteMb * Math.floor(ramBytes / TIB)}M`
    }
    case 'steps':
      return rule.steps.find(([ramEndGb]) => ramBytes < ramEndGb * GIB)?.[1] ?? ''
  }
}

/** RAM in GiB as kdump-utils counts it: rounded up to 128 MiB, then cut. */
export function wholeGigabytes(ramBytes: number): number {
  const megabytes = Math.floor(ramBytes / MIB)
  return Math.floor((Math.ceil(megabytes / 128) * 128) / 1024)
}
