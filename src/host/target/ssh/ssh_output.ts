// A file on an SSH server in the making: written in place over SFTP, many requests under way at once. A connection that
// is lost is made again, and what the server had not acknowledged is sent again.
import { HostError } from '../../../core/base/errors.ts'
import type { DumpOutput } from '../../platform/dump_output.ts'
import { collectBuffers } from '../../platform/garbage.ts'
import { isConnectionLoss } from '../patience.ts'
import { type QueuedWrite, SendQueue } from './send_queue.ts'
import type { SshLink } from './ssh_link.ts'
import type { SftpHandle, SshSession } from './ssh_session.ts'

/**
 * One request. ssh2 sends what exceeds 31,952 bytes as a second one behind all others (OpenSSH takes 255 KiB, others 32):
 * writes would overtake each other.
 */
const PIECE_SIZE = 30 * 1024
/** drain() waits while more is under way: with one more job of the dump it is less than 4 MiB. */
const WINDOW = 3 * 2 ** 20
const LOOK_INTERVAL_MS = 1000
/** A server that refuses a write and has less room than this is full; the protocol has no word for it. */
const FULL_BELOW = 2 ** 20
const SYNC_TRIES_MAX = 3

/** Begin a file, in place of what there may be. @throws {HostError} */
export async function openSshOutput(link: SshLink, file: string): Promise<DumpOutput> {
  const opened = await link.run(async (session, replyMs) => {
    return { session, handle: await session.open(file, 'w', replyMs) }
  })
  return new SshOutput(link, file, opened)
}

interface Opened {
  readonly session: SshSession
  readonly handle: SftpHandle
}

class SshOutput implements DumpOutput {
  readonly name: string
  problem: HostError | undefined
  readonly #link: SshLink
  readonly #file: string
  readonly #queue = new SendQueue(PIECE_SIZE)
  /** undefined while there is no connection. */
  #opened: Opened | undefined
  /** When the server took something last. */
  #progressMs: number
  #beatMs = 0
  #acknowledged = 0
  #waiting: (() => void)[] = []
  /** Where the first refused write was to go. */
  #refusedAt: number | undefined
  #isClosed = false
  #isSyncing = false
  readonly #timer: NodeJS.Timeout

