// Runs the steps of a rehearsal: clocks each, ends it at its deadline, and keeps the console's last words if it fails.
import { HostError, KdumpError } from '../../core/base/errors.ts'
import type { Machine } from './machine.ts'
import type { RehearseOptions } from './rehearse_options.ts'
import type { RehearseStep, StepName } from './rehearse_result.ts'

const CONSOLE_LINES = 25

/** The most a step may take; emulation (TCG) of a large guest needs most of it. */
const STEP_TIMEOUT_MS: Readonly<Record<StepName, number>> = {
  prepare: 120_000,
  boot: 180_000,
  workload: 120_000,
  arm: 240_000,
  truth: 120_000,
  crash: 180_000,
  dmesg: 120_000,
  dump: 1800_000,
  reboot: 120_000,
  collect: 600_000,
  open: 60_000,
}

/** What a step may return: anything that cannot be taken for its failure. */
type StepValue = object | string | number | true

/** Collects the steps of one rehearsal. */
export class StepRunner {
  readonly steps: RehearseStep[] = []
  readonly #onStep: RehearseOptions['onStep']
  readonly #deadlineMs: number

  /** @param timeoutMs for all steps together */
  constructor(timeoutMs: number, onStep: RehearseOptions['onStep']) {
    this.#deadlineMs = performance.now() + timeoutMs
    this.#onStep = onStep
  }

  get hasFailed(): boolean {
    return this.steps.some(({ ok }) => !ok)
  }

  /** Run steps that watch a machine: they end when it does, and its console is shown when they fail. */
  on(machine: Machine): Pick<StepRunner, 'run'> {
    return {
      run: (name, work) =>
        this.run(
          name,
          (signal) => work(AbortSignal.any([signal, machine.gone])),
          () => machine,
        ),
    }
  }

  /** Run a step. @returns what `work` returned, undefined if it failed */
  async run<T extends StepValue>(
    name: StepName,
    work: (signal: AbortSignal) => T | Promise<T>,
    findMachine: () => Machine | undefined = () => undefined,
  ): Promise<T | undefined> {
    this.#onStep?.(name, undefined)
    const startMs = performance.now()
    const timeoutMs = Math.max(1, Math.min(STEP_TIMEOUT_MS[name], this.#deadlineMs - startMs))
    const timer = new AbortController()
    const timeout = setTimeout(() => {
      timer.abort(new HostError(`not done after ${Math.round(timeoutMs / 1000)} s`, 'ETIMEDOUT'))
    }, timeoutMs)
    try {
      const value = await work(timer.signal)
      this.#record({ name, ok: true, ms: performance.now() - startMs, error: '', console: [] })
      return value
    } catch (error) {
      if (!(error instanceof KdumpError)) throw error
      const console = findMachine()?.console.tail(CONSOLE_LINES) ?? []
      this.#record({
        name,
        ok: false,
        ms: performance.now() - startMs,
        error: error.message,
        console,
      })
      return undefined
    } finally {
      clearTimeout(timeout)
    }
  }

  #record(step: RehearseStep): void {
    this.steps.push(step)
    this.#onStep?.(step.name, step)
  }
}
