// An upload as one PUT, for servers that take no parts. What it has sent is gone: when the connection breaks, the dump has
// to be made again.
import { createHash } from 'node:crypto'
import { HostError } from '../../../core/base/errors.ts'
import { collectBuffers } from '../../platform/garbage.ts'
import type { HttpUpload } from './http_client.ts'
import type { HttpOutput } from './http_output.ts'
import type { UploadContext } from './http_parts.ts'
import { checkDone } from './http_status.ts'
import { isConnectionLoss } from '../patience.ts'

/** drain() waits while more is under way. */
const WINDOW = 3 * 2 ** 20
const BEAT_BYTES = 2 ** 20

/** The upload: takes bytes in order. */
export class HttpStream implements HttpOutput {
  readonly name: string
  problem: HostError | undefined
  sizeBytes = 0
  readonly #context: UploadContext
  readonly #upload: HttpUpload
  readonly #what: string
  readonly #hash = createHash('sha256')
  readonly #answered: Promise<void>
  #beatAt = 0
  #isEnded = false
  #digest: string | undefined

  constructor(context: UploadContext, path: string) {
    const { client } = context
    this.#context = context
    this.name = client.nameOf(path)
    this.#what = `${this.name}: PUT`
    this.#upload = client.upload({ method: 'PUT', path })
    this.#answered = this.#awaitAnswer()
  }

  get sha256(): string {
    return (this.#digest ??= this.#hash.digest('hex'))
  }

  write(offset: number, bytes: Uint8Array): number {
    if (this.problem || this.#isEnded) return 0
    if (offset !== this.sizeBytes) throw new Error(`${this.name}: a stream cannot go back`)
    this.#hash.update(bytes)
    this.sizeBytes += bytes.length
    this.#upload.write(Buffer.from(bytes))
    return bytes.length
  }

  async drain(): Promise<void> {
    const { host } = this.#context.tries
    while (!this.problem && this.#upload.waitingBytes > WINDOW) {
      await Promise.race([
        new Promise<void>((resolve) => this.#upload.onDrain(resolve)),
        this.#answered,
      ])
    }
    if (this.sizeBytes - this.#beatAt < BEAT_BYTES) return
    this.#beatAt = this.sizeBytes
    host.heartbeat(`sent ${this.sizeBytes - this.#upload.waitingBytes}`)
    collectBuffers()
  }

  truncate(): void {}

  async sync(): Promise<void> {
    if (!this.#isEnded) this.#upload.end()
    this.#isEnded = true
    await this.#answered
    if (this.problem) throw this.problem
  }

  close(): void {
    if (!this.#isEnded) this.#upload.abandon('given up')
    this.#isEnded = true
  }

  /** A server that answers early, refuses. */
  async #awaitAnswer(): Promise<void> {
    try {
      const reply = await this.#upload.reply
      checkDone(reply, this.#what)
      if (!this.#isEnded) throw new HostError(`${this.#what}: answered before the end`, 'EPIPE')
    } catch (error) {
      this.problem = describe(error, this.#what)
      this.#upload.abandon('given up')
    }
  }
}

/** `ERESTART` says that another upload, from the start, may go well. */
function describe(error: unknown, what: string): HostError {
  if (isConnectionLoss(error)) return new HostError(error.message, 'ERESTART', { cause: error })
  return error instanceof HostError ? error : new HostError(`${what}: ${String(error)}`)
}
