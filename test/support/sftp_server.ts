// An SSH server of ssh2's own on this machine's loopback, with SFTP on a real folder and faults on demand: what OpenSSH
// cannot be brought to do in a test.
import { once } from 'node:events'
import fs from 'node:fs'
import net from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { makeKeyPair } from '../../src/host/target/ssh/ssh_key.ts'
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
  /** Bytes of data that are taken before SFTP is ended, once, and the connection stays. */
  endsSftpAt: number
  /** Names of requests that are answered with SSH_FX_PERMISSION_DENIED, such as 'MKDIR'. */
  denies: readonly string[]
  /** Offer no SFTP. */
  hasNoSftp: boolean
  /** Refuse every login. */
  refusesLogin: boolean
  /** Password that opens the door as well; '' for none. */
  password: string
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
  const hostKey = makeKeyPair('')
  const userKey = makeKeyPair('')
  fs.writeFileSync(keyFile, userKey.privateText, { mode: 0o600 })
  const account: Account = {
    home: folder,
    userKey: userKey.publicText,
    faults: {
      ...{ capacity: Infinity, answersUntil: Infinity, endsSftpAt: Infinity, denies: [] },
      ...{ hasNoSftp: false, refusesLogin: false, password: '', execOutput: undefined },
      ...faults,
    },
    takenBytes: 0,
    logins: 0,
  }
  const connections = new Set<Connection>()
  const ssh = new ssh2.Server({ hostKeys: [hostKey.privateText] }, (connection) => {
    connections.add(connection)
    connection.on('close', () => connections.delete(connection))
    serveConnection(connection, account)
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
    hostKey: hostKey.publicText.split(' ')[1] ?? '',
    faults: account.faults,
    get logins() {
      return account.logins
    },
    async [Symbol.asyncDispose]() {
      for (const connection of connections) connection.end()
      server.close()
      fs.rmSync(base, { recursive: true })
    },
  }
}

/** The one account of a server. */
interface Account {
  readonly home: string
  /** Public half of the key of `keyFile`. */
  readonly userKey: string
  readonly faults: SftpFaults
  takenBytes: number
  logins: number
}

function serveConnection(connection: Connection, account: Account): void {
  const { faults } = account
  connection.on('error', () => {})
  connection.on('authentication', (request) => {
    const isRight =
      (request.method === 'publickey' && isAuthorized(request.key.data, account)) ||
      (request.method === 'password' &&
        faults.password !== '' &&
        request.password === faults.password)
    if (!isRight || faults.refusesLogin)
      return request.reject(faults.password === '' ? ['publickey'] : ['publickey', 'password'])
    // A key is first shown, then proved.
    if (request.method !== 'publickey' || request.signature) account.logins++
    request.accept()
  })
  connection.on('session', (accept) => {
    const session = accept()
    session.on('sftp', (accept, reject) => {
      if (faults.hasNoSftp) reject()
      else
        serveSftpFolder(accept(), (name) => path.resolve(account.home, name), obstacleOf(account))
    })
    session.on('exec', (accept, reject) => {
      if (faults.execOutput === undefined) return reject()
      const channel = accept()
      channel.write(faults.execOutput)
      channel.exit(0)
      channel.end()
    })
  })
}

/** Keys that open: that of `keyFile`, and those of .ssh/authorized_keys in the home. */
function isAuthorized(key: Buffer, { home, userKey }: Account): boolean {
  const file = path.join(home, '.ssh/authorized_keys')
  const more = fs.existsSync(file) ? fs.readFileSync(file, 'utf8') : ''
  return `${userKey}\n${more}`.includes(key.toString('base64'))
}

function obstacleOf(account: Account): SftpObstacle {
  const { faults } = account
  return {
    denies: (request) => faults.denies.includes(request),
    onWrite(sizeBytes) {
      account.takenBytes += sizeBytes
      if (account.takenBytes > faults.answersUntil) return 'ignore'
      if (account.takenBytes > faults.endsSftpAt) {
        faults.endsSftpAt = Infinity
        return 'end'
      }
      return account.takenBytes > faults.capacity ? 'refuse' : 'take'
    },
  }
}
