// What a machine writes on its serial console: all of it to a file, the newest part in memory to wait for words in it.
import { closeSync, openSync, writeSync } from 'node:fs'
import type { Readable } from 'node:stream'
import { StringDecoder } from 'node:string_decoder'

/** A guest that floods its console must not fill our memory or disk. */
const TEXT_SIZE_MAX = 1 << 22
const FILE_SIZE_MAX = 1 << 28

/** Carriage returns and escape sequences (firmware, busybox) would only be in the way of a search. */
const TERMINAL_CONTROL = new RegExp(`\\r|${String.fromCharCode(27)}\\[[\\d;?]*[A-Za-z]`, 'g')

interface Waiter {
  readonly pattern: RegExp
  readonly resolve: (match: RegExpExecArray) => void
}

/** The console of one machine. */
export class ConsoleLog {
  readonly file: string
  readonly #fd: number
  readonly #decoder = new StringDecoder('utf8')
  readonly #waiters = new Set<Waiter>()
  #text = ''
  /** Where the next wait begins: text before it was waited for already. */
  #cursor = 0
  #fileSize = 0
  #isOpen = true

  constructor(file: string) {
    this.file = file
    this.#fd = openSync(file, 'w', 0o600)
  }

  /** Record everything a stream says, until it ends. */
  attach(stream: Readable): void {
    stream.on('data', (chunk: Uint8Array) => this.#append(chunk))
  }

  /**
   * Wait for the first text, behind what was waited for before, that matches.
   *
   * @param signal ends the wait; the promise is then rejected with its reason
   */
  waitFor(pattern: RegExp, signal: AbortSignal): Promise<RegExpExecArray> {
    const { promise, resolve, reject } = Promise.withResolvers<RegExpExecArray>()
    const waiter: Waiter = { pattern, resolve }
    const abort = (): void =>
      reject(signal.reason instanceof Error ? signal.reason : new Error(String(signal.reason)))
    if (signal.aborted) abort()
    else {
      signal.addEventListener('abort', abort, { once: true })
      this.#waiters.add(waiter)
      this.#tell()
    }
    return promise.finally(() => {
      signal.removeEventListener('abort', abort)
      this.#waiters.delete(waiter)
    })
  }

  /** Let later waits begin behind all that was said so far. */
  skip(): void {
    this.#cursor = this.#text.length
  }

  /** Let later waits begin behind `match`. */
  consume(match: RegExpExecArray): void {
    this.#cursor = Math.max(this.#cursor, match.index + match[0].length)
  }

  /** The last lines, the unfinished one included. */
  tail(count: number): string[] {
    const lines = this.#text.split('\n')
    if (lines.at(-1) === '') lines.pop()
    return lines.slice(-count)
  }

  /** The newest text, up to 4 Mi characters. */
  get text(): string {
    return this.#text
  }

  close(): void {
    if (this.#isOpen) closeSync(this.#fd)
    this.#isOpen = false
  }

  #append(chunk: Uint8Array): void {
    if (this.#isOpen && this.#fileSize < FILE_SIZE_MAX) this.#fileSize += writeSync(this.#fd, chunk)
    this.#text += this.#decoder.write(Buffer.from(chunk)).replace(TERMINAL_CONTROL, '')
    const excess = this.#text.length - TEXT_SIZE_MAX
    if (excess > 0) {
      this.#text = this.#text.slice(excess)
      this.#cursor = Math.max(0, this.#cursor - excess)
    }
    this.#tell()
  }

  #tell(): void {
    for (const waiter of this.#waiters) {
      const pattern = new RegExp(waiter.pattern, waiter.pattern.flags.replace('g', '') + 'g')
      pattern.lastIndex = this.#cursor
      const match = pattern.exec(this.#text)
      if (match) waiter.resolve(match)
    }
  }
}
