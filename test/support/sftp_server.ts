// An SSH server of ssh2's own on this machine's loopback, with SFTP on a real folder and faults on demand: what OpenSSH
// cannot be brought to do in a test.
import { once } from 'node:events'
import fs from 'node:fs'
import net from 'node:net'
import os from 'node:os'
import path from 'node:path'
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
  const hostKey = ssh2.utils.generateKeyPairSync('ed25519')
  const userKey = ssh2.utils.generateKeyPairSync('ed25519')
  fs.writeFileSync(keyFile, userKey.private, { mode: 0o600 })
  const state: SftpFaults = {
    ...{ capacity: Infinity, answersUntil: Infinity, denies: [], hasNoSftp: false },
    ...{ refusesLogin: false, password: '', execOutput: undefined },
    ...faults,
  }
  /** The key of `keyFile`, and those of .ssh/authorized_keys in the home. */
  const isAuthorized = (key: Buffer): boolean => {
    const file = path.join(folder, '.ssh/authorized_keys')
    const more = fs.existsSync(file) ? fs.readFileSync(file, 'utf8') : ''
    return `${userKey.public}\n${more}`.includes(key.toString('base64'))
  }
  const connections = new Set<Connection>()
  const taken = { bytes: 0, logins: 0 }
  const ssh = new ssh2.Server({ hostKeys: [hostKey.private] }, (connection) => {
    connections.add(connection)
    connection.on('error', () => {})
    connection.on('close', () => connections.delete(connection))
    connection.on('authentication', (request) => {
      const isRight =
        (request.method === 'publickey' && isAuthorized(request.key.data)) ||
        (request.method === 'password' &&
          state.password !== '' &&
          request.password === state.password)
      if (!isRight || state.refusesLogin)
        return request.reject(state.password === '' ? ['publickey'] : ['publickey', 'password'])
      taken.logins++
      request.accept()
    })
    connection.on('session', (accept) => {
      const session = accept()
      session.on('sftp', (accept, reject) => {
        if (state.hasNoSftp) reject()
        else serveSftp(accept(), folder, state, taken)
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

function serveSftp(
  sftp: SFTPWrapper,
  home: string,
  faults: SftpFaults,
  taken: { bytes: number },
): void {
  const fds = new Map<number, number>()
  let nextHandle = 0
  const answer = (name: string, id: number, work: () => void): void => {
    if (faults.denies.includes(name)) return sftp.status(id, STATUS_CODE.PERMISSION_DENIED)
    try {
      work()
    } catch (error) {
      const isMissing = error instanceof Error && 'code' in error && error.code === 'ENOENT'
      sftp.status(id, isMissing ? STATUS_CODE.NO_SUCH_FILE : STATUS_CODE.FAILURE)
    }
  }
  const done = (name: string, id: number, work: () => void): void =>
    answer(name, id, () => {
      work()
      sftp.status(id, STATUS_CODE.OK)
    })
  const at = (file: string): string => path.resolve(home, file)
  const fdOf = (handle: Buffer): number => fds.get(handle.readUInt32BE(0)) ?? -1
  sftp.on('OPEN', (id, file, flags) =>
    answer('OPEN', id, () => {
      const fd = fs.openSync(at(file), flagsToString(flags) ?? 'r', 0o600)
      const handle = Buffer.alloc(4)
      handle.writeUInt32BE(++nextHandle)
      fds.set(nextHandle, fd)
      sftp.handle(id, handle)
    }),
  )
  sftp.on('WRITE', (id, handle, offset, data) => {
    taken.bytes += data.length
    if (taken.bytes > faults.answersUntil) return
    if (taken.bytes > faults.capacity) return sftp.status(id, STATUS_CODE.FAILURE)
    done('WRITE', id, () => fs.writeSync(fdOf(handle), data, 0, data.length, offset))
  })
  sftp.on('FSETSTAT', (id, handle, attributes) =>
    done('FSETSTAT', id, () => fs.ftruncateSync(fdOf(handle), attributes.size)),
  )
  sftp.on('CLOSE', (id, handle) => done('CLOSE', id, () => fs.closeSync(fdOf(handle))))
  sftp.on('STAT', (id, file) =>
    answer('STAT', id, () => sftp.attrs(id, attributesOf(fs.statSync(at(file))))),
  )
  sftp.on('FSTAT', (id, handle) =>
    answer('FSTAT', id, () => sftp.attrs(id, attributesOf(fs.fstatSync(fdOf(handle))))),
  )
  sftp.on('READ', (id, handle, offset, length) =>
    answer('READ', id, () => {
      const bytes = Buffer.alloc(length)
      const size = fs.readSync(fdOf(handle), bytes, 0, length, offset)
      if (size === 0) sftp.status(id, STATUS_CODE.EOF)
      else sftp.data(id, bytes.subarray(0, size))
    }),
  )
  sftp.on('MKDIR', (id, folder) => done('MKDIR', id, () => fs.mkdirSync(at(folder))))
  sftp.on('RMDIR', (id, folder) => done('RMDIR', id, () => fs.rmdirSync(at(folder))))
  sftp.on('REMOVE', (id, file) => done('REMOVE', id, () => fs.unlinkSync(at(file))))
  sftp.on('RENAME', (id, from, to) =>
    done('RENAME', id, () => {
      if (fs.existsSync(at(to))) throw new Error('SFTP version 3 does not rename over a file')
      fs.renameSync(at(from), at(to))
    }),
  )
}

function attributesOf({ mode, uid, gid, size, atimeMs, mtimeMs }: fs.Stats): Attributes {
  const seconds = { atime: Math.floor(atimeMs / 1000), mtime: Math.floor(mtimeMs / 1000) }
  return { mode, uid, gid, size, ...seconds }
}
