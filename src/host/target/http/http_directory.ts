// The directory of one crash on an HTTP server; docs/http_target.md describes what the server sees.
import type { DumpOutput } from '../../platform/dump_output.ts'
import { flattenOutput } from '../../platform/flattened_output.ts'
import type { HttpReply, HttpRequest } from './http_client.ts'
import type { HttpOutput } from './http_output.ts'
import { HttpParts, readSize, takesParts, type UploadContext } from './http_parts.ts'
import { checkDone, isDone, refusal } from './http_status.ts'
import { HttpStream } from './http_stream.ts'
import type { TargetDirectory } from '../target.ts'

/** Up to so many bytes a file is one request, sent again if need be. */
const SMALL_FILE = 4 * 2 ** 20
/** Made first: it says that a directory is taken. The manifest replaces it. */
const FIRST_FILE = 'kbox.json'
const FIRST_CONTENT = Buffer.from('{}\n')

/** Statuses of servers that do not know MOVE. */
const NO_MOVE: ReadonlySet<number> = new Set([400, 403, 405, 501])
/** Statuses of DELETE that leave nothing to do: it is gone, or cannot be removed by us. */
const NO_DELETE: ReadonlySet<number> = new Set([403, 404, 405, 501])

/** Take `name` below the folder of the dumps and offer it. @throws {HostError} with errno EEXIST if it is taken */
export async function makeHttpDirectory(
  context: UploadContext,
  name: string,
  mayTakeParts: boolean,
): Promise<TargetDirectory> {
  const directory = new HttpDirectory(context, name, mayTakeParts)
  await directory.take()
  return directory
}

class HttpDirectory implements TargetDirectory {
  readonly name: string
  readonly #context: UploadContext
  readonly #folder: string
  readonly #mayTakeParts: boolean
  /** What was sent under which name. */
  readonly #sent = new Map<string, { readonly sizeBytes: number; readonly sha256: string }>()
  /** The upload of a dump under a name, for when it is finished. */
  readonly #uploads = new Map<string, HttpOutput>()

  constructor(context: UploadContext, name: string, mayTakeParts: boolean) {
    this.#context = context
    // A colon in the first part of a relative URL would be read as a scheme.
    this.#folder = `./${encodeURIComponent(name)}/`
    this.#mayTakeParts = mayTakeParts
    this.name = context.client.nameOf(this.#folder)
  }

  /** WebDAV servers want the folder made first; others make it with its first file. */
  async take(): Promise<void> {
    const request = {
      method: 'PUT',
      path: this.#at(FIRST_FILE),
      headers: { 'if-none-match': '*' },
      body: FIRST_CONTENT,
    }
    let reply = await this.#request(request)
    if (reply.status === 404 || reply.status === 409) {
      await this.#request({ method: 'MKCOL', path: './' })
      await this.#request({ method: 'MKCOL', path: this.#folder })
      reply = await this.#request(request)
    }
    checkDone(reply, `${this.name}: PUT ${FIRST_FILE}`)
  }

  async writeFile(name: string, pieces: Iterable<string | Uint8Array>): Promise<void> {
    const head: Uint8Array[] = []
    let size = 0
    const rest = pieces[Symbol.iterator]()
    let next = rest.next()
    for (; next.done !== true && size <= SMALL_FILE; next = rest.next()) {
      const piece = bytesOf(next.value)
      head.push(piece)
      size += piece.length
    }
    const output = await this.#beginFile(name, size)
    try {
      let at = 0
      const add = async (piece: Uint8Array): Promise<void> => {
        at += output.write(at, piece)
        await output.drain?.()
        if (output.problem) throw output.problem
      }
      for (const piece of head) await add(piece)
      for (; next.done !== true; next = rest.next()) await add(bytesOf(next.value))
      await output.sync()
      this.#note(name, output)
    } finally {
      await output.close()
    }
  }

  async openDump(name: string): Promise<DumpOutput> {
    return flattenOutput(await this.openStream(name))
  }

  async openStream(name: string): Promise<DumpOutput> {
    const output = await this.#openUpload(name)
    this.#uploads.set(name, output)
    return output
  }

  /** By MOVE; where the server has none, a small file beside it says that the dump is complete. */
  async rename(from: string, to: string): Promise<void> {
    const upload = this.#uploads.get(from)
    if (upload) this.#note(from, upload)
    const sent = this.#sent.get(from)
    const destination = this.#context.client.urlOf(this.#at(to)).href
    const reply = await this.#request({
      method: 'MOVE',
      path: this.#at(from),
      headers: { destination, overwrite: 'T' },
    })
    if (isDone(reply) || (await this.#wasMoved(reply, from, to))) {
      this.#sent.delete(from)
    } else if (NO_MOVE.has(reply.status)) {
      const note = { version: 1, file: from, sizeBytes: sent?.sizeBytes, sha256: sent?.sha256 }
      await this.writeFile(`${to}.complete`, [`${JSON.stringify(note, null, 2)}\n`])
    } else {
      throw refusal(reply, `${this.name}: MOVE ${from}`)
    }
    if (sent) this.#sent.set(to, sent)
  }