  constructor(link: SshLink, file: string, opened: Opened) {
    this.#link = link
    this.#file = file
    this.name = `${opened.session.name}:${file}`
    this.#progressMs = link.tries.host.now()
    this.#use(opened)
    this.#timer = setInterval(
      () => this.#look(),
      Math.min(LOOK_INTERVAL_MS, link.tries.patience.replyMs / 4),
    )
    this.#timer.unref()
  }

  write(offset: number, bytes: Uint8Array): number {
    if (this.problem || this.#isClosed) return 0
    if (this.#queue.size === 0) this.#progressMs = this.#link.tries.host.now()
    this.#queue.add(offset, bytes)
    this.#send()
    return bytes.length
  }

  drain(): Promise<void> {
    return this.#settle(WINDOW)
  }

  /** Of what the server has not got yet nothing can be taken back; close() cuts what it refused. */
  truncate(): void {}

  async sync(): Promise<void> {
    this.#isSyncing = true
    try {
      for (let tries = 1; !this.#isClosed; tries++) {
        await this.#settle(0)
        if (this.problem) throw this.problem
        if (await this.#flush(tries < SYNC_TRIES_MAX)) return
      }
    } finally {
      this.#isSyncing = false
    }
  }

  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    clearInterval(this.#timer)
    const opened = this.#opened
    this.#queue.clear()
    if (!opened || opened.session.lost) return
    try {
      // Behind it nothing can be trusted: a later write may have found room and left a hole of zeros.
      if (this.#refusedAt !== undefined)
        await opened.session.truncate(opened.handle, this.#refusedAt, this.#link.tries.replyMs)
      await opened.session.closeFile(opened.handle, this.#link.tries.replyMs)
    } catch {
      // sync() has asked for what matters; the server closes the file when we hang up.
    }
  }

  /** @returns false if the connection was lost meanwhile, and there will be another */
  async #flush(mayRetry: boolean): Promise<boolean> {
    const opened = this.#opened
    if (!opened) return false
    try {
      // Gigabytes may wait in the server's page cache.
      const { host, patience, endMs } = this.#link.tries
      const timeoutMs = Math.max(1, Math.min(patience.outageMs, endMs - host.now()))
      await opened.session.fsync(opened.handle, timeoutMs)
      return true
    } catch (error) {
      if (!mayRetry || !isConnectionLoss(error)) throw error
      this.#lose(opened)
      return false
    }
  }

  #use(opened: Opened): void {
    this.#opened = opened
    this.#queue.sendAgain()
    this.#send()
    void opened.session.gone.then(() => this.#lose(opened))
  }

  #send(): void {
    const opened = this.#opened
    if (!opened || this.problem) return
    for (const write of this.#queue.send()) {
      opened.session.write(opened.handle, write.bytes, write.offset, (error) => {
        if (opened !== this.#opened || this.#isClosed) return
        if (error) this.#refuse(opened, write, error)
        else this.#acknowledge(write)
      })
    }
  }

  #acknowledge(write: QueuedWrite): void {
    this.#queue.acknowledge(write)
    this.#acknowledged += write.bytes.length
    const { host } = this.#link.tries
    this.#progressMs = host.now()
    collectBuffers()
    if (this.#progressMs - this.#beatMs >= LOOK_INTERVAL_MS) {
      this.#beatMs = this.#progressMs
      host.heartbeat(`sent ${this.#acknowledged}`)
    }
    this.#wake()
  }

  /** The server is there, but does not take it: mostly a full disk. */
  #refuse({ session }: Opened, { offset }: QueuedWrite, error: HostError): void {
    this.#refusedAt = Math.min(this.#refusedAt ?? offset, offset)
    if (this.problem) return
    this.problem = error
    void session
      .freeBytes(folderOf(this.#file), this.#link.tries.replyMs)
      .then((free) => {
        if (free !== undefined && free < FULL_BELOW)
          this.problem = new HostError(`${this.name}: no space left on the server`, 'ENOSPC', {
            cause: error,
          })
      })
      .catch(() => undefined)
      .then(() => this.#fail(this.problem ?? error))
  }

  #lose(opened: Opened): void {
    if (opened !== this.#opened) return
    this.#opened = undefined
    if (this.#isClosed || this.problem) return this.#wake()
    this.#link.tries.host.say(`${opened.session.lost?.message ?? this.name}; connecting again`)
    void this.#openAgain().then(
      (again) => (this.#isClosed ? undefined : this.#use(again)),
      (error: unknown) => this.#fail(error),
    )
  }

  #openAgain(): Promise<Opened> {
    const giveUpMs = Math.max(
      this.#progressMs,
      this.#link.tries.host.now() - this.#link.tries.patience.replyMs,
    )
    return this.#link.run(async (session, replyMs) => {
      const stat = await session.stat(this.#file, replyMs)
      if ((stat?.size ?? 0) < this.#queue.acknowledgedEnd)
        throw new HostError(`${this.name}: the server has lost what it had taken`, 'EIO')
      return { session, handle: await session.open(this.#file, 'r+', replyMs) }
    }, giveUpMs + this.#link.tries.patience.outageMs)
  }

  /** A connection over which nothing comes any more is as good as lost. */
  #look(): void {
    const { host, patience, endMs } = this.#link.tries
    if (this.#isSyncing) host.heartbeat(`flush ${Math.round(host.now())}`)
    if (this.problem || this.#queue.size === 0) return
    const silentMs = host.now() - this.#progressMs
    const seconds = Math.round(silentMs / 1000)
    if (silentMs >= patience.outageMs || host.now() >= endMs) {
      const what = `the server has taken nothing for ${seconds} s`
      const error = new HostError(`${this.name}: ${what}`, 'ETIMEDOUT')
      this.#link.tries.giveUp(error)
      this.#fail(error)
      this.#opened?.session.abandon(what)
    } else if (silentMs >= patience.replyMs) {
      this.#opened?.session.abandon(`no answer for ${seconds} s`)
    }
  }

  #fail(error: unknown): void {
    this.problem ??=
      error instanceof HostError ? error : new HostError(`${this.name}: ${String(error)}`)
    this.#queue.clear()
    this.#wake()
  }

  /** Wait until no more than `size` bytes are under way, or nothing will be any more. */
  async #settle(size: number): Promise<void> {
    while (!this.#isClosed && !this.#isOver && (this.#queue.size > size || !this.#opened)) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve))
    }
  }

  /** A refused write is looked into before anyone is told. */
  get #isOver(): boolean {
    return this.problem !== undefined && this.#queue.size === 0
  }

  #wake(): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const resolve of waiting) resolve()
  }
}

function folderOf(file: string): string {
  return file.slice(0, file.lastIndexOf('/')) || '/'
}
