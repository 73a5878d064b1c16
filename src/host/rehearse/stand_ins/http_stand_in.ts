// An HTTP server for a rehearsal: files by PUT, in parts too, as docs/http_target.md asks of a receiver.
import { once } from 'node:events'
import fs from 'node:fs'
import http from 'node:http'
import path from 'node:path'
import type { Server } from './stand_in.ts'

/**
 * Start one.
 *
 * @param base path of the configured URL, which stands for the folder's top
 */
export async function startHttpStandIn(folder: string, base: string): Promise<Server> {
  const prefix = base.endsWith('/') ? base : `${base}/`
  const at = (url: string): string => {
    const { pathname } = new URL(url, 'http://stand-in')
    const below = `${pathname}/`.startsWith(prefix) ? pathname.slice(prefix.length) : pathname
    return path.join(folder, path.posix.resolve('/', decodeURIComponent(below)))
  }
  const server = http.createServer((request, response) => {
    const end = (status: number, headers: http.OutgoingHttpHeaders = {}): void => {
      request.resume()
      response.writeHead(status, headers).end()
    }
    serve(request, at).then(
      ({ status, headers }) => end(status, headers),
      () => request.socket.destroy(),
    )
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  return {
    port: typeof address === 'object' && address ? address.port : 0,
    files: [],
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
    },
  }
}

interface Reply {
  readonly status: number
  readonly headers?: http.OutgoingHttpHeaders
}

async function serve(request: http.IncomingMessage, at: (url: string) => string): Promise<Reply> {
  const file = at(request.url ?? '/')
  const stat = fs.statSync(file, { throwIfNoEntry: false })
  switch (request.method) {
    case 'HEAD':
      return stat?.isFile() === true
        ? { status: 200, headers: { 'content-length': stat.size } }
        : { status: 404 }
    case 'MOVE':
      if (!stat) return { status: 404 }
      fs.renameSync(file, at(String(request.headers.destination)))
      return { status: 201 }
    case 'DELETE':
      fs.rmSync(file, { recursive: true, force: true })
      return { status: stat ? 204 : 404 }
    case 'PUT':
      return take(request, file)
    default:
      return { status: 405 }
  }
}

async function take(request: http.IncomingMessage, file: string): Promise<Reply> {
  if (request.headers['if-none-match'] === '*' && fs.existsSync(file)) return { status: 412 }
  const [, first] = /^bytes (\d+)-/.exec(request.headers['content-range'] ?? '') ?? []
  fs.mkdirSync(path.dirname(file), { recursive: true })
  const isPart = first !== undefined && fs.existsSync(file)
  const into = await fs.promises.open(file, isPart ? 'r+' : 'w', 0o600)
  try {
    let at = Number(first ?? 0)
    for await (const piece of request) {
      const bytes: Buffer = piece
      await into.write(bytes, 0, bytes.length, at)
      at += bytes.length
    }
  } finally {
    await into.close()
  }
  return { status: first === undefined ? 201 : 204 }
}