  async remove(name: string): Promise<void> {
    const reply = await this.#request({ method: 'DELETE', path: this.#at(name) })
    if (!isDone(reply) && !NO_DELETE.has(reply.status))
      throw refusal(reply, `${this.name}: DELETE ${name}`)
    this.#sent.delete(name)
  }

  async sizeOf(name: string): Promise<number | undefined> {
    return (
      (await this.#try(() => readSize(this.#context.client, this.#at(name)))) ??
      this.#sent.get(name)?.sizeBytes
    )
  }

  /** Of what was sent: the server can compare. */
  async digestOf(name: string): Promise<string | undefined> {
    return this.#sent.get(name)?.sha256
  }

  async discard(): Promise<void> {
    await this.remove(FIRST_FILE)
    await this.#request({ method: 'DELETE', path: this.#folder })
  }

  #at(name: string): string {
    return `${this.#folder}${encodeURIComponent(name)}`
  }

  #note(name: string, { sizeBytes, sha256 }: HttpOutput): void {
    this.#sent.set(name, { sizeBytes, sha256 })
  }

  async #openUpload(name: string): Promise<HttpOutput> {
    const path = this.#at(name)
    const isInParts = this.#mayTakeParts && (await takesParts(this.#context, path))
    if (!isInParts)
      this.#context.tries.host.say(`${this.name}: the server takes no parts: one upload for all`)
    return isInParts ? new HttpParts(this.#context, path) : new HttpStream(this.#context, path)
  }

  /** A small file is a first part that is the last, too. */
  async #beginFile(name: string, size: number): Promise<HttpOutput> {
    return size <= SMALL_FILE
      ? new HttpParts(this.#context, this.#at(name), Math.max(size, 1))
      : this.#openUpload(name)
  }

  /** A MOVE whose answer was lost has happened: then only the new name is there. */
  async #wasMoved({ status }: HttpReply, from: string, to: string): Promise<boolean> {
    if (status !== 404) return false
    const { client } = this.#context
    const [old, moved] = [
      await readSize(client, this.#at(from)),
      await readSize(client, this.#at(to)),
    ]
    return old === undefined && moved !== undefined
  }

  /** Ask, again while the connection is lost or the server says "later". */
  #request(request: HttpRequest): Promise<HttpReply> {
    return this.#try(async () => {
      const reply = await this.#context.client.request(request)
      const error = refusal(reply, `${this.name}: ${request.method}`)
      if (!isDone(reply) && error.errno === 'EAGAIN') throw error
      return reply
    })
  }

  #try<T>(work: () => Promise<T>): Promise<T> {
    return this.#context.tries.run(work)
  }
}

function bytesOf(piece: string | Uint8Array): Uint8Array {
  return typeof piece === 'string' ? Buffer.from(piece) : piece
}
