// Scratch disks: ext2/3/4 images made, filled and read back without mounting anything, so that no root is needed.
import { existsSync, ftruncateSync, mkdirSync, openSync, closeSync } from 'node:fs'
import path from 'node:path'
import { HostError, UnsupportedError } from '../../core/base/errors.ts'
import { runTool } from './host_tool.ts'

/** A file system to be made in a file of its own. */
export interface DiskPlan {
  readonly file: string
  readonly sizeBytes: number
  readonly fstype: string
  /** Chosen by mke2fs when empty. */
  readonly uuid: string
  readonly label: string
  /** Folder whose content the file system gets; nothing when empty. */
  readonly tree: string
}

const MADE = ['ext2', 'ext3', 'ext4', 'raw']
/** e2fsck(8): 1 and 2 say that it repaired something, such as a journal that was not replayed. */
const REPAIRED = [0, 1, 2, 3]

/**
 * Make a disk image with a file system on it. The file is sparse.
 *
 * @throws {UnsupportedError} for a file system other than ext2/3/4
 * @throws {HostError} if it cannot be written
 */
export function makeDisk({ file, sizeBytes, fstype, uuid, label, tree }: DiskPlan): void {
  if (!MADE.includes(fstype))
    throw new UnsupportedError(
      `rehearsing on ${fstype}: only ${MADE.join(', ')} disks are made so far`,
    )
  const fd = openSync(file, 'w', 0o600)
  try {
    ftruncateSync(fd, sizeBytes)
  } finally {
    closeSync(fd)
  }
  if (fstype === 'raw') return
  runTool('mke2fs', [
    ...['-q', '-F', '-t', fstype, '-m', '0'],
    // The journal and inode tables are left to the guest's first writes; the image is zeroes already.
    ...['-E', 'root_owner=0:0,lazy_itable_init=1,lazy_journal_init=1'],
    ...(uuid === '' ? [] : ['-U', uuid]),
    ...(label === '' ? [] : ['-L', label]),
    ...(tree === '' ? [] : ['-d', tree]),
    file,
  ])
}

/**
 * Replay the journal of a disk that a machine may have left in the middle of its work.
 *
 * @throws {HostError} if the file system is beyond repair
 */
export function repairDisk(file: string): void {
  runTool('e2fsck', ['-f', '-y', file], REPAIRED)
}

/**
 * Copy a folder of a disk image out of it.
 *
 * @param folder absolute path in the image
 * @param into folder of ours to copy it into; created
 * @returns where the copy lies; undefined when the image has no such folder
 */
export function extractFolder(file: string, folder: string, into: string): string | undefined {
  if (/["\n]/.test(folder + into))
    throw new HostError(`cannot copy ${folder} to ${into}: a quote in a name`)
  mkdirSync(into, { recursive: true })
  // debugfs complains about owners it may not set, and ends with 0 in any case: look at what came out.
  runTool('debugfs', ['-R', `rdump "${folder}" "${into}"`, file])
  const copy = path.join(into, path.basename(folder))
  return existsSync(folder === '/' ? into : copy) ? (folder === '/' ? into : copy) : undefined
}

/** Copy a file of a disk image out of it. @returns whether the image has it */
export function extractFile(file: string, name: string, to: string): boolean {
  if (/["\n]/.test(name + to))
    throw new HostError(`cannot copy ${name} to ${to}: a quote in a name`)
  mkdirSync(path.dirname(to), { recursive: true })
  runTool('debugfs', ['-R', `dump "${name}" "${to}"`, file])
  return existsSync(to)
}
