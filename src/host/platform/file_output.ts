// A dump into a file. Writes never throw: a full disk or a dying one ends the dump, what is there stays.
import fs from 'node:fs'
import { HostError } from '../../core/base/errors.ts'
import type { SyncDumpOutput } from './dump_output.ts'
import { errnoOf } from './file_error.ts'

/** How a file is opened. */
export interface FileOutputOptions {
  /** Replace an existing file. */
  readonly overwrite: boolean
}

/**
 * Create `path` with mode 0600: a dump holds the machine's secrets.
 *
 * @throws {HostError} if it exists (errno EEXIST) or cannot be created
 */
export function openFileOutput(path: string, { overwrite }: FileOutputOptions): SyncDumpOutput {
  let fd = create(path, overwrite)
  let problem: HostError | undefined
  return {
    name: path,
    get problem() {
      return problem
    },
    write(offset, bytes) {
      let done = 0
      try {
        while (done < bytes.length) {
          done += fs.writeSync(fd, bytes, done, bytes.length - done, offset + done)
        }
      } catch (cause) {
        const at = `offset 0x${(offset + done).toString(16)}`
        problem ??= new HostError(
          `${path}: cannot write at ${at}: ${errnoOf(cause)}`,
          errnoOf(cause),
          { cause },
        )
      }
      return done
    },
    read(offset, into) {
      try {
        return readFully(fd, into, offset)
      } catch (cause) {
        const what = `cannot read back: ${errnoOf(cause)}`
        problem ??= new HostError(`${path}: ${what}`, errnoOf(cause), { cause })
        return 0
      }
    },
    truncate(size) {
      try {
        if (fs.fstatSync(fd).size > size) fs.ftruncateSync(fd, size)
      } catch (cause) {
        problem ??= new HostError(`${path}: cannot truncate: ${errnoOf(cause)}`, errnoOf(cause), {
          cause,
        })
      }
    },
    sync() {
      try {
        fs.fsyncSync(fd)
      } catch (cause) {
        throw new HostError(`${path}: cannot flush: ${errnoOf(cause)}`, errnoOf(cause), { cause })
      }
    },
    close() {
      if (fd >= 0) fs.closeSync(fd)
      fd = -1
    },
  }
}

function readFully(fd: number, into: Uint8Array, offset: number): number {
  let done = 0
  for (let got = 1; got > 0 && done < into.length; done += got) {
    got = fs.readSync(fd, into, done, into.length - done, offset + done)
  }
  return done
}

function create(path: string, overwrite: boolean): number {
  const { O_CREAT, O_EXCL, O_RDWR, O_TRUNC } = fs.constants
  try {
    return fs.openSync(path, O_RDWR | O_CREAT | (overwrite ? O_TRUNC : O_EXCL), 0o600)
  } catch (cause) {
    throw new HostError(`${path}: cannot create: ${errnoOf(cause)}`, errnoOf(cause), { cause })
  }
}
