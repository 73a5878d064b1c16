// A connection to an SSH server that is logged in: SFTP requests, each answered within its time or the connection is lost.
// Source: draft-ietf-secsh-filexfer-02; OpenSSH PROTOCOL, section 4.
import type net from 'node:net'
import type { Client, SFTPWrapper, Stats } from 'ssh2'
import { HostError } from '../../../core/base/errors.ts'
import { answerWithin } from '../patience.ts'
import { localAddressOf } from '../tcp.ts'

/** SSH_FX_… of a reply, as errno; the rest, a full disk included, is SSH_FX_FAILURE. */
const STATUS_ERRNO: Readonly<Record<number, string>> = { 2: 'ENOENT', 3: 'EACCES', 8: 'ENOSYS' }
const UNSUPPORTED = 8
const OUTPUT_MAX = 4096

/** Called with the error, or undefined and what was asked for. */
type Reply<T> = (error: Error | undefined | null, value?: T) => void

/** A handle of an open file, as the server knows it. */
export type SftpHandle = Buffer

/** One logged-in connection. */
export class SshSession {
  readonly name: string
  readonly clientAddress: string
  readonly #client: Client
  readonly #socket: net.Socket
  readonly #gone = Promise.withResolvers<HostError>()
  #sftp: SFTPWrapper | undefined
  #lost: HostError | undefined

  constructor(name: string, client: Client, socket: net.Socket) {
    this.name = name
    this.#client = client
    this.#socket = socket
    this.clientAddress = localAddressOf(socket)
    client.on('error', (error) => this.abandon(error.message))
    client.once('close', () => this.abandon('the server hung up'))
    socket.once('close', () => this.abandon('the connection was closed'))
  }

  /** Why it is of no use any more; undefined while it lives. */
  get lost(): HostError | undefined {
    return this.#lost
  }

  /** Settles with the reason when the connection is lost. */
  get gone(): Promise<HostError> {
    return this.#gone.promise
  }

