// Writes a cpio archive in the "newc" form the kernel unpacks. Source: Documentation/driver-api/early-userspace/buffer-format.rst.
import { closeSync, openSync, readSync, writeSync } from 'node:fs'
import { HostError } from '../../../core/base/errors.ts'

/** One member. Paths have no leading slash; folders come before what is in them. */
export type CpioEntry =
  | { readonly kind: 'directory'; readonly path: string; readonly mode: number }
  | {
      readonly kind: 'file'
      readonly path: string
      readonly mode: number
      readonly content: Uint8Array | HostFile
    }
  | { readonly kind: 'symlink'; readonly path: string; readonly target: string }
  | {
      readonly kind: 'device'
      readonly path: string
      readonly mode: number
      readonly major: number
      readonly minor: number
    }

/** Content that lies in a file of this machine: copied in pieces, as it may be larger than memory should hold. */
export interface HostFile {
  readonly source: string
  readonly sizeBytes: number
}

const S_IFDIR = 0o040000
const S_IFREG = 0o100000
const S_IFLNK = 0o120000
const S_IFCHR = 0o020000
const COPY_SIZE = 1 << 20
const BLOCK_SIZE = 512

/**
 * Write an archive to `fd` from its current position.
 *
 * Owners are root and times are zero, so that the same input makes the same bytes.
 *
 * @returns bytes written
 * @throws {HostError} if a source file has another size than its entry says
 */
export function writeCpio(fd: number, entries: Iterable<CpioEntry>): number {
  let written = 0
  let inode = 1
  for (const entry of entries) written += writeEntry(fd, entry, inode++)
  written += write(fd, header('TRAILER!!!', { inode: 0, mode: 0, size: 0 }))
  const tail = -written & (BLOCK_SIZE - 1)
  return written + write(fd, new Uint8Array(tail))
}

function writeEntry(fd: number, entry: CpioEntry, inode: number): number {
  switch (entry.kind) {
    case 'directory':
      return write(fd, header(entry.path, { inode, mode: S_IFDIR | entry.mode, size: 0 }))
    case 'device':
      return write(fd, header(entry.path, { inode, size: 0, ...entry, mode: S_IFCHR | entry.mode }))
    case 'symlink': {
      const content = Buffer.from(entry.target)
      return writeWithContent(
        fd,
        header(entry.path, { inode, mode: S_IFLNK | 0o777, size: content.length }),
        content,
      )
    }
    case 'file': {
      const { content } = entry
      const size = 'source' in content ? content.sizeBytes : content.length
      // newc has 32-bit sizes, in which a larger file would be cut without a word.
      if (size > 0xffff_ffff)
        throw new HostError(`${entry.path}: ${size} bytes do not fit into an initramfs`, 'EFBIG')
      return writeWithContent(
        fd,
        header(entry.path, { inode, mode: S_IFREG | entry.mode, size }),
        content,
      )
    }
  }
}

function writeWithContent(fd: number, head: Uint8Array, content: Uint8Array | HostFile): number {
  const start = write(fd, head)
  const size = 'source' in content ? copyFile(fd, content) : write(fd, content)
  return start + size + write(fd, new Uint8Array(-size & 3))
}

function copyFile(fd: number, { source, sizeBytes }: HostFile): number {
  const from = openSync(source, 'r')
  const buffer = new Uint8Array(COPY_SIZE)
  let copied = 0
  try {
    for (;;) {
      const got = readSync(from, buffer)
      if (got === 0) break
      copied += write(fd, buffer.subarray(0, got))
    }
  } finally {
    closeSync(from)
  }
  if (copied !== sizeBytes)
    throw new HostError(`${source} changed while it was read (${copied} bytes, not ${sizeBytes})`)
  return copied
}

interface HeaderFields {
  readonly inode: number
  readonly mode: number
  readonly size: number
  readonly major?: number
  readonly minor?: number
}

function header(
  path: string,
  { inode, mode, size, major = 0, minor = 0 }: HeaderFields,
): Uint8Array {
  const name = Buffer.from(`${path}\0`)
  const nlink = 1
  // magic, ino, mode, uid, gid, nlink, mtime, filesize, devmajor, devminor, rdevmajor, rdevminor, namesize, check
  const fields = [inode, mode, 0, 0, nlink, 0, size, 0, 0, major, minor, name.length, 0]
  const text = `070701${fields.map((field) => field.toString(16).padStart(8, '0')).join('')}`
  const bytes = new Uint8Array((text.length + name.length + 3) & ~3)
  bytes.set(Buffer.from(text))
  bytes.set(name, text.length)
  return bytes
}

function write(fd: number, bytes: Uint8Array): number {
  let done = 0
  while (done < bytes.length) done += writeSync(fd, bytes, done)
  return bytes.length
}
