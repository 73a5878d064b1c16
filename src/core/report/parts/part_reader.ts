// Each part of a report is read on its own: what one cannot read costs only itself.
import { KdumpError } from '../../base/errors.ts'
import type { ReportTiming } from '../model/completeness_model.ts'

/** Reads parts, notes why some are missing and how long each took. */
export class PartReader {
  readonly problems: string[] = []
  readonly timings: ReportTiming[]
  readonly #now: () => number

  constructor(timings: readonly ReportTiming[], now: () => number) {
    this.timings = [...timings]
    this.#now = now
  }

  /** Read a part; null, with the reason noted, if the dump cannot give it. */
  read<T>(step: string, read: () => T): T | null {
    const start = this.#now()
    const value = this.quiet(step, read)
    this.timings.push({ step, milliseconds: Math.round((this.#now() - start) * 100) / 100 })
    return value
  }

  /** As {@link PartReader.read}, too small to be timed. */
  quiet<T>(what: string, read: () => T): T | null {
    try {
      return read()
    } catch (error) {
      // RangeError: a number of the dump that is too large to be one.
      if (!(error instanceof KdumpError || error instanceof RangeError)) throw error
      this.note(`${what}: ${error.message}`)
      return null
    }
  }

  /** Note what could not be read, once. */
  note(problem: string): void {
    if (problem !== '' && !this.problems.includes(problem)) this.problems.push(problem)
  }
}
