// The smallest reservation that works, found by trying: rehearsals with ever closer sizes of crashkernel=.
import { rehearse } from './rehearse.ts'
import type { RehearseOptions } from './rehearse_options.ts'
import type { RehearseResult } from './rehearse_result.ts'

/** One size, tried. */
export interface ReservationTrial {
  readonly megabytes: number
  readonly ok: boolean
  /** The first step that failed; '' if none did. */
  readonly failedStep: string
  readonly error: string
  /** Least free memory the capture kernel saw, as far as it could say. */
  readonly memAvailableMinBytes: number | null
  readonly ms: number
}

/** What trying found out; `kbox estimate --measure --json` prints it. */
export interface ReservationMeasurement {
  /** Smallest size that worked, in megabytes; null if none did. */
  readonly minimumMb: number | null
  /** In the order in which they were tried. */
  readonly trials: readonly ReservationTrial[]
}

/** Between which sizes to look, in megabytes. */
export interface MeasureBounds {
  /** Tried first. */
  readonly startMb: number
  /** Nothing smaller is tried. */
  readonly floorMb: number
  /** Nothing larger is tried. */
  readonly ceilingMb: number
  readonly stepMb: number
}

/** From a plain machine's reservation down to less than any capture kernel with a runtime can live in. */
export const MEASURE_BOUNDS: MeasureBounds = {
  startMb: 192,
  floorMb: 64,
  ceilingMb: 1024,
  stepMb: 8,
}

/**
 * Find the smallest size that works, to a step: grow until one does, then halve the distance to the largest that does
 * not.
 *
 * @param tryOne tries a size, a multiple of the step
 */
export async function measureReservation(
  tryOne: (megabytes: number) => Promise<ReservationTrial>,
  { startMb, floorMb, ceilingMb, stepMb }: MeasureBounds = MEASURE_BOUNDS,
): Promise<ReservationMeasurement> {
  const trials: ReservationTrial[] = []
  const works = async (megabytes: number): Promise<boolean> => {
    const trial = await tryOne(megabytes)
    trials.push(trial)
    return trial.ok
  }
  const steps = (megabytes: number): number => Math.round(megabytes / stepMb)
  // In steps: `bad` fails or is below the floor, `good` works.
  let bad = steps(floorMb) - 1
  let good = Math.max(steps(startMb), bad + 1)
  while (!(await works(good * stepMb))) {
    bad = good
    if (good >= steps(ceilingMb)) return { minimumMb: null, trials }
    good = Math.min(steps(ceilingMb), Math.ceil(good * 1.5))
  }
  while (good - bad > 1) {
    const middle = Math.floor((good + bad) / 2)
    if (await works(middle * stepMb)) good = middle
    else bad = middle
  }
  return { minimumMb: good * stepMb, trials }
}

/** The guest needs memory beside its reservation. */
const MEMORY_BESIDE = 288 * 2 ** 20
/** A trial that hangs is given up after so many times the duration of one that worked. */
const PATIENCE = 3
const PATIENCE_MIN_MS = 120_000

/**
 * Make a trial of rehearsals.
 *
 * @param options as for a rehearsal; its `crashkernel` is replaced, its memory raised where need be
 */
export function rehearsalTrial(
  options: RehearseOptions,
): (megabytes: number) => Promise<ReservationTrial> {
  let worked: number | undefined
  return async (megabytes) => {
    const patience = worked === undefined ? options.timeoutMs : PATIENCE * worked
    const startMs = performance.now()
    const result = await rehearse({
      ...options,
      crashkernel: `${megabytes}M`,
      memoryBytes: Math.max(options.memoryBytes, megabytes * 2 ** 20 + MEMORY_BESIDE),
      timeoutMs: Math.min(options.timeoutMs, Math.max(patience, PATIENCE_MIN_MS)),
      takeTruth: false,
    })
    const ms = performance.now() - startMs
    if (result.ok) worked = Math.max(worked ?? 0, ms)
    return describeTrial(megabytes, result, ms)
  }
}

/** A rehearsal counts when the whole dump was written and opens. */
function describeTrial(megabytes: number, result: RehearseResult, ms: number): ReservationTrial {
  const failed = result.steps.find(({ ok }) => !ok)
  return {
    megabytes,
    ok: result.ok,
    failedStep: failed?.name ?? '',
    error: failed?.error ?? '',
    memAvailableMinBytes: result.capture?.memAvailableMinBytes ?? null,
    ms: Math.round(ms),
  }
}
