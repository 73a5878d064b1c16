// What is asked of one server, again while its connection is lost; and nothing more once it has been given up, so that a
// dead server costs its time once and not with each thing that is still to be done.
import { HostError } from '../../core/base/errors.ts'
import { isConnectionLoss, keepTrying, type Patience } from './patience.ts'
import type { TargetHost } from './target.ts'

/** One server's share of our patience. */
export class ServerTries {
  readonly host: TargetHost
  readonly patience: Patience
  /** Of the host's clock: nothing is begun after it. */
  readonly endMs: number
  #givenUp: HostError | undefined

  constructor(host: TargetHost, patience: Patience, endMs: number) {
    this.host = host
    this.patience = patience
    this.endMs = endMs
  }

  /** How long an answer may take now. */
  get replyMs(): number {
    return Math.max(1, Math.min(this.patience.replyMs, this.endMs - this.host.now()))
  }

  /**
   * Do `work`, again after each lost connection; what is done twice must be as good as done once.
   *
   * @param giveUpMs when the server is given up, if it is not back
   * @throws {HostError} what `work` throws; why it was given up, if it was
   */
  async run<T>(
    work: () => Promise<T>,
    giveUpMs = this.host.now() + this.patience.outageMs,
  ): Promise<T> {
    try {
      return await keepTrying(
        this.host,
        this.patience,
        Math.min(giveUpMs, this.endMs),
        async () => {
          if (this.#givenUp)
            throw new HostError(this.#givenUp.message, '', { cause: this.#givenUp })
          if (this.host.now() >= this.endMs) throw new HostError('time is up', 'ETIME')
          return work()
        },
      )
    } catch (error) {
      if (isConnectionLoss(error)) this.giveUp(error)
      throw error
    }
  }

  /** Ask nothing more. */
  giveUp(why: HostError): void {
    this.#givenUp ??= why
  }
}
