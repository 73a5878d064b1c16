// Requests to one HTTP server, over connections that are kept: its address from when the machine was armed, its
// certificate checked, its redirects refused, and no wait without an end. Source: RFC 9110, RFC 6750.
import http from 'node:http'
import https from 'node:https'
import { isIPv6, type LookupFunction } from 'node:net'
import { HostError } from '../../../core/base/errors.ts'
import { errnoOf } from '../../platform/file_error.ts'
import { localAddressOf } from '../tcp.ts'

/** The server, and who we are to it. */
export interface HttpAccess {
  /** Folder of the dumps, with a slash at its end. */
  readonly url: URL
  readonly addresses: readonly string[]
  /** Bearer token; undefined for none. */
  readonly token: string | undefined
  /** Certificates to trust, PEM; undefined for Node's own. */
  readonly ca: string | undefined
}

/** One request. */
export interface HttpRequest {
  readonly method: string
  /** Path below the folder of the dumps, as it is in the URL; '' for the folder. */
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Uint8Array | undefined
}

/** An answer, whatever it says. */
export interface HttpReply {
  readonly status: number
  readonly headers: http.IncomingHttpHeaders
}

/** A request whose body is written piece by piece. */
export interface HttpUpload {
  /** Bytes that are not on the wire yet. */
  readonly waitingBytes: number
  /** Settles when the server has answered, however soon. @throws {HostError} when the connection is lost */
  readonly reply: Promise<HttpReply>
  write(bytes: Uint8Array): void
  /** Called when all that waits has gone. */
  onDrain(call: () => void): void
  end(): void
  abandon(why: string): void
}

const LOOK_PARTS = 4
const CONNECT_ATTEMPT_MS = 5000
/** Of an answer nothing is read but its status; a few words of a refusal help, more would only take time. */
const CHUNKED = { 'transfer-encoding': 'chunked' }

/** A server's client. */
export class HttpClient {
  readonly name: string
  /** Our address as the server sees it; '' before the first answer. */
  clientAddress = ''
  readonly #access: HttpAccess
  readonly #agent: http.Agent | https.Agent
  readonly #replyMs: number

  /** @param replyMs how long the server may take nothing, or not answer */
  constructor(access: HttpAccess, replyMs: number) {
    this.#access = access
    this.#replyMs = replyMs
    this.name = `http ${access.url.href}`
    const options = {
      keepAlive: true,
      maxSockets: 2,
      lookup: frozenLookup(access.addresses),
      autoSelectFamily: true,
      autoSelectFamilyAttemptTimeout: CONNECT_ATTEMPT_MS,
    }
    this.#agent =
      access.url.protocol === 'https:'
        ? new https.Agent({
            ...options,
            rejectUnauthorized: true,
            ...(access.ca === undefined ? {} : { ca: access.ca }),
          })
        : new http.Agent(options)
  }

  /**
   * Send a request and wait for its answer.
   *
   * @param replyMs how long there may be none
   * @throws {HostError} with a connection's errno if there is none
   */
  async request(request: HttpRequest, replyMs = this.#replyMs): Promise<HttpReply> {
    const { body } = request
    const length = { 'content-length': String(body?.length ?? 0) }
    const upload = this.#begin(request, length, replyMs)
    if (body) upload.write(body)
    upload.end()
    return upload.reply
  }

  /** Begin a request of unknown length. */
  upload(request: HttpRequest): HttpUpload {
    return this.#begin(request, CHUNKED, this.#replyMs)
  }

  /** A file or folder, for people. */
  nameOf(path: string): string {
    return `http ${decodeURIComponent(this.urlOf(path).href)}`
  }