  /** Give the connection up. */
  abandon(why: string): void {
    if (this.#lost) return
    this.#lost = new HostError(`${this.name}: ${why}`, 'ECONNRESET')
    this.#gone.resolve(this.#lost)
    this.#client.destroy()
    this.#socket.destroy()
  }

  /** Hang up as one does. */
  close(): void {
    this.#lost ??= new HostError(`${this.name}: closed`, 'ECONNRESET')
    this.#gone.resolve(this.#lost)
    this.#client.end()
    // A server that does not take the goodbye must not keep us.
    this.#socket.unref()
  }

  /** Start SFTP. @throws {HostError} if the server does not offer it */
  async openSftp(timeoutMs: number): Promise<void> {
    try {
      this.#sftp = await this.call<SFTPWrapper>('SFTP', timeoutMs, (reply) => {
        this.#client.sftp((error, sftp) => {
          const isRefused = error !== undefined && /subsystem/i.test(error.message)
          reply(isRefused ? Object.assign(error, { code: UNSUPPORTED }) : error, sftp)
        })
      })
      // The server's end of it may die alone; what it sends may be no SFTP.
      this.#sftp.on('error', (error: Error) => this.abandon(error.message))
      this.#sftp.on('close', () => this.abandon('the server has ended SFTP'))
    } catch (cause) {
      if (this.#lost) throw cause
      const remedy = "enable 'Subsystem sftp internal-sftp' in its sshd_config"
      throw new HostError(`${this.name}: the server offers no SFTP: ${remedy}`, '', { cause })
    }
  }

  open(file: string, flags: 'w' | 'r+' | 'a', timeoutMs: number): Promise<SftpHandle> {
    return this.#ask(`open ${file}`, timeoutMs, (sftp, reply) =>
      sftp.open(file, flags, { mode: 0o600 }, reply),
    )
  }

  /** Send bytes without waiting; `onReply` is told of the answer, or never if the connection is lost. */
  write(
    handle: SftpHandle,
    bytes: Buffer,
    offset: number,
    onReply: (error: HostError | undefined) => void,
  ): void {
    if (this.#lost || !this.#sftp) return
    this.#sftp.write(handle, bytes, 0, bytes.length, offset, (error?: Error | null) => {
      if (!error) return onReply(undefined)
      if (statusOf(error) === undefined) return this.abandon(error.message)
      onReply(this.#refused('write', error))
    })
  }

  /** Have the server write a file to its disk; false if it cannot be asked to. */
  async fsync(handle: SftpHandle, timeoutMs: number): Promise<boolean> {
    try {
      await this.#ask<unknown>('fsync', timeoutMs, (sftp, reply) =>
        sftp.ext_openssh_fsync(handle, reply),
      )
      return true
    } catch (error) {
      if (error instanceof HostError && error.errno === 'ENOSYS') return false
      throw error
    }
  }

  closeFile(handle: SftpHandle, timeoutMs: number): Promise<unknown> {
    return this.#ask('close', timeoutMs, (sftp, reply) => sftp.close(handle, reply))
  }

  truncate(handle: SftpHandle, size: number, timeoutMs: number): Promise<unknown> {
    return this.#ask('truncate', timeoutMs, (sftp, reply) => sftp.fsetstat(handle, { size }, reply))
  }

  makeDirectory(folder: string, mode: number, timeoutMs: number): Promise<unknown> {
    return this.#ask(`mkdir ${folder}`, timeoutMs, (sftp, reply) =>
      sftp.mkdir(folder, { mode }, reply),
    )
  }

  removeDirectory(folder: string, timeoutMs: number): Promise<unknown> {
    return this.#ask(`rmdir ${folder}`, timeoutMs, (sftp, reply) => sftp.rmdir(folder, reply))
  }

  /** Rename, over what there may be where the server can (posix-rename@openssh.com). */
  async rename(from: string, to: string, timeoutMs: number): Promise<void> {
    const what = `rename ${from} to ${to}`
    try {
      await this.#ask<unknown>(what, timeoutMs, (sftp, reply) =>
        sftp.ext_openssh_rename(from, to, reply),
      )
    } catch (error) {
      if (!(error instanceof HostError) || error.errno !== 'ENOSYS') throw error
      await this.remove(to, timeoutMs)
      await this.#ask<unknown>(what, timeoutMs, (sftp, reply) => sftp.rename(from, to, reply))
    }
  }

  /** Remove a file; one that is not there is no error. */
  async remove(file: string, timeoutMs: number): Promise<void> {
    try {
      await this.#ask<unknown>(`remove ${file}`, timeoutMs, (sftp, reply) =>
        sftp.unlink(file, reply),
      )
    } catch (error) {
      if (!(error instanceof HostError) || error.errno !== 'ENOENT') throw error
    }
  }

  /** undefined if there is no such file. */
  async stat(file: string, timeoutMs: number): Promise<Stats | undefined> {
    try {
      return await this.#ask<Stats>(`stat ${file}`, timeoutMs, (sftp, reply) =>
        sftp.stat(file, reply),
      )
    } catch (error) {
      if (error instanceof HostError && error.errno === 'ENOENT') return undefined
      throw error
    }
  }

  /** Free bytes for this account; undefined if the server does not tell (statvfs@openssh.com). */
  async freeBytes(folder: string, timeoutMs: number): Promise<number | undefined> {
    try {
      const { f_frsize, f_bavail } = await this.#ask<Statvfs>('statvfs', timeoutMs, (sftp, reply) =>
        sftp.ext_openssh_statvfs(folder, reply),
      )
      return Number(f_frsize) * Number(f_bavail)
    } catch (error) {
      if (this.#lost) throw error
      return undefined
    }
  }

  /** Read a small file; undefined if there is none. @throws {HostError} if it is larger than `sizeMax` */
  async readFile(file: string, sizeMax: number, timeoutMs: number): Promise<Buffer | undefined> {
    const stat = await this.stat(file, timeoutMs)
    if (!stat) return undefined
    if (stat.size > sizeMax)
      throw new HostError(`${this.name}: ${file}: larger than ${sizeMax} bytes`, 'EFBIG')
    return this.#ask<Buffer>(`read ${file}`, timeoutMs, (sftp, reply) => sftp.readFile(file, reply))
  }

  /** Write a few bytes at the end of a file, which is made if need be. */
  async appendFile(file: string, bytes: Uint8Array, timeoutMs: number): Promise<void> {
    const size = (await this.stat(file, timeoutMs))?.size ?? 0
    const handle = await this.open(file, 'a', timeoutMs)
    await this.#ask<unknown>(`write ${file}`, timeoutMs, (sftp, reply) =>
      sftp.write(handle, Buffer.from(bytes), 0, bytes.length, size, reply),
    )
    await this.closeFile(handle, timeoutMs)
  }

  /** Run a command; returns the first of what it prints, '' where the account may not run any. */
  async run(command: string, timeoutMs: number): Promise<string> {
    const output = this.call<string>('exec', timeoutMs, (reply) => {
      this.#client.exec(command, (error, channel) => {
        if (error) return reply(undefined, '')
        let text = ''
        channel.on('data', (piece: Buffer) => {
          if (text.length < OUTPUT_MAX) text += piece.toString('latin1')
        })
        channel.once('close', () => reply(undefined, text))
        channel.stderr.resume()
        channel.end()
      })
    })
    return output
  }

  /** Ask the server something. @throws {HostError} if it refuses, or the connection is lost before it answers */
  async call<T>(what: string, timeoutMs: number, ask: (reply: Reply<T>) => void): Promise<T> {
    if (this.#lost) throw this.#lost
    const answer = new Promise<T>((resolve, reject) => {
      try {
        ask((error, value) => {
          if (error) reject(this.#refused(what, error))
          else resolve(value as T)
        })
      } catch (error) {
        // ssh2 throws where there is no connection any more.
        reject(this.#refused(what, error instanceof Error ? error : new Error(String(error))))
      }
    })
    const gone = this.#gone.promise.then((reason) => Promise.reject(reason))
    try {
      return await answerWithin(timeoutMs, `${this.name}: ${what}`, Promise.race([answer, gone]))
    } catch (error) {
      // What comes after a request that was not answered would not be either.
      if (error instanceof HostError && error.errno === 'ETIMEDOUT') this.abandon(error.message)
      throw error
    }
  }

  #ask<T>(
    what: string,
    timeoutMs: number,
    ask: (sftp: SFTPWrapper, reply: Reply<T>) => void,
  ): Promise<T> {
    return this.call(what, timeoutMs, (reply) => {
      if (!this.#sftp) return reply(new Error('SFTP is not open'))
      try {
        ask(this.#sftp, reply)
      } catch (error) {
        // ssh2 throws for extensions the server did not announce.
        reply(
          Object.assign(error instanceof Error ? error : new Error(String(error)), {
            code: UNSUPPORTED,
          }),
        )
      }
    })
  }

  #refused(what: string, error: Error): HostError {
    if (error instanceof HostError) return error
    const status = statusOf(error)
    if (status === undefined) {
      this.abandon(error.message)
      return new HostError(`${this.name}: ${what}: ${error.message}`, 'ECONNRESET', {
        cause: error,
      })
    }
    const errno = STATUS_ERRNO[status] ?? 'EIO'
    return new HostError(`${this.name}: ${what}: ${error.message}`, errno, { cause: error })
  }
}

interface Statvfs {
  readonly f_frsize: number | bigint
  readonly f_bavail: number | bigint
}

/** The SSH_FX_… of a reply; undefined for an error that no reply brought. */
function statusOf(error: Error): number | undefined {
  return 'code' in error && typeof error.code === 'number' ? error.code : undefined
}
