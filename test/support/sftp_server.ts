// An SSH server of ssh2's own on this machine's loopback, with SFTP on a real folder and faults on demand: what OpenSSH
// cannot be brought to do in a test.
import { once } from 'node:events'
import fs from 'node:fs'
import net from 'node:net'
import os from 'node:os'
import path from 'node:path'
import ssh2, { type Connection } from 'ssh2'
import {
  serveSftpFolder,
  type SftpObstacle,
} from '../../src/host/rehearse/stand_ins/sftp_folder.ts'

/** What goes wrong; all may be changed while it runs. */
export interface SftpFaults {
  /** Bytes of data that are taken before writes are refused, as on a full disk. */
  capacity: number
  /** Bytes of data that are taken before nothing is answered any more. */
  answersUntil: number
  /** Names of requests that are answered with SSH_FX_PERMISSION_DENIED, such as 'MKDIR'. */
  denies: readonly string[]
  /** Offer no SFTP. */
  hasNoSftp: boolean
  /** Refuse every login. */
  refusesLogin: boolean
  /** What is answered to exec; undefined refuses. */
  execOutput: string | undefined
}

/** A server that runs until it is disposed of. */
export interface SftpServer extends AsyncDisposable {
  readonly port: number
  readonly folder: string
  readonly keyFile: string
  /** Base64, as known_hosts has it. */
  readonly hostKey: string
  readonly faults: SftpFaults
  /** Logins so far. */
  readonly logins: number
}

/** Start a server. */
export async function startSftpServer(faults: Partial<SftpFaults> = {}): Promise<SftpServer> {
  const base = fs.mkdtempSync(path.join(os.tmpdir(), 'kbox-sftp-'))
  const folder = path.join(base, 'crash')
  const keyFile = path.join(base, 'key')
  fs.mkdirSync(folder)
  const hostKey = ssh2.utils.generateKeyPairSync('ed25519')
  const userKey = ssh2.utils.generateKeyPairSync('ed25519')
  fs.writeFileSync(keyFile, userKey.private, { mode: 0o600 })
  const state: SftpFaults = {
    ...{ capacity: Infinity, answersUntil: Infinity, denies: [], hasNoSftp: false },
    ...{ refusesLogin: false, execOutput: undefined },
    ...faults,
  }
  const connections = new Set<Connection>()
  const taken = { bytes: 0, logins: 0 }
  const ssh = new ssh2.Server({ hostKeys: [hostKey.private] }, (connection) => {
    connections.add(connection)
    connection.on('error', () => {})
    connection.on('close', () => connections.delete(connection))
    const expected = Buffer.from(userKey.public.split(' ')[1] ?? '', 'base64')
    connection.on('authentication', (request) => {
      const isOurs = request.method === 'publickey' && expected.equals(request.key.data)
      if (!isOurs || state.refusesLogin) return request.reject(['publickey'])
      taken.logins++
      request.accept()
    })
    connection.on('session', (accept) => {
      const session = accept()
      session.on('sftp', (accept, reject) => {
        if (state.hasNoSftp) reject()
        else serveSftpFolder(accept(), '/', obstacle(state, taken))
      })
      session.on('exec', (accept, reject) => {
        if (state.execOutput === undefined) return reject()
        const channel = accept()
        channel.write(state.execOutput)
        channel.exit(0)
        channel.end()
      })
    })
  })
  // With Nagle's algorithm each answer would take 40 ms.
  const server = net.createServer({ noDelay: true }, (socket) => ssh.injectSocket(socket))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  return {
    port: typeof address === 'object' && address ? address.port : 0,
    folder,
    keyFile,
    hostKey: hostKey.public.split(' ')[1] ?? '',
    faults: state,
    get logins() {
      return taken.logins
    },
    async [Symbol.asyncDispose]() {
      for (const connection of connections) connection.end()
      server.close()
      fs.rmSync(base, { recursive: true })
    },
  }
}

function obstacle(faults: SftpFaults, taken: { bytes: number }): SftpObstacle {
  return {
    denies: (request) => faults.denies.includes(request),
    onWrite(sizeBytes) {
      taken.bytes += sizeBytes
      if (taken.bytes > faults.answersUntil) return 'ignore'
      return taken.bytes > faults.capacity ? 'refuse' : 'take'
    },
  }
}
