// Lists the files of a cpio archive in the "newc" form, for the size report of an image that others made.
// Source: Documentation/driver-api/early-userspace/buffer-format.rst.
import { FormatError } from '../../../core/base/errors.ts'
import type { ImagePart } from './build_image.ts'

const HEADER_SIZE = 110
const MAGIC = /^07070[12]$/
const S_IFMT = 0o170000
const S_IFREG = 0o100000
const TRAILER = 'TRAILER!!!'
/** PATH_MAX of Linux, which the kernel holds names to. */
const NAME_SIZE_MAX = 4096

/**
 * List the regular files of an archive, or of several one behind the other.
 *
 * @param name of the file, for errors
 * @throws {FormatError} if it is not such an archive
 */
export function listCpio(name: string, bytes: Uint8Array): ImagePart[] {
  const text = (from: number, to: number): string =>
    Buffer.from(bytes.subarray(from, to)).toString('latin1')
  const parts: ImagePart[] = []
  for (let at = 0; at < bytes.length;) {
    // Between archives lie zeros.
    if (bytes[at] === 0) {
      at++
      continue
    }
    if (at + HEADER_SIZE > bytes.length || !MAGIC.test(text(at, at + 6)))
      throw new FormatError(name, at, 'cpio: no newc header')
    const field = (index: number): number => {
      const digits = text(at + 6 + index * 8, at + 14 + index * 8)
      if (!/^[\da-fA-F]{8}$/.test(digits))
        throw new FormatError(name, at + 6 + index * 8, 'cpio: a field is not hexadecimal')
      return parseInt(digits, 16)
    }
    const nameSize = field(11)
    const start = align4(at + HEADER_SIZE + nameSize)
    const end = start + field(6)
    if (nameSize === 0 || nameSize > NAME_SIZE_MAX || end > bytes.length)
      throw new FormatError(name, at, 'cpio: a member ends past the end')
    const member = Buffer.from(
      bytes.subarray(at + HEADER_SIZE, at + HEADER_SIZE + nameSize - 1),
    ).toString('utf8')
    if (member !== TRAILER && (field(1) & S_IFMT) === S_IFREG)
      parts.push({ path: member.replace(/^\.?\//, ''), sizeBytes: field(6) })
    at = align4(end)
  }
  return parts
}

const align4 = (offset: number): number => (offset + 3) & ~3
