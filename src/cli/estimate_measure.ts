// kbox estimate --measure: the smallest crashkernel= that works, found by rehearsing.
import os from 'node:os'
import { UsageError } from '../core/base/errors.ts'
import { findRuntime } from '../host/control/arm.ts'
import { readCrashState } from '../host/control/crash_sysfs.ts'
import {
  MEASURE_BOUNDS,
  measureReservation,
  rehearsalTrial,
  type ReservationMeasurement,
  type ReservationTrial,
} from '../host/rehearse/measure_reservation.ts'
import { SCENARIOS } from '../host/rehearse/scenarios.ts'
import type { EstimateValues } from './estimate.ts'
import { readConfig } from './rehearse_here.ts'
import { parseSizeOption } from './size_option.ts'

const MIB = 2 ** 20
/** What is left between the smallest size that works and what should be reserved: kernels and dumps differ. */
const MARGIN_MB = 16

/** Measure. @returns exit code: 0, 1 if no size worked */
export async function measureMain(values: EstimateValues): Promise<number> {
  const [scenario] = SCENARIOS
  const config = readConfig(values.config)
  if (!config || !scenario) return 1
  const startMb = Math.floor(parseSizeOption('--start', values.start ?? '192M') / MIB)
  const { stepMb, floorMb, ceilingMb } = MEASURE_BOUNDS
  if (startMb < floorMb || startMb > ceilingMb)
    throw new UsageError(`--start ${values.start}: must be from ${floorMb}M to ${ceilingMb}M`)
  const tryOne = rehearsalTrial({
    ...config,
    kernel: values.kernel ?? `/boot/vmlinuz-${os.release()}`,
    modules: values.modules,
    memoryBytes: parseSizeOption('--memory', values.memory ?? '512M'),
    cpus: parseCount('--cpus', values.cpus ?? '2', 64),
    crashkernel: '',
    scenario,
    runtime: values.runtime ?? findRuntime(),
    timeoutMs: parseCount('--timeout', values.timeout ?? '300', 1_000_000) * 1000,
  })
  const measured = await measureReservation(
    async (megabytes) => {
      process.stderr.write(`crashkernel=${megabytes}M ...`)
      const trial = await tryOne(megabytes)
      process.stderr.write(` ${describeTrial(trial)}\n`)
      return trial
    },
    { ...MEASURE_BOUNDS, startMb: Math.ceil(startMb / stepMb) * stepMb },
  )
  const { reservedBytes } = readCrashState(values.root ?? '/')
  process.stdout.write(
    values.json
      ? `${JSON.stringify(measureJson(measured, reservedBytes), null, 2)}\n`
      : formatMeasured(measured, reservedBytes),
  )
  return measured.minimumMb === null ? 1 : 0
}

function measureJson(measured: ReservationMeasurement, reservedBytes: number): object {
  const { minimumMb, trials } = measured
  return {
    version: 1,
    minimumBytes: minimumMb === null ? null : minimumMb * MIB,
    recommendedBytes: minimumMb === null ? null : (minimumMb + MARGIN_MB) * MIB,
    reservedBytes,
    marginBytes: minimumMb === null ? null : reservedBytes - minimumMb * MIB,
    trials,
  }
}

function describeTrial({
  ok,
  failedStep,
  error,
  memAvailableMinBytes,
  ms,
}: ReservationTrial): string {
  const seconds = `${Math.round(ms / 1000)} s`
  if (!ok) return `failed at ${failedStep}: ${error} (${seconds})`
  const free =
    memAvailableMinBytes === null ? '' : `, least free ${Math.floor(memAvailableMinBytes / MIB)}M`
  return `works (${seconds}${free})`
}

/** The minimum, and how far what is reserved now is from it. */
export function formatMeasured(
  { minimumMb, trials }: ReservationMeasurement,
  reservedBytes: number,
): string {
  if (minimumMb === null) {
    const last = trials.at(-1)
    return `No size up to ${last?.megabytes ?? 0}M works: failed at ${last?.failedStep}: ${last?.error}\n`
  }
  const lines = [
    `Smallest crashkernel that works: ${minimumMb}M`,
    `Recommended crashkernel:         ${minimumMb + MARGIN_MB}M`,
  ]
  const reservedMb = Math.floor(reservedBytes / MIB)
  if (reservedMb === 0) lines.push('Reserved crashkernel:            none')
  else {
    const marginMb = reservedMb - minimumMb
    const relation = marginMb < 0 ? `${-marginMb}M too little` : `${marginMb}M to spare`
    lines.push(`Reserved crashkernel:            ${reservedMb}M, ${relation}`)
    if (marginMb >= 0 && marginMb < MARGIN_MB)
      lines.push(`WARNING: less than ${MARGIN_MB}M to spare: a larger kernel may not fit.`)
  }
  return `${lines.join('\n')}\n`
}

function parseCount(option: string, text: string, max: number): number {
  const count = /^\d{1,9}$/.test(text) ? Number(text) : 0
  if (count < 1 || count > max)
    throw new UsageError(`${option} ${text}: must be a number from 1 to ${max}`)
  return count
}
