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
  const pairs = new Set<readonly [net.Socket, net.Socket]>()
  const state = {
    sent: 0,
    limit: Infinity,
    cuts: 0,
    isBlocked: false,
    isRefusing: false,
    count: 0,
    port: toPort,
  }
  const end = (pair: readonly [net.Socket, net.Socket]): void => {
    pairs.delete(pair)
    for (const socket of pair) socket.destroy()
  }
  const server = net.createServer({ noDelay: true }, (client) => {
    if (state.isRefusing) return void client.destroy()
    state.count++
    const upstream = net.connect({ port: state.port, host: '127.0.0.1', noDelay: true })
    const pair = [client, upstream] as const
    pairs.add(pair)
    for (const socket of pair) socket.on('error', () => {}).on('close', () => end(pair))
    client.on('data', (data: Buffer) => {
      if (state.isBlocked) return
      state.sent += data.length
      if (state.sent > state.limit && state.cuts > 0) {
        state.cuts--
        state.sent = 0
        end(pair)
      } else if (!upstream.write(data)) {
        client.pause()
        upstream.once('drain', () => client.resume())
      }
    })
    upstream.on('data', (data: Buffer) => {
      if (!state.isBlocked) client.write(data)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  return {
    port: typeof address === 'object' && address ? address.port : 0,
    get connections() {
      return state.count
    },
    cutAfter(bytes, cuts = 1) {
      state.sent = 0
      state.limit = bytes
      state.cuts = cuts
    },
    block: () => void (state.isBlocked = true),
    leadTo: (port) => void (state.port = port),
    unblock: () => void (state.isBlocked = false),
    refuse() {
      state.isRefusing = true
      for (const pair of pairs) end(pair)
    },
    async [Symbol.asyncDispose]() {
      for (const pair of pairs) end(pair)
      server.close()
    },
  }
}
