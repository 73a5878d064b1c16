// A Source over a file, by pread: works on every file system, and survives a file that shrinks meanwhile.
import fs from 'node:fs'
import { HostError } from '../../core/base/errors.ts'
import type { Source } from '../../core/io/source.ts'
import { errnoOf } from './file_error.ts'

const KCORE = '/proc/kcore'

/**
 * Open a file or block device for reading.
 *
 * @throws {HostError} if it cannot be opened
 */
export function openFileSource(path: string): Source {
  let fd: number
  try {
    fd = fs.openSync(path, 'r')
  } catch (cause) {
    throw new HostError(`${path}: cannot open: ${errnoOf(cause)}`, errnoOf(cause), { cause })
  }
  const size = sizeOf(fd, path)
  return {
    name: path,
    size,
    isLive: path === KCORE,
    read(offset, into) {
      // Offsets come from headers: what lies beyond any file is not to be asked for.
      if (!(offset >= 0 && offset < size)) return 0
      let done = 0
      while (done < into.length) {
        const got = readAt(fd, path, into, done, offset + done)
        if (got === 0) break
        done += got
      }
      return done
    },
    [Symbol.dispose]() {
      if (fd >= 0) fs.closeSync(fd)
      fd = -1
    },
  }
}

function readAt(fd: number, path: string, into: Uint8Array, done: number, offset: number): number {
  try {
    return fs.readSync(fd, into, done, into.length - done, offset)
  } catch (cause) {
    throw new HostError(
      `${path}: cannot read at offset 0x${offset.toString(16)}: ${errnoOf(cause)}`,
      errnoOf(cause),
      {
        cause,
      },
    )
  }
}

function sizeOf(fd: number, path: string): number {
  const stat = fs.fstatSync(fd)
  if (stat.isDirectory()) {
    fs.closeSync(fd)
    throw new HostError(`${path}: is a directory`, 'EISDIR')
  }
  if (stat.isBlockDevice()) return blockDeviceSize(stat.rdev)
  return !stat.isFile() || hasOwnEnd(fd, path, stat.size) ? stat.size : Number.MAX_SAFE_INTEGER
}

/**
 * /proc/kcore has the size of an address space, of the space before memory was added, or of none; files of /proc
 * have none. What they hold ends where it ends.
 */
function hasOwnEnd(fd: number, path: string, size: number): boolean {
  if (path === KCORE) return false
  return size > 0 || readAt(fd, path, new Uint8Array(1), 0, 0) === 0
}

/** sysfs counts sectors of 512 bytes, whatever the device's own are. */
function blockDeviceSize(rdev: number): number {
  const major = (rdev >>> 8) & 0xfff
  const minor = (rdev & 0xff) | ((rdev >>> 12) & 0xf_ff00)
  return Number(fs.readFileSync(`/sys/dev/block/${major}:${minor}/size`, 'latin1')) * 512
}
