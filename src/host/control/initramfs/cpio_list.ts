// Lists the files of an initramfs that others made, for the size report: cpio archives in the "newc" form one behind the
// other, the last of them in gzip or not. Source: Documentation/driver-api/early-userspace/buffer-format.rst.
import { gunzipSync } from 'node:zlib'
import { FormatError } from '../../../core/base/errors.ts'
import type { ImagePart } from './build_image.ts'

const HEADER_SIZE = 110
const MAGIC = /^07070[12]$/
const S_IFMT = 0o170000
const S_IFREG = 0o100000
const TRAILER = 'TRAILER!!!'
/** PATH_MAX of Linux, which the kernel holds names to. */
const NAME_SIZE_MAX = 4096

/** More than any initramfs, unpacked. */
const UNPACKED_SIZE_MAX = 2 ** 30
const GZIP_MAGIC = 0x1f8b

/**
 * List the regular files of an initramfs.
 *
 * @param name of the file, for errors
 * @throws {FormatError} if it is not made of such archives
 */
export function listInitramfs(name: string, bytes: Uint8Array): ImagePart[] {
  const { parts, end } = listArchives(name, bytes)
  if (end === bytes.length) return parts
  let unpacked: Uint8Array
  try {
    unpacked = gunzipSync(bytes.subarray(end), { maxOutputLength: UNPACKED_SIZE_MAX })
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : ''
    throw new FormatError(name, end, `gzip: ${reason}`, { cause })
  }
  const packed = listArchives(name, unpacked)
  if (packed.end !== unpacked.length) throw new FormatError(name, end, 'gzip: packed twice')
  return [...parts, ...packed.parts]
}

/** List archives up to the end, or up to one that is packed. */
function listArchives(name: string, bytes: Uint8Array): { parts: ImagePart[]; end: number } {
  const text = (from: number, to: number): string =>
    Buffer.from(bytes.subarray(from, to)).toString('latin1')
  const parts: ImagePart[] = []
  let at = 0
  while (at < bytes.length) {
    // Between archives lie zeros.
    if (bytes[at] === 0) {
      at++
      continue
    }
    if ((((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0)) === GZIP_MAGIC) break
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
  return { parts, end: Math.min(at, bytes.length) }
}

const align4 = (offset: number): number => Math.ceil(offset / 4) * 4
