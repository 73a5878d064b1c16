// Timing whole processes: wall time and peak memory of a command, the best of several runs.
import { spawnSync } from 'node:child_process'

/** What running a command several times showed. */
export interface Measurement {
  readonly name: string
  /** Best and median wall time in milliseconds; NaN if the command failed. */
  readonly bestMs: number
  readonly medianMs: number
  /** Peak resident set in MB. */
  readonly rssMb: number
  /** Why there are no numbers; '' when there are. */
  readonly failed: string
}

/** Runs of each command; the first also warms the page cache and is not counted. */
const RUNS = Number(process.env.KBOX_BENCH_RUNS ?? 5)

/** Measure a shell command. Its standard input is empty, its output is thrown away. */
export function measure(name: string, command: string): Measurement {
  const walls: number[] = []
  let rssMb = 0
  for (let run = 0; run <= RUNS; run++) {
    const startedAt = performance.now()
    // The shell's own `wait` knows no peak memory; GNU time does.
    const result = spawnSync('/usr/bin/time', ['-f', 'rss %M', 'sh', '-c', `exec ${command}`], {
      stdio: ['ignore', 'ignore', 'pipe'],
      encoding: 'utf8',
    })
    const wall = performance.now() - startedAt
    if (result.status !== 0) {
      const why = result.stderr?.trim().split('\n').at(-2) ?? String(result.error)
      return {
        name,
        bestMs: NaN,
        medianMs: NaN,
        rssMb: NaN,
        failed: `exit ${result.status}: ${why}`,
      }
    }
    rssMb = Math.max(rssMb, Number(/^rss (\d+)$/m.exec(result.stderr)?.[1] ?? 0) / 1024)
    if (run > 0) walls.push(wall)
  }
  walls.sort((a, b) => a - b)
  return {
    name,
    bestMs: walls[0] as number,
    medianMs: walls[walls.length >> 1] as number,
    rssMb,
    failed: '',
  }
}

/** Print measurements with the ratio of each to the first. */
export function printMeasurements(title: string, measurements: readonly Measurement[]): void {
  console.log(`\n${title} (${RUNS} runs each, best and median)`)
  const base = measurements[0]?.medianMs ?? NaN
  for (const { name, bestMs, medianMs, rssMb, failed } of measurements) {
    if (failed !== '') {
      console.log(`  ${name.padEnd(34)} failed: ${failed}`)
      continue
    }
    const times = `${bestMs.toFixed(0).padStart(7)} ms ${medianMs.toFixed(0).padStart(7)} ms ${rssMb.toFixed(0).padStart(5)} MB`
    console.log(`  ${name.padEnd(34)} ${times}   ${(medianMs / base).toFixed(2)}x`)
  }
}
