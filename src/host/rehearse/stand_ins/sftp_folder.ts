// SFTP version 3 on a folder of this machine, as much of it as an upload needs. Source: draft-ietf-secsh-filexfer-02.
import fs from 'node:fs'
import ssh2, { type Attributes, type SFTPWrapper } from 'ssh2'

const { STATUS_CODE, flagsToString } = ssh2.utils.sftp

/** What a server does before it obeys a request: tests make it fail that way. */
export interface SftpObstacle {
  /** Refuse this request. */
  denies(request: string): boolean
  /** Told the size of each write: 'take' it, 'refuse' it as on a full disk, 'ignore' it, or 'end' the session. */
  onWrite(sizeBytes: number): 'take' | 'refuse' | 'ignore' | 'end'
}

/** A client asks for less; one that asks for more gets less. */
const READ_SIZE_MAX = 1 << 18
const NO_OBSTACLE: SftpObstacle = { denies: () => false, onWrite: () => 'take' }

/** Serve one session. @param locate tells where a name of the client's lies here */
export function serveSftpFolder(
  sftp: SFTPWrapper,
  locate: (name: string) => string,
  obstacle: SftpObstacle = NO_OBSTACLE,
): void {
  const session = new Session(sftp, locate, obstacle)
  session.serveFiles()
  session.serveNames()
}

class Session {
  readonly #sftp: SFTPWrapper
  readonly #at: (name: string) => string
  readonly #obstacle: SftpObstacle
  readonly #fds = new Map<number, number>()
  #nextHandle = 0

  constructor(sftp: SFTPWrapper, locate: (name: string) => string, obstacle: SftpObstacle) {
    this.#sftp = sftp
    this.#at = locate
    this.#obstacle = obstacle
    sftp.on('close', () => {
      for (const fd of this.#fds.values()) fs.closeSync(fd)
      this.#fds.clear()
    })
  }

  serveFiles(): void {
    const sftp = this.#sftp
    sftp.on('OPEN', (id, file, flags) =>
      this.#answer('OPEN', id, () => {
        const fd = fs.openSync(this.#at(file), flagsToString(flags) ?? 'r', 0o600)
        const handle = Buffer.alloc(4)
        handle.writeUInt32BE(++this.#nextHandle)
        this.#fds.set(this.#nextHandle, fd)
        sftp.handle(id, handle)
      }),
    )
    sftp.on('WRITE', (id, handle, offset, data) => {
      const fate = this.#obstacle.onWrite(data.length)
      if (fate === 'refuse') sftp.status(id, STATUS_CODE.FAILURE)
      if (fate === 'end') sftp.end()
      if (fate !== 'take') return
      this.#do('WRITE', id, () => fs.writeSync(this.#fdOf(handle), data, 0, data.length, offset))
    })
    sftp.on('READ', (id, handle, offset, length) =>
      this.#answer('READ', id, () => {
        const bytes = Buffer.alloc(Math.min(length, READ_SIZE_MAX))
        const size = fs.readSync(this.#fdOf(handle), bytes, 0, bytes.length, offset)
        if (size === 0) sftp.status(id, STATUS_CODE.EOF)
        else sftp.data(id, bytes.subarray(0, size))
      }),
    )
    sftp.on('FSTAT', (id, handle) =>
      this.#answer('FSTAT', id, () =>
        sftp.attrs(id, attributesOf(fs.fstatSync(this.#fdOf(handle)))),
      ),
    )
    sftp.on('FSETSTAT', (id, handle, attributes) =>
      this.#do('FSETSTAT', id, () => fs.ftruncateSync(this.#fdOf(handle), attributes.size)),
    )
    sftp.on('CLOSE', (id, handle) =>
      this.#do('CLOSE', id, () => {
        fs.closeSync(this.#fdOf(handle))
        this.#fds.delete(handle.readUInt32BE(0))
      }),
    )
  }

  serveNames(): void {
    const sftp = this.#sftp
    sftp.on('STAT', (id, file) =>
      this.#answer('STAT', id, () => {
        sftp.attrs(id, attributesOf(fs.statSync(this.#at(file))))
      }),
    )
    sftp.on('MKDIR', (id, name) => this.#do('MKDIR', id, () => fs.mkdirSync(this.#at(name))))
    sftp.on('RMDIR', (id, name) => this.#do('RMDIR', id, () => fs.rmdirSync(this.#at(name))))
    sftp.on('REMOVE', (id, file) => this.#do('REMOVE', id, () => fs.unlinkSync(this.#at(file))))
    sftp.on('RENAME', (id, from, to) =>
      this.#do('RENAME', id, () => {
        if (fs.existsSync(this.#at(to))) throw new Error('version 3 does not rename over a file')
        fs.renameSync(this.#at(from), this.#at(to))
      }),
    )
  }

  #fdOf(handle: Buffer): number {
    return this.#fds.get(handle.readUInt32BE(0)) ?? -1
  }

  #do(name: string, id: number, work: () => void): void {
    this.#answer(name, id, () => {
      work()
      this.#sftp.status(id, STATUS_CODE.OK)
    })
  }

  #answer(name: string, id: number, work: () => void): void {
    if (this.#obstacle.denies(name)) {
      this.#sftp.status(id, STATUS_CODE.PERMISSION_DENIED)
      return
    }
    try {
      work()
    } catch (error) {
      const isMissing = error instanceof Error && 'code' in error && error.code === 'ENOENT'
      this.#sftp.status(id, isMissing ? STATUS_CODE.NO_SUCH_FILE : STATUS_CODE.FAILURE)
    }
  }
}

function attributesOf({ mode, uid, gid, size, atimeMs, mtimeMs }: fs.Stats): Attributes {
  const times = { atime: Math.floor(atimeMs / 1000), mtime: Math.floor(mtimeMs / 1000) }
  return { mode, uid, gid, size, ...times }
}
