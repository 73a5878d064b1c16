// A unix socket that waits for QEMU to connect: QEMU is the client, so that not one byte is lost before we listen.
import { once } from 'node:events'
import net from 'node:net'

/** A socket somebody will connect to. */
export interface UnixListener {
  readonly path: string
  /** Who connected; one only. */
  readonly connected: Promise<net.Socket>
  close(): void
}

/** Listen on a socket file, which must not exist. @throws what listen(2) refuses */
export async function listenUnix(path: string): Promise<UnixListener> {
  const server = net.createServer()
  const { promise: connected, resolve, reject } = Promise.withResolvers<net.Socket>()
  let peer: net.Socket | undefined
  server.once('connection', (socket) => {
    peer = socket
    server.close()
    // A machine that dies takes its sockets with it; what that means is told by its exit.
    socket.on('error', () => undefined)
    resolve(socket)
  })
  // Nobody may be waiting when a machine that never started is closed.
  connected.catch(() => undefined)
  server.listen(path)
  await once(server, 'listening')
  return {
    path,
    connected,
    close() {
      server.close()
      peer?.destroy()
      reject(new Error(`${path}: closed`))
    },
  }
}
