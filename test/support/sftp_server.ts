// An SSH server of ssh2's own on this machine's loopback, with SFTP on a real folder and faults on demand: what OpenSSH
// cannot be brought to do in a test.
import { once } from 'node:events'
import fs from 'node:fs'
import net from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { makeKeyPair } from '../../src/host/target/ssh_key.ts'
import ssh2, { type Attributes, type Connection, type SFTPWrapper } from 'ssh2'

const { STATUS_CODE, flagsToString } = ssh2.utils.sftp

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
      ...{ capacity: Infinity, answersUntil: Infinity, denies: [], hasNoSftp: false },
      ...{ refusesLogin: false, password: '', execOutput: undefined },
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
    account.logins++
    request.accept()
  })
  connection.on('session', (accept) => {
    const session = accept()
    session.on('sftp', (accept, reject) => {
      if (faults.hasNoSftp) reject()
      else new SftpService(accept(), account)
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

/** Answers SFTP requests, each as the file system does. */
class SftpService {
  readonly #sftp: SFTPWrapper
  readonly #account: Account
  readonly #fds = new Map<number, number>()
  #lastHandle = 0

  constructor(sftp: SFTPWrapper, account: Account) {
    this.#sftp = sftp
    this.#account = account
    this.#serveFiles()
    this.#serveNames()
  }

  #serveFiles(): void {
    const sftp = this.#sftp
    const { faults } = this.#account
    sftp.on('OPEN', (id, file, flags) =>
      this.#answer('OPEN', id, () => sftp.handle(id, this.#open(file, flags))),
    )
    sftp.on('WRITE', (id, handle, offset, data) => {
      this.#account.takenBytes += data.length
      if (this.#account.takenBytes > faults.answersUntil) return
      if (this.#account.takenBytes > faults.capacity) return sftp.status(id, STATUS_CODE.FAILURE)
      this.#do('WRITE', id, () => fs.writeSync(this.#fd(handle), data, 0, data.length, offset))
    })
    sftp.on('READ', (id, handle, offset, length) =>
      this.#answer('READ', id, () => {
        const bytes = Buffer.alloc(length)
        const size = fs.readSync(this.#fd(handle), bytes, 0, length, offset)
        if (size === 0) sftp.status(id, STATUS_CODE.EOF)
        else sftp.data(id, bytes.subarray(0, size))
      }),
    )
    sftp.on('FSTAT', (id, handle) =>
      this.#answer('FSTAT', id, () => sftp.attrs(id, attributesOf(fs.fstatSync(this.#fd(handle))))),
    )
    sftp.on('FSETSTAT', (id, handle, { size }) =>
      this.#do('FSETSTAT', id, () => fs.ftruncateSync(this.#fd(handle), size)),
    )
    sftp.on('CLOSE', (id, handle) => this.#do('CLOSE', id, () => fs.closeSync(this.#fd(handle))))
  }

  #serveNames(): void {
    const sftp = this.#sftp
    const at = (file: string): string => path.resolve(this.#account.home, file)
    sftp.on('STAT', (id, file) =>
      this.#answer('STAT', id, () => sftp.attrs(id, attributesOf(fs.statSync(at(file))))),
    )
    sftp.on('MKDIR', (id, folder) => this.#do('MKDIR', id, () => fs.mkdirSync(at(folder))))
    sftp.on('RMDIR', (id, folder) => this.#do('RMDIR', id, () => fs.rmdirSync(at(folder))))
    sftp.on('REMOVE', (id, file) => this.#do('REMOVE', id, () => fs.unlinkSync(at(file))))
    sftp.on('RENAME', (id, from, to) =>
      this.#do('RENAME', id, () => {
        if (fs.existsSync(at(to))) throw new Error('SFTP version 3 does not rename over a file')
        fs.renameSync(at(from), at(to))
      }),
    )
  }

  #open(file: string, flags: number): Buffer {
    const whole = path.resolve(this.#account.home, file)
    const fd = fs.openSync(whole, flagsToString(flags) ?? 'r', 0o600)
    const handle = Buffer.alloc(4)
    handle.writeUInt32BE(++this.#lastHandle)
    this.#fds.set(this.#lastHandle, fd)
    return handle
  }

  #fd(handle: Buffer): number {
    return this.#fds.get(handle.readUInt32BE(0)) ?? -1
  }

  #answer(name: string, id: number, work: () => void): void {
    if (this.#account.faults.denies.includes(name))
      return this.#sftp.status(id, STATUS_CODE.PERMISSION_DENIED)
    try {
      work()
    } catch (error) {
      const isMissing = error instanceof Error && 'code' in error && error.code === 'ENOENT'
      this.#sftp.status(id, isMissing ? STATUS_CODE.NO_SUCH_FILE : STATUS_CODE.FAILURE)
    }
  }

  #do(name: string, id: number, work: () => void): void {
    this.#answer(name, id, () => {
      work()
      this.#sftp.status(id, STATUS_CODE.OK)
    })
  }
}

function attributesOf({ mode, uid, gid, size, atimeMs, mtimeMs }: fs.Stats): Attributes {
  const seconds = { atime: Math.floor(atimeMs / 1000), mtime: Math.floor(mtimeMs / 1000) }
  return { mode, uid, gid, size, ...seconds }
}
