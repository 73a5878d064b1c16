// An SSH server of ssh2's own on this machine's loopback, with SFTP on a real folder and faults on demand: what OpenSSH
// cannot be brought to do in a test.
import { once } from 'node:events'
import fs from 'node:fs'
import net from 'node:net'
import os from 'node:os'
import path from 'node:path'
import ssh2, { type Connection, type SFTPWrapper } from 'ssh2'

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
        else serveSftp(accept(), state, taken)
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

function serveSftp(sftp: SFTPWrapper, faults: SftpFaults, taken: { bytes: number }): void {
  const fds = new Map<number, number>()
  let nextHandle = 0
  const answer = (name: string, id: number, work: () => void): void => {
    if (faults.denies.includes(name)) return void sftp.status(id, STATUS_CODE.PERMISSION_DENIED)
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
  const fdOf = (handle: Buffer): number => fds.get(handle.readUInt32BE(0)) ?? -1
  sftp.on('OPEN', (id, file, flags) =>
    answer('OPEN', id, () => {
      const fd = fs.openSync(file, flagsToString(flags) ?? 'r', 0o600)
      const handle = Buffer.alloc(4)
      handle.writeUInt32BE(++nextHandle)
      fds.set(nextHandle, fd)
      sftp.handle(id, handle)
    }),
  )
  sftp.on('WRITE', (id, handle, offset, data) => {
    taken.bytes += data.length
    if (taken.bytes > faults.answersUntil) return
    if (taken.bytes > faults.capacity) return void sftp.status(id, STATUS_CODE.FAILURE)
    done('WRITE', id, () => fs.writeSync(fdOf(handle), data, 0, data.length, offset))
  })
  sftp.on('FSETSTAT', (id, handle, attributes) =>
    done('FSETSTAT', id, () => fs.ftruncateSync(fdOf(handle), attributes.size)),
  )
  sftp.on('CLOSE', (id, handle) => done('CLOSE', id, () => fs.closeSync(fdOf(handle))))
  sftp.on('STAT', (id, file) =>
    answer('STAT', id, () => {
      const { mode, uid, gid, size, atimeMs, mtimeMs } = fs.statSync(file)
      const times = { atime: Math.floor(atimeMs / 1000), mtime: Math.floor(mtimeMs / 1000) }
      sftp.attrs(id, { mode, uid, gid, size, ...times })
    }),
  )
  sftp.on('MKDIR', (id, folder) => done('MKDIR', id, () => fs.mkdirSync(folder)))
  sftp.on('RMDIR', (id, folder) => done('RMDIR', id, () => fs.rmdirSync(folder)))
  sftp.on('REMOVE', (id, file) => done('REMOVE', id, () => fs.unlinkSync(file)))
  sftp.on('RENAME', (id, from, to) =>
    done('RENAME', id, () => {
      if (fs.existsSync(to)) throw new Error('SFTP version 3 does not rename over a file')
      fs.renameSync(from, to)
    }),
  )
}
