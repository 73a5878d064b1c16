// SFTP version 3 on a folder of this machine, as much of it as an upload needs. Source: draft-ietf-secsh-filexfer-02.
import fs from 'node:fs'
import path from 'node:path'
import ssh2, { type SFTPWrapper } from 'ssh2'

const { STATUS_CODE, flagsToString } = ssh2.utils.sftp

/** What a server does before it obeys a request: tests make it fail that way. */
export interface SftpObstacle {
  /** Refuse this request. */
  denies(request: string): boolean
  /** Told the size of each write: 'take' it, 'refuse' it as on a full disk, or 'ignore' it. */
  onWrite(sizeBytes: number): 'take' | 'refuse' | 'ignore'
}

const NO_OBSTACLE: SftpObstacle = { denies: () => false, onWrite: () => 'take' }

/** Serve one session. @param folder stands for the client's `/`; nothing outside of it can be named */
export function serveSftpFolder(
  sftp: SFTPWrapper,
  folder: string,
  obstacle: SftpObstacle = NO_OBSTACLE,
): void {
  const session = new Session(sftp, folder, obstacle)
  session.serveFiles()
  session.serveNames()
}

class Session {
  readonly #sftp: SFTPWrapper
  readonly #folder: string
  readonly #obstacle: SftpObstacle
  readonly #fds = new Map<number, number>()
  #nextHandle = 0

  constructor(sftp: SFTPWrapper, folder: string, obstacle: SftpObstacle) {
    this.#sftp = sftp
    this.#folder = folder
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
      if (fate !== 'take') return
      this.#do('WRITE', id, () => fs.writeSync(this.#fdOf(handle), data, 0, data.length, offset))
    })
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
        const { mode, uid, gid, size, atimeMs, mtimeMs } = fs.statSync(this.#at(file))
        const times = { atime: Math.floor(atimeMs / 1000), mtime: Math.floor(mtimeMs / 1000) }
        sftp.attrs(id, { mode, uid, gid, size, ...times })
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

  #at(file: string): string {
    return path.join(this.#folder, path.posix.resolve('/', file))
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
