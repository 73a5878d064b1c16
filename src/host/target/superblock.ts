// Which file system lies on a device, and its UUID and label: ext2/3/4, XFS, btrfs.
// Source: kernel fs/ext4/ext4.h, fs/xfs/libxfs/xfs_format.h, fs/btrfs/ctree.h.
import { decodeCString } from '../../core/base/text.ts'

/** File systems whose superblock we read. */
export type FilesystemType = 'ext2' | 'ext3' | 'ext4' | 'xfs' | 'btrfs'

/** All of them, as kdump.conf calls them. */
export const FILESYSTEM_TYPES: readonly FilesystemType[] = ['ext2', 'ext3', 'ext4', 'xfs', 'btrfs']

/** What a superblock says of its file system. */
export interface FilesystemId {
  readonly fstype: FilesystemType
  /** Lower case, with dashes. */
  readonly uuid: string
  readonly label: string
}

/** Read `into.length` bytes at `offset`; short at the end. */
export type ReadAt = (offset: number, into: Uint8Array) => number

const EXT_SUPERBLOCK = 1024
const EXT_MAGIC = 0xef53
const EXT3_FEATURE_COMPAT_HAS_JOURNAL = 0x4
const EXT3_FEATURE_INCOMPAT_JOURNAL_DEV = 0x8
/** extents, 64bit, mmp, flex_bg, ea_inode, csum_seed, largedir, inline_data, encrypt, casefold: ext4 only. */
const EXT4_INCOMPAT =
  0x40 | 0x80 | 0x100 | 0x200 | 0x400 | 0x2000 | 0x4000 | 0x8000 | 0x1_0000 | 0x2_0000
/** huge_file, gdt_csum, dir_nlink, extra_isize, quota, bigalloc, metadata_csum, project, verity: ext4 only. */
const EXT4_RO_COMPAT = 0x8 | 0x10 | 0x20 | 0x40 | 0x100 | 0x200 | 0x400 | 0x2000 | 0x8000
const BTRFS_SUPERBLOCK = 0x1_0000

/** Read a device's file system identity, undefined when it is none of those we know. */
export function readFilesystemId(readAt: ReadAt): FilesystemId | undefined {
  return readExt(readAt) ?? readXfs(readAt) ?? readBtrfs(readAt)
}

function readExt(readAt: ReadAt): FilesystemId | undefined {
  const block = readBlock(readAt, EXT_SUPERBLOCK, 0x100)
  if (!block) return undefined
  const view = new DataView(block.buffer)
  if (view.getUint16(0x38, true) !== EXT_MAGIC) return undefined
  const compat = view.getUint32(0x5c, true)
  const incompat = view.getUint32(0x60, true)
  const roCompat = view.getUint32(0x64, true)
  if (incompat & EXT3_FEATURE_INCOMPAT_JOURNAL_DEV) return undefined
  const isExt4 = (incompat & EXT4_INCOMPAT) !== 0 || (roCompat & EXT4_RO_COMPAT) !== 0
  const fstype = isExt4 ? 'ext4' : compat & EXT3_FEATURE_COMPAT_HAS_JOURNAL ? 'ext3' : 'ext2'
  return { fstype, uuid: formatUuid(block, 0x68), label: decodeCString(block.subarray(0x78, 0x88)) }
}

function readXfs(readAt: ReadAt): FilesystemId | undefined {
  const block = readBlock(readAt, 0, 0x80)
  if (!block || !hasMagic(block, 0, 'XFSB')) return undefined
  return {
    fstype: 'xfs',
    uuid: formatUuid(block, 32),
    label: decodeCString(block.subarray(108, 120)),
  }
}

function readBtrfs(readAt: ReadAt): FilesystemId | undefined {
  const block = readBlock(readAt, BTRFS_SUPERBLOCK, 0x230)
  if (!block || !hasMagic(block, 0x40, '_BHRfS_M')) return undefined
  return {
    fstype: 'btrfs',
    uuid: formatUuid(block, 0x20),
    label: decodeCString(block.subarray(0x12b, 0x22b)),
  }
}

function readBlock(readAt: ReadAt, offset: number, size: number): Uint8Array | undefined {
  const block = new Uint8Array(size)
  return readAt(offset, block) === size ? block : undefined
}

function hasMagic(block: Uint8Array, offset: number, magic: string): boolean {
  return decodeCString(block.subarray(offset, offset + magic.length)) === magic
}

function formatUuid(block: Uint8Array, offset: number): string {
  const hex = Buffer.from(block.subarray(offset, offset + 16)).toString('hex')
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    hex.slice(12, 16),
    hex.slice(16, 20),
    hex.slice(20),
  ].join('-')
}
