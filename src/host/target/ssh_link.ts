// The road to an SSH server: one session at a time, made anew when it is lost.
import { HostError } from '../../core/base/errors.ts'
import { keepTrying, type Patience } from './patience.ts'
import { loginSsh, type SshLogin } from './ssh_login.ts'
import type { SshSession } from './ssh_session.ts'
import type { TargetHost } from './target.ts'

/** A server that is there as long as it can be reached. */
export class SshLink {
  readonly host: TargetHost
  readonly patience: Patience
  /** Of the host's clock: nothing is begun after it. */
  readonly endMs: number
  readonly #login: SshLogin
  #session: SshSession | undefined
  #connecting: Promise<SshSession> | undefined

  constructor(login: SshLogin, host: TargetHost, patience: Patience, endMs: number) {
    this.#login = login
    this.host = host
    this.patience = patience
    this.endMs = endMs
  }

  /** How long an answer may take now. */
  get replyMs(): number {
    return Math.max(1, Math.min(this.patience.replyMs, this.endMs - this.host.now()))
  }

  /**
   * The session there is, or a new one.
   *
   * @param untilMs of the host's clock
   * @throws {HostError} if the server cannot be reached now, or refuses us
   */
  async session(untilMs = this.endMs): Promise<SshSession> {
    if (this.#session && !this.#session.lost) return this.#session
    const timeoutMs = Math.max(1, Math.min(this.replyMs, untilMs - this.host.now()))
    this.#connecting ??= loginSsh(this.#login, timeoutMs).finally(() => {
      this.#connecting = undefined
    })
    this.#session = await this.#connecting
    return this.#session
  }

  /**
   * Do `work` on a session, again on a new one if the connection is lost meanwhile; what is done twice must be as good as
   * done once.
   *
   * @throws {HostError}
   */
  run<T>(
    work: (session: SshSession, replyMs: number) => Promise<T>,
    giveUpMs = this.host.now() + this.patience.outageMs,
  ): Promise<T> {
    return keepTrying(this.host, this.patience, Math.min(giveUpMs, this.endMs), async () => {
      if (this.host.now() >= this.endMs) throw new HostError('time is up', 'ETIME')
      return work(await this.session(), this.replyMs)
    })
  }

  /** Hang up. */
  close(): void {
    this.#session?.close()
  }
}
