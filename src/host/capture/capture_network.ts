// The network of a capture: brought up when the first target needs it, once, however many do.
import { HostError } from '../../core/base/errors.ts'
import type { NetworkPlan } from '../target/network/network_plan.ts'
import type { CaptureMachine } from './machine.ts'
import type { StepLog } from './step_log.ts'

/** The network, up or not. */
export class CaptureNetwork {
  readonly #plan: NetworkPlan | undefined
  readonly #machine: CaptureMachine
  readonly #log: StepLog
  #isUp: Promise<void> | undefined

  constructor(plan: NetworkPlan | undefined, machine: CaptureMachine, log: StepLog) {
    this.#plan = plan
    this.#machine = machine
    this.#log = log
  }

  /** Bring it up; a failure is every caller's. @throws {HostError} */
  up(): Promise<void> {
    this.#isUp ??= this.#log.run('network', async () => {
      if (!this.#plan) throw new HostError('the image knows no network', 'ENETDOWN')
      await this.#machine.bringUpNetwork(this.#plan)
    })
    return this.#isUp
  }
}
