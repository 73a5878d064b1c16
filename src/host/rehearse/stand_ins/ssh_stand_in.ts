// An SSH server for a rehearsal: it lets in whoever has the key made for this rehearsal, and offers SFTP on a folder.
import { once } from 'node:events'
import net from 'node:net'
import path from 'node:path'
import ssh2, { type Connection } from 'ssh2'
import { makeKeyPair } from '../../target/ssh/ssh_key.ts'
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
  const hostKey = makeKeyPair('')
  const userKey = makeKeyPair('')
  const expected = Buffer.from(userKey.publicText.split(' ')[1] ?? '', 'base64')
  // Nothing outside of the folder can be named.
  const locate = (name: string): string => path.join(folder, path.posix.resolve('/', name))
  const connections = new Set<Connection>()
  const ssh = new ssh2.Server({ hostKeys: [hostKey.privateText] }, (connection) => {
    connections.add(connection)
    connection.on('error', () => {})
    connection.on('close', () => connections.delete(connection))
    connection.on('authentication', (request) => {
      if (request.method === 'publickey' && expected.equals(request.key.data)) request.accept()
      else request.reject(['publickey'])
    })
    connection.on('session', (accept) => {
      accept().on('sftp', (acceptSftp) => serveSftpFolder(acceptSftp(), locate))
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
      [keyFile, userKey.privateText, 0o600],
      [
        '/root/.ssh/known_hosts',
        `${name} ${hostKey.publicText.split(' ').slice(0, 2).join(' ')}\n`,
        0o600,
      ],
    ],
    async [Symbol.asyncDispose]() {
      for (const connection of connections) connection.end()
      server.close()
    },
  }
}
