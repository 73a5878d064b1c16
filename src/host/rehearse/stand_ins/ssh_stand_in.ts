// An SSH server for a rehearsal: it lets in whoever has the key made for this rehearsal, and offers SFTP on a folder.
import { once } from 'node:events'
import net from 'node:net'
import ssh2, { type Connection } from 'ssh2'
import { serveSftpFolder } from './sftp_folder.ts'
import type { Server } from './stand_in.ts'

/** Server and key as the configuration names them. */
export interface SshStandInNames {
  readonly host: string
  readonly port: number
  readonly keyFile: string
}

/** Start one. The guest gets a key of its own under the configured name, and the host key in its known_hosts. */
export async function startSshStandIn(
  folder: string,
  { host, port, keyFile }: SshStandInNames,
): Promise<Server> {
  const hostKey = ssh2.utils.generateKeyPairSync('ed25519')
  const userKey = ssh2.utils.generateKeyPairSync('ed25519')
  const expected = Buffer.from(userKey.public.split(' ')[1] ?? '', 'base64')
  const connections = new Set<Connection>()
  const ssh = new ssh2.Server({ hostKeys: [hostKey.private] }, (connection) => {
    connections.add(connection)
    connection.on('error', () => {})
    connection.on('close', () => connections.delete(connection))
    connection.on('authentication', (request) => {
      if (request.method === 'publickey' && expected.equals(request.key.data)) request.accept()
      else request.reject(['publickey'])
    })
    connection.on('session', (accept) => {
      accept().on('sftp', (acceptSftp) => serveSftpFolder(acceptSftp(), folder))
    })
  })
  // With Nagle's algorithm each answer would take 40 ms.
  const server = net.createServer({ noDelay: true }, (socket) => ssh.injectSocket(socket))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const name = port === 22 ? host : `[${host}]:${port}`
  return {
    port: typeof address === 'object' && address ? address.port : 0,
    files: [
      [keyFile, userKey.private, 0o600],
      [
        '/root/.ssh/known_hosts',
        `${name} ${hostKey.public.split(' ').slice(0, 2).join(' ')}\n`,
        0o600,
      ],
    ],
    async [Symbol.asyncDispose]() {
      for (const connection of connections) connection.end()
      server.close()
    },
  }
}
