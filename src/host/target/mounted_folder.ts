// Files below a mountpoint, durable when each call returns: the part that disks and NFS have in common.
import { createHash } from 'node:crypto'
import {
  chmodSync,
  closeSync,
  mkdirSync,
  openSync,
  readSync,
  rmdirSync,
  rmSync,
  statfsSync,
  statSync,
} from 'node:fs'
import path from 'node:path'
import { setImmediate as turn } from 'node:timers/promises'
import { HostError } from '../../core/base/errors.ts'
import { flush, renameDurably, writeDurably } from '../platform/durable_file.ts'
import { errnoOf } from '../platform/file_error.ts'
import { openFileOutput } from '../platform/file_output.ts'
import type { TargetDirectory, TargetHost } from './target.ts'

const READ_SIZE = 1 << 20

/** Make `name` below `parent` (made if need be) and offer it. @throws {HostError} with errno EEXIST if it is there */
export function makeMountedFolder(parent: string, name: string, host: TargetHost): TargetDirectory {
  const directory = path.join(parent, name)
  try {
    mkdirSync(parent, { recursive: true })
    mkdirSync(directory)
    chmodSync(directory, 0o755)
    flush(parent)
  } catch (cause) {
    const errno = errnoOf(cause)
    throw new HostError(`${directory}: cannot be made: ${errno}`, errno, { cause })
  }
  const at = (file: string): string => path.join(directory, file)
  return {
    name: directory,
    async writeFile(file, pieces, unfinished = `${file}.tmp`) {
      try {
        writeDurably(at(unfinished), pieces)
        renameDurably(at(unfinished), at(file))
      } catch (cause) {
        const errno = errnoOf(cause)
        throw new HostError(`${at(file)}: cannot be written: ${errno}`, errno, { cause })
      }
    },
    openStream: async (file) => openFileOutput(at(file), { overwrite: true }),
    openDump: async (file) => openFileOutput(at(file), { overwrite: true }),
    rename: async (from, to) => renameDurably(at(from), at(to)),
    remove: async (file) => rmSync(at(file), { force: true }),
    sizeOf: async (file) => statSync(at(file), { throwIfNoEntry: false })?.size,
    digestOf: (file, endMs) => digestFile(at(file), host, endMs),
    discard: async () => rmdirSync(directory),
  }
}

/** Free bytes of a mounted file system, for those who are not root. */
export function freeBytesOf(mountpoint: string): number {
  const { bavail, bsize } = statfsSync(mountpoint)
  return bavail * bsize
}

async function digestFile(
  file: string,
  host: TargetHost,
  endMs: number,
): Promise<string | undefined> {
  const hash = createHash('sha256')
  const buffer = new Uint8Array(READ_SIZE)
  const fd = openSync(file, 'r')
  try {
    for (let at = 0, got = 1; got > 0; at += got) {
      got = readSync(fd, buffer, 0, buffer.length, at)
      hash.update(buffer.subarray(0, got))
      if (host.now() >= endMs) return undefined
      host.heartbeat(`digest ${at}`)
      await turn()
    }
  } finally {
    closeSync(fd)
  }
  return hash.digest('hex')
}
