// A receiver of dumps as docs/http_target.md asks for one, on a real folder of this machine, and with every way of doing
// less, or of failing.
import { once } from 'node:events'
import fs from 'node:fs'
import http from 'node:http'
import https from 'node:https'
import os from 'node:os'
import path from 'node:path'

/** What it does and does not; all may be changed while it runs. */
export interface HttpReceiverHabits {
  /** Content-Range: 'takes' it, refuses it ('400'), or 'ignores' it and takes each part for the whole file. */
  ranges: 'takes' | 'refuses' | 'ignores'
  hasMove: boolean
  hasDelete: boolean
  /** WebDAV: folders must be made by MKCOL. */
  needsMkcol: boolean
  /** Bearer token that is asked for; '' for none. */
  token: string
  /** Answer everything with a redirect to there. */
  redirect: string
  /** Status that PUT gets, so many times. */
  refusals: { status: number; count: number }
  /** Break the connection when a PUT has brought so many bytes, so many times. */
  cuts: { afterBytes: number; count: number }
  /** Take bodies but never answer. */
  isSilent: boolean
}

/** A receiver that runs until it is disposed of. */
export interface HttpReceiver extends AsyncDisposable {
  readonly port: number
  /** Folder of the dumps, as a client names it. */
  readonly url: string
  readonly folder: string
  readonly habits: HttpReceiverHabits
  /** `PUT /dumps/… bytes 0-1/2`, one a request. */
  readonly log: readonly string[]
}

/** What it is started with. */
export interface HttpReceiverOptions extends Partial<HttpReceiverHabits> {
  /** Serve TLS with this key and certificate, PEM. */
  readonly tls?: { readonly key: string; readonly cert: string }
  /** Where files go; a folder of its own by default. */
  readonly receivedIn?: string
}

/** Start one on this machine's loopback. */
export async function startHttpReceiver({
  tls,
  receivedIn,
  ...given
}: HttpReceiverOptions = {}): Promise<HttpReceiver> {
  const folder = receivedIn ?? fs.mkdtempSync(path.join(os.tmpdir(), 'kbox-http-'))
  const habits: HttpReceiverHabits = {
    ...{ ranges: 'takes', hasMove: true, hasDelete: true, needsMkcol: false, token: '' },
    ...{ redirect: '', refusals: { status: 0, count: 0 }, isSilent: false },
    cuts: { afterBytes: 0, count: 0 },
    ...given,
  }
  const log: string[] = []
  const answer = (request: http.IncomingMessage, response: http.ServerResponse): void => {
    log.push(`${request.method} ${request.url} ${request.headers['content-range'] ?? ''}`.trimEnd())
    const { socket } = request
    void handle(request, response, folder, habits).catch(() => socket.destroy())
  }
  const server = tls ? https.createServer(tls, answer) : http.createServer(answer)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' && address ? address.port : 0
  return {
    port,
    url: `${tls ? 'https' : 'http'}://localhost:${port}/dumps`,
    folder,
    habits,
    log,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      if (receivedIn === undefined) fs.rmSync(folder, { recursive: true })
    },
  }
}

async function handle(
  request: http.IncomingMessage,
  response: http.ServerResponse,
  folder: string,
  habits: HttpReceiverHabits,
): Promise<void> {
  const end = (status: number, headers: http.OutgoingHttpHeaders = {}): void => {
    request.resume()
    if (!habits.isSilent) response.writeHead(status, headers).end()
  }
  const at = (url: string): string =>
    path.join(folder, path.normalize(decodeURIComponent(new URL(url, 'http://x').pathname)))
  const file = at(request.url ?? '/')
  if (habits.redirect !== '') return end(302, { location: habits.redirect })
  if (habits.token !== '' && request.headers.authorization !== `Bearer ${habits.token}`)
    return end(401)
  switch (request.method) {
    case 'HEAD': {
      const stat = fs.statSync(file, { throwIfNoEntry: false })
      return stat?.isFile() === true ? end(200, { 'content-length': stat.size }) : end(404)
    }
    case 'MKCOL':
      if (!habits.needsMkcol) return end(405)
      if (fs.existsSync(file)) return end(405)
      fs.mkdirSync(file)
      return end(201)
    case 'MOVE':
      if (!habits.hasMove) return end(405)
      if (!fs.existsSync(file)) return end(404)
      fs.renameSync(file, at(String(request.headers.destination)))
      return end(201)
    case 'DELETE':
      if (!habits.hasDelete) return end(405)
      if (!fs.existsSync(file)) return end(404)
      fs.rmSync(file, { recursive: true })
      return end(204)
    case 'PUT':
      return end(await take(request, file, habits))
    default:
      return end(405)
  }
}

/** @returns status */
async function take(
  request: http.IncomingMessage,
  file: string,
  habits: HttpReceiverHabits,
): Promise<number> {
  if (habits.refusals.count > 0) {
    habits.refusals.count--
    return habits.refusals.status
  }
  if (request.headers['if-none-match'] === '*' && fs.existsSync(file)) return 412
  const range = request.headers['content-range']
  if (range !== undefined && habits.ranges === 'refuses') return 400
  const isPart = range !== undefined && habits.ranges === 'takes'
  const start = isPart ? Number(/^bytes (\d+)-/.exec(range)?.[1]) : 0
  if (!fs.existsSync(path.dirname(file))) {
    if (habits.needsMkcol) return 409
    fs.mkdirSync(path.dirname(file), { recursive: true })
  }
  const fd = fs.openSync(file, isPart ? 'r+' : 'w', 0o600)
  try {
    let at = start
    for await (const piece of request) {
      const bytes: Buffer = piece
      fs.writeSync(fd, bytes, 0, bytes.length, at)
      at += bytes.length
      if (habits.cuts.count > 0 && at - start > habits.cuts.afterBytes) {
        habits.cuts.count--
        throw new Error('cut')
      }
    }
  } finally {
    fs.closeSync(fd)
  }
  return isPart ? 204 : 201
}
