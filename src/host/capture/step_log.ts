// What the recorder did, step by step: how long each took, how little memory was left, how it ended.

/** One step of a capture, done or failed. */
export interface Step {
  readonly name: string
  readonly startMs: number
  readonly ms: number
  readonly ok: boolean
  /** Why it failed, '' when it did not. */
  readonly error: string
  /** Lowest MemAvailable seen while it ran. */
  readonly memAvailableMinBytes: number
}

/** Clock and memory gauge; a machine has both. */
export interface StepGauge {
  now(): number
  memAvailable(): number
  say(text: string): void
  heartbeat(text: string): void
}

/** Told of each step as it happens. */
export interface StepWatcher {
  began(name: string, startMs: number): void
  ended(step: Step): void
}

/** Between two samples of a busy step; a sample costs some 50 us. */
const SAMPLE_INTERVAL_MS = 100

/** The steps of one capture, in order. */
export class StepLog {
  readonly steps: Step[] = []
  readonly #gauge: StepGauge
  readonly #watcher: StepWatcher | undefined
  #memMin = Infinity
  #sampledAt = -Infinity

  constructor(gauge: StepGauge, watcher?: StepWatcher) {
    this.#gauge = gauge
    this.#watcher = watcher
  }

  /** Run a step and record it. @throws what `work` throws */
  async run<T>(name: string, work: () => T | Promise<T>): Promise<T> {
    const startMs = this.#gauge.now()
    this.#memMin = Infinity
    this.#gauge.heartbeat(name)
    this.#watcher?.began(name, Math.round(startMs))
    this.#sampledAt = -Infinity
    this.sample()
    let error = 'unfinished'
    try {
      const result = await work()
      error = ''
      return result
    } catch (cause) {
      error = describeError(cause)
      this.#gauge.say(`${name} failed: ${error}`)
      throw cause
    } finally {
      this.#sampledAt = -Infinity
      this.sample()
      const ms = Math.round(this.#gauge.now() - startMs)
      const step = {
        name,
        startMs: Math.round(startMs),
        ms,
        ok: error === '',
        error,
        memAvailableMinBytes: this.#memMin,
      }
      this.steps.push(step)
      this.#watcher?.ended(step)
    }
  }

  /** Look at the free memory; cheap enough to be called as often as progress is made. */
  sample(): void {
    const now = this.#gauge.now()
    if (now - this.#sampledAt < SAMPLE_INTERVAL_MS) return
    this.#sampledAt = now
    this.#memMin = Math.min(this.#memMin, this.#gauge.memAvailable())
  }

  /** The lowest free memory of all steps so far. */
  get memAvailableMinBytes(): number {
    return Math.min(...this.steps.map((step) => step.memAvailableMinBytes), this.#memMin)
  }
}

/** Describe an error with its causes, on one line. */
export function describeError(error: unknown): string {
  const parts: string[] = []
  for (let at: unknown = error, depth = 0; at !== undefined && depth < 5; depth++) {
    parts.push(at instanceof Error ? at.message : 'unknown error')
    at = at instanceof Error ? at.cause : undefined
  }
  return parts.join(': ').replaceAll('\n', ' ')
}
