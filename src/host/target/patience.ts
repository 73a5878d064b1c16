// How long to go on with a server: what a lost connection is, and trying again until it is back or time is up.
import { HostError } from '../../core/base/errors.ts'
import type { TargetHost } from './target.ts'

/** How long a server may be silent. Milliseconds. */
export interface Patience {
  /** A connection without an answer for so long is given up for a new one. */
  readonly replyMs: number
  /** A server that takes nothing for so long, whatever connection it is offered, is given up. */
  readonly outageMs: number
  /** Before the second try; doubled with each further one. */
  readonly pauseMs: number
}

/** Less than a supervisor's patience with us: whoever gives up here still has another target. */
export const PATIENCE: Patience = { replyMs: 30_000, outageMs: 120_000, pauseMs: 500 }

const PAUSE_MAX_MS = 8000

/** What ends a connection, or keeps one from being made, and may be over the next moment. */
const LOSSES: ReadonlySet<string> = new Set([
  ...['ECONNRESET', 'ECONNREFUSED', 'ECONNABORTED', 'EPIPE', 'ETIMEDOUT'],
  ...['EHOSTUNREACH', 'ENETUNREACH', 'ENETDOWN', 'ENETRESET', 'EHOSTDOWN', 'EADDRNOTAVAIL'],
  // A server that answers "later".
  'EAGAIN',
])

/** May a new connection do what this one did not? */
export function isConnectionLoss(error: unknown): error is HostError {
  return error instanceof HostError && LOSSES.has(error.errno)
}

/**
 * Do `work`, again after each lost connection.
 *
 * @param giveUpMs of the host's clock: no pause reaches beyond it
 * @throws what `work` throws: at once if it is no lost connection
 */
export async function keepTrying<T>(
  host: TargetHost,
  { pauseMs }: Patience,
  giveUpMs: number,
  work: () => Promise<T>,
): Promise<T> {
  for (let tries = 1, pause = pauseMs; ; tries++, pause = Math.min(2 * pause, PAUSE_MAX_MS)) {
    try {
      return await work()
    } catch (error) {
      if (!isConnectionLoss(error) || host.now() + pause >= giveUpMs) throw error
      if (tries === 1) host.say(`${error.message}; trying again`)
      host.heartbeat(`try ${tries}`)
    }
    await host.sleep(pause)
  }
}

/** Wait for an answer, but no longer than `timeoutMs`. @throws {HostError} with errno ETIMEDOUT, saying what was waited for */
export async function answerWithin<T>(
  timeoutMs: number,
  what: string,
  answer: Promise<T>,
): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(
      () =>
        reject(new HostError(`${what}: no answer for ${formatSeconds(timeoutMs)}`, 'ETIMEDOUT')),
      Math.max(0, timeoutMs),
    )
  })
  try {
    return await Promise.race([answer, late])
  } finally {
    clearTimeout(timer)
  }
}

function formatSeconds(milliseconds: number): string {
  return `${Math.round(milliseconds / 100) / 10} s`
}
