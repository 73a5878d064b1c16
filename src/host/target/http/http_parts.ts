// An upload in parts, each a PUT of its own with its place in the file (Content-Range): what is lost of one is sent again.
import { createHash } from 'node:crypto'
import { HostError } from '../../../core/base/errors.ts'
import { collectBuffers } from '../../platform/garbage.ts'
import type { HttpClient } from './http_client.ts'
import type { HttpOutput } from './http_output.ts'
import { checkDone, isDone } from './http_status.ts'
import type { ServerTries } from '../server_tries.ts'

/** One is sent while the next fills; with what a writer adds before it waits, less than 4 MiB. */
const PART_SIZE = 1.5 * 2 ** 20

interface Part {
  readonly offset: number
  /** Where `bytes` are. */
  readonly buffer: Buffer
  readonly bytes: Buffer
  readonly isLast: boolean
}

/** What an upload needs to know. */
export interface UploadContext {
  readonly client: HttpClient
  readonly tries: ServerTries
}

/**
 * Ask whether the server takes parts, with a file that is about to be written anyway: 8 bytes, then 8 more, must be 16.
 *
 * @throws {HostError} if it takes no file at all
 */
export async function takesParts({ client, tries }: UploadContext, path: string): Promise<boolean> {
  const probe = Buffer.from('makedumpfile\0\0\0\0')
  const put = (bytes: Uint8Array, headers = {}) =>
    tries.run(async () => {
      const reply = await client.request({ method: 'PUT', path, headers, body: bytes })
      if (reply.status >= 500 && reply.status !== 501)
        checkDone(reply, `${client.nameOf(path)}: PUT`)
      return reply
    })
  checkDone(await put(probe.subarray(0, 8)), `${client.nameOf(path)}: PUT`)
  const second = await put(probe.subarray(8), { 'content-range': 'bytes 8-15/*' })
  return isDone(second) && (await readSize(client, path)) === 16
}

/** Size of a file on the server; undefined if there is none, or it does not tell. */
export async function readSize(client: HttpClient, path: string): Promise<number | undefined> {
  const reply = await client.request({ method: 'HEAD', path })
  const length = reply.headers['content-length']
  return isDone(reply) && length !== undefined && /^\d{1,15}$/.test(length)
    ? Number(length)
    : undefined
}

/** The upload: takes bytes in order. */
export class HttpParts implements HttpOutput {
  readonly name: string
  problem: HostError | undefined
  sizeBytes = 0
  readonly #context: UploadContext
  readonly #path: string
  readonly #partSize: number
  readonly #hash = createHash('sha256')
  /** Used again: three of them at most are all that an upload needs. */
  readonly #spare: Buffer[] = []
  #filling: Buffer | undefined
  #filledBytes = 0
  /** Where the part begins that is being filled. */
  #partOffset = 0
  /** Full parts; the first is under way. */
  readonly #parts: Part[] = []
  #sending: Promise<void> | undefined
  #isEnded = false
  #digest: string | undefined

  /** @param partSize bytes; what is smaller goes in one request */
  constructor(context: UploadContext, path: string, partSize = PART_SIZE) {
    this.#context = context
    this.#path = path
    this.#partSize = partSize
    this.name = context.client.nameOf(path)
  }

  get sha256(): string {
    return (this.#digest ??= this.#hash.digest('hex'))
  }

  write(offset: number, bytes: Uint8Array): number {
    if (this.problem || this.#isEnded) return 0
    if (offset !== this.sizeBytes) throw new Error(`${this.name}: a stream cannot go back`)
    this.#hash.update(bytes)
    this.sizeBytes += bytes.length
    for (let at = 0; at < bytes.length;) {
      this.#filling ??= this.#spare.pop() ?? Buffer.allocUnsafeSlow(this.#partSize)
      const piece = bytes.subarray(at, at + this.#partSize - this.#filledBytes)
      this.#filling.set(piece, this.#filledBytes)
      this.#filledBytes += piece.length
      at += piece.length
      if (this.#filledBytes === this.#partSize) this.#finishPart(false)
    }
    return bytes.length
  }

  async drain(): Promise<void> {
    while (this.#parts.length > 1 && this.#sending) await this.#sending
  }

  truncate(): void {}

  async sync(): Promise<void> {
    if (!this.#isEnded) this.#finishPart(true)
    this.#isEnded = true
    while (this.#sending) await this.#sending
    if (this.problem) throw this.problem
  }

  close(): void {
    this.#isEnded = true
  }

  #finishPart(isLast: boolean): void {
    const buffer = this.#filling ?? Buffer.alloc(0)
    const size = this.#filledBytes
    this.#filling = undefined
    this.#filledBytes = 0
    if (size === 0 && this.sizeBytes > 0) return
    this.#parts.push({ offset: this.#partOffset, buffer, bytes: buffer.subarray(0, size), isLast })
    this.#partOffset += size
    this.#sendNext()
  }

  #sendNext(): void {
    const [part] = this.#parts
    if (!part || this.#sending || this.problem) return
    this.#sending = this.#send(part)
      .catch((error: unknown) => {
        this.problem =
          error instanceof HostError ? error : new HostError(`${this.name}: ${String(error)}`)
        this.#parts.length = 0
      })
      .then(() => {
        this.#sending = undefined
        const sent = this.#parts.shift()
        if (sent?.buffer.length === this.#partSize) this.#spare.push(sent.buffer)
        this.#sendNext()
      })
  }

  async #send(part: Part): Promise<void> {
    const { tries } = this.#context
    let count = 0
    await tries.run(async () => {
      if (++count > 1) await this.#checkKept(part)
      await this.#put(part)
    })
    tries.host.heartbeat(`sent ${part.offset + part.bytes.length}`)
    collectBuffers()
  }

  async #put({ offset, bytes, isLast }: Part): Promise<void> {
    const { client } = this.#context
    const total = isLast ? String(this.sizeBytes) : '*'
    const range = `bytes ${offset}-${offset + bytes.length - 1}/${total}`
    // The first part makes the file, in place of what there may be.
    const headers = offset === 0 ? {} : { 'content-range': range }
    const reply = await client.request({ method: 'PUT', path: this.#path, headers, body: bytes })
    checkDone(reply, `${this.name}: PUT ${range}`)
  }

  /** A server that was started anew may have less than it said. */
  async #checkKept({ offset }: Part): Promise<void> {
    const size = await readSize(this.#context.client, this.#path)
    if (size !== undefined && size < offset) {
      const what = `the server has ${size} bytes of the ${offset} it had taken`
      throw new HostError(`${this.name}: ${what}`, 'EIO')
    }
  }
}
