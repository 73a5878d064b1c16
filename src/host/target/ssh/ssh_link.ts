// The road to an SSH server: one session at a time, made anew when it is lost.
import type { ServerTries } from '../server_tries.ts'
import { loginSsh, type SshLogin } from './ssh_login.ts'
import type { SshSession } from './ssh_session.ts'

/** A server that is there as long as it can be reached. */
export class SshLink {
  readonly tries: ServerTries
  readonly #login: SshLogin
  #session: SshSession | undefined
  #connecting: Promise<SshSession> | undefined

  constructor(login: SshLogin, tries: ServerTries) {
    this.#login = login
    this.tries = tries
  }

  /**
   * The session there is, or a new one.
   *
   * @param untilMs of the host's clock
   * @throws {HostError} if the server cannot be reached now, or refuses us
   */
  async session(untilMs = this.tries.endMs): Promise<SshSession> {
    if (this.#session && !this.#session.lost) return this.#session
    const { replyMs, host } = this.tries
    const timeoutMs = Math.max(1, Math.min(replyMs, untilMs - host.now()))
    this.#connecting ??= loginSsh(this.#login, timeoutMs).finally(() => {
      this.#connecting = undefined
    })
    this.#session = await this.#connecting
    return this.#session
  }

  /** Do `work` on a session, as ServerTries.run(). @throws {HostError} */
  run<T>(
    work: (session: SshSession, replyMs: number) => Promise<T>,
    giveUpMs?: number,
  ): Promise<T> {
    return this.tries.run(async () => work(await this.session(), this.tries.replyMs), giveUpMs)
  }

  /** Hang up. */
  close(): void {
    this.#session?.close()
  }
}
