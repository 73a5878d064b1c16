// A wire that breaks: TCP from a port of this machine to another one, cut or blocked where a test wants it.
import { once } from 'node:events'
import net from 'node:net'

/** A proxy that runs until it is disposed of. */
export interface TcpProxy extends AsyncDisposable {
  readonly port: number
  /** Connections so far. */
  readonly connections: number
  /** Break the connection that is under way when so many bytes have gone to the server, and each `cuts` times. */
  cutAfter(bytes: number, cuts?: number): void
  /** Pass nothing on any more, without ending connections. */
  block(): void
  /** Do what block() undoes, for connections to come. */
  unblock(): void
  /** Lead new connections to another port. */
  leadTo(port: number): void
  /** Refuse connections from now on, and end those there are. */
  refuse(): void
}

/** Start one. */
export async function startTcpProxy(toPort: number): Promise<TcpProxy> {
  const wire = new Wire(toPort)
  const server = net.createServer({ noDelay: true }, (client) => wire.add(client))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  return {
    port: typeof address === 'object' && address ? address.port : 0,
    get connections() {
      return wire.count
    },
    cutAfter(bytes, cuts = 1) {
      wire.sent = 0
      wire.limit = bytes
      wire.cuts = cuts
    },
    block: () => void (wire.isBlocked = true),
    unblock: () => void (wire.isBlocked = false),
    leadTo: (port) => void (wire.port = port),
    refuse() {
      wire.isRefusing = true
      wire.endAll()
    },
    async [Symbol.asyncDispose]() {
      wire.endAll()
      server.close()
    },
  }
}

type Pair = readonly [client: net.Socket, upstream: net.Socket]

/** All connections, and what is done to them. */
class Wire {
  port: number
  count = 0
  sent = 0
  limit = Infinity
  cuts = 0
  isBlocked = false
  isRefusing = false
  readonly #pairs = new Set<Pair>()

  constructor(port: number) {
    this.port = port
  }

  add(client: net.Socket): void {
    if (this.isRefusing) return void client.destroy()
    this.count++
    const upstream = net.connect({ port: this.port, host: '127.0.0.1', noDelay: true })
    const pair = [client, upstream] as const
    this.#pairs.add(pair)
    for (const socket of pair) socket.on('error', () => {}).on('close', () => this.#end(pair))
    client.on('data', (data: Buffer) => this.#pass(data, pair))
    upstream.on('data', (data: Buffer) => {
      if (!this.isBlocked) client.write(data)
    })
  }

  endAll(): void {
    for (const pair of this.#pairs) this.#end(pair)
  }

  #pass(data: Buffer, pair: Pair): void {
    const [client, upstream] = pair
    if (this.isBlocked) return
    this.sent += data.length
    if (this.sent > this.limit && this.cuts > 0) {
      this.cuts--
      this.sent = 0
      this.#end(pair)
    } else if (!upstream.write(data)) {
      client.pause()
      upstream.once('drain', () => client.resume())
    }
  }

  #end(pair: Pair): void {
    this.#pairs.delete(pair)
    for (const socket of pair) socket.destroy()
  }
}
