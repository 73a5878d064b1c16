// Where a file's bytes lie on its device. Source: <linux/fiemap.h>, Documentation/filesystems/fiemap.rst.
import { HostError } from '../../core/base/errors.ts'
import { ioctl } from './syscalls.ts'

/** A run of a file's bytes, all in bytes. */
export interface FileExtent {
  readonly logical: number
  readonly physical: number
  readonly size: number
  readonly flags: number
}

/** The last extent of the file. */
export const FIEMAP_EXTENT_LAST = 0x1
/** The file system merged blocks that it keeps apart; of no interest to us. */
export const FIEMAP_EXTENT_MERGED = 0x1000

const FS_IOC_FIEMAP = 0xc020660b
const FIEMAP_FLAG_SYNC = 1
const HEADER_SIZE = 32
const EXTENT_SIZE = 56
/** A file in more pieces is of no use to those who write to it past the file system. */
const EXTENTS_MAX = 256

/**
 * List the extents of an open file, in the order of its bytes.
 *
 * @throws {HostError} if the file system cannot tell, or the file is in too many pieces
 */
export function listExtents(fd: number, name: string): FileExtent[] {
  const bytes = new Uint8Array(HEADER_SIZE + EXTENTS_MAX * EXTENT_SIZE)
  const view = new DataView(bytes.buffer)
  view.setBigUint64(8, 0xffff_ffff_ffff_ffffn, true)
  view.setUint32(16, FIEMAP_FLAG_SYNC, true)
  view.setUint32(24, EXTENTS_MAX, true)
  ioctl(fd, FS_IOC_FIEMAP, bytes, `${name}: FIEMAP`)
  const count = view.getUint32(20, true)
  const extents = Array.from({ length: Math.min(count, EXTENTS_MAX) }, (_, i) => {
    const at = HEADER_SIZE + i * EXTENT_SIZE
    return {
      logical: Number(view.getBigUint64(at, true)),
      physical: Number(view.getBigUint64(at + 8, true)),
      size: Number(view.getBigUint64(at + 16, true)),
      flags: view.getUint32(at + 40, true),
    }
  })
  const last = extents.at(-1)
  if (!last || (last.flags & FIEMAP_EXTENT_LAST) === 0)
    throw new HostError(`${name}: lies in more than ${EXTENTS_MAX} pieces, or in none`)
  return extents
}
