// What a capture initramfs holds, read from its cpio headers. Source: Documentation/driver-api/early-userspace/buffer-format.rst.
import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { FormatError } from '../../../core/base/errors.ts'

const HEADER_SIZE = 110
const MAGIC = '070701'
const NAME_SIZE_MAX = 4096
/** More entries than any initramfs has. */
const ENTRIES_MAX = 100_000

/** One file of an archive. */
export interface ListedFile {
  readonly path: string
  readonly sizeBytes: number
}

/**
 * List the files of an uncompressed cpio archive.
 *
 * @returns undefined if the file does not begin like one: it is compressed
 * @throws {FormatError} if it breaks off or its headers make no sense
 */
export function listImage(file: string): ListedFile[] | undefined {
  const fd = openSync(file, 'r')
  try {
    return listArchive(file, fstatSync(fd).size, (offset, into) =>
      readSync(fd, into, 0, into.length, offset),
    )
  } finally {
    closeSync(fd)
  }
}

/** As listImage, of anything that can be read. */
export function listArchive(
  name: string,
  size: number,
  read: (offset: number, into: Uint8Array) => number,
): ListedFile[] | undefined {
  const text = (offset: number, length: number): string => {
    const bytes = Buffer.alloc(length)
    if (read(offset, bytes) < length) throw new FormatError(name, offset, 'cpio archive breaks off')
    return bytes.toString('latin1')
  }
  if (size < HEADER_SIZE || text(0, MAGIC.length) !== MAGIC) return undefined
  const files: ListedFile[] = []
  let offset = 0
  for (let count = 0; count < ENTRIES_MAX; count++) {
    const header = text(offset, HEADER_SIZE)
    const field = (index: number): number => {
      const digits = header.slice(6 + index * 8, 14 + index * 8)
      if (!/^[\da-f]{8}$/i.test(digits)) throw new FormatError(name, offset, 'cpio header field')
      return parseInt(digits, 16)
    }
    if (!header.startsWith(MAGIC)) throw new FormatError(name, offset, 'cpio magic')
    const [mode, sizeBytes, nameSize] = [field(1), field(6), field(11)]
    if (nameSize < 1 || nameSize > NAME_SIZE_MAX)
      throw new FormatError(name, offset, `cpio name of ${nameSize} bytes`)
    const path = text(offset + HEADER_SIZE, nameSize - 1)
    if (path === 'TRAILER!!!') return files
    if ((mode & 0o170000) === 0o100000) files.push({ path, sizeBytes })
    offset = align4(align4(offset + HEADER_SIZE + nameSize) + sizeBytes)
    if (offset > size) throw new FormatError(name, offset, 'cpio entry ends past end of file')
  }
  throw new FormatError(name, offset, `more than ${ENTRIES_MAX} cpio entries`)
}

const align4 = (offset: number): number => Math.ceil(offset / 4) * 4