  urlOf(path: string): URL {
    return new URL(path, this.#access.url)
  }

  /** Close what is open. */
  close(): void {
    this.#agent.destroy()
  }

  #begin(
    { method, path, headers }: HttpRequest,
    length: Readonly<Record<string, string>>,
    replyMs: number,
  ): HttpUpload {
    const { token } = this.#access
    const url = this.urlOf(path)
    const send = url.protocol === 'https:' ? https.request : http.request
    const request = send(url, {
      method,
      agent: this.#agent,
      headers: {
        ...headers,
        ...length,
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        'user-agent': 'kbox',
      },
    })
    const what = `${this.nameOf(path)}: ${method}`
    return {
      get waitingBytes() {
        return request.writableLength
      },
      reply: this.#awaitReply(request, what, replyMs),
      write: (bytes) => void request.write(bytes),
      onDrain: (call) => void request.once('drain', call),
      end: () => void request.end(),
      abandon: (why) => void request.destroy(new HostError(`${what}: ${why}`, 'ETIMEDOUT')),
    }
  }

  #awaitReply(request: http.ClientRequest, what: string, replyMs: number): Promise<HttpReply> {
    const guard = new ProgressGuard(request, replyMs, what)
    const reply = new Promise<HttpReply>((resolve, reject) => {
      request.on('error', (cause) => reject(describeLoss(cause, what)))
      request.once('response', (response) => {
        this.clientAddress = localAddressOf(response.socket) || this.clientAddress
        const { statusCode: status = 0, headers } = response
        // What comes too late for it is of no interest.
        response.on('error', () => {}).resume()
        resolve({ status, headers })
      })
      request.once('close', () => reject(new HostError(`${what}: no answer`, 'ECONNRESET')))
    })
    const guarded = reply.finally(() => guard.end())
    // An upload that fails while nobody waits for its answer is found when somebody does.
    guarded.catch(() => undefined)
    return guarded
  }
}

/** Ends a request over which nothing moves. */
class ProgressGuard {
  readonly #timer: NodeJS.Timeout
  #bytes = -1
  #movedMs = performance.now()

  constructor(request: http.ClientRequest, replyMs: number, what: string) {
    this.#timer = setInterval(() => {
      const bytes = request.socket?.bytesWritten ?? 0
      // An upload that waits for more to send is not stuck.
      const isIdle = !request.writableEnded && request.writableLength === 0
      if (bytes !== this.#bytes || isIdle) {
        this.#bytes = bytes
        this.#movedMs = performance.now()
      } else if (performance.now() - this.#movedMs >= replyMs) {
        const seconds = Math.round(replyMs / 100) / 10
        request.destroy(new HostError(`${what}: no answer for ${seconds} s`, 'ETIMEDOUT'))
      }
    }, replyMs / LOOK_PARTS)
  }

  end(): void {
    clearInterval(this.#timer)
  }
}

/** Names are not looked up again: the capture kernel may have no name server. */
function frozenLookup(addresses: readonly string[]): LookupFunction {
  return (_name, { all }, answer) => {
    const found = addresses.map((address) => ({ address, family: isIPv6(address) ? 6 : 4 }))
    const [first] = found
    if (!first) answer(Object.assign(new Error('no address'), { code: 'EADDRNOTAVAIL' }), '', 4)
    else if (all === true) answer(null, found)
    else answer(null, first.address, first.family)
  }
}

function describeLoss(cause: Error, what: string): HostError {
  if (cause instanceof HostError) return cause
  const code = errnoOf(cause)
  // OpenSSL and Node name certificates' faults: CERT_HAS_EXPIRED, DEPTH_ZERO_SELF_SIGNED_CERT, ERR_TLS_…
  if (/CERT|TLS|SSL|SIGNATURE|ISSUER|CRL/.test(code)) {
    const remedy = "add its authority to this machine's certificates, or correct the server's"
    return new HostError(
      `${what}: the server's certificate is not trusted: ${cause.message} (${code}): ${remedy}`,
      '',
      { cause },
    )
  }
  const errors = cause instanceof AggregateError ? cause.errors : [cause]
  const messages = errors.map((error: unknown) => (error instanceof Error ? error.message : ''))
  const errno = code === '' || code.startsWith('HPE_') ? 'ECONNRESET' : code
  return new HostError(`${what}: ${messages.join(', ')}`, errno, { cause })
}
