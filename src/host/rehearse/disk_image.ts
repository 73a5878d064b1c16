// Scratch disks: images made, filled and read back without mounting anything, so that no root is needed.
import {
  closeSync,
  existsSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import path from 'node:path'
import { HostError, UnsupportedError } from '../../core/base/errors.ts'
import { identifyDevice } from '../target/find_filesystem.ts'
import { extractBtrfs, makeBtrfs } from './btrfs_image.ts'
import { runTool } from './host_tool.ts'
import { extractXfs, makeXfs } from './xfs_image.ts'

/** A file system to be made in a file of its own. */
export interface DiskPlan {
  readonly file: string
  readonly sizeBytes: number
  readonly fstype: string
  /** Chosen by the program that makes it when empty. */
  readonly uuid: string
  readonly label: string
  /** Folder whose content the file system gets; nothing when empty. */
  readonly tree: string
}

/** How each kind is made in a file that is there already. */
const MAKERS: Readonly<Record<string, (plan: DiskPlan) => void>> = {
  ext2: makeExt,
  ext3: makeExt,
  ext4: makeExt,
  xfs: makeXfs,
  btrfs: makeBtrfs,
  // A disk as it is bought.
  raw: () => undefined,
}
/** e2fsck(8): 1 and 2 say that it repaired something, such as a journal that was not replayed. */
const REPAIRED = [0, 1, 2, 3]

/**
 * Make a disk image with a file system on it. The file is sparse.
 *
 * @throws {UnsupportedError} for a file system that none of them is
 * @throws {HostError} if it cannot be written
 */
export function makeDisk(plan: DiskPlan): void {
  const { file, sizeBytes, fstype } = plan
  const make = MAKERS[fstype]
  if (!make)
    throw new UnsupportedError(
      `rehearsing on ${fstype}: only ${Object.keys(MAKERS).join(', ')} disks are made so far`,
    )
  const fd = openSync(file, 'w', 0o600)
  try {
    ftruncateSync(fd, sizeBytes)
  } finally {
    closeSync(fd)
  }
  make(plan)
}

function makeExt({ file, fstype, uuid, label, tree }: DiskPlan): void {
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
 * Replay the journal of a disk that a machine may have left in the middle of its work. XFS and btrfs are read as they are.
 *
 * @throws {HostError} if the file system is beyond repair
 */
export function repairDisk(file: string): void {
  if (isExt(file)) runTool('e2fsck', ['-f', '-y', file], REPAIRED)
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
  const fstype = identifyDevice(file)?.fstype
  if (fstype === 'xfs' || fstype === 'btrfs') {
    const to = folder === '/' ? into : path.join(into, path.basename(folder))
    const extract = fstype === 'xfs' ? extractXfs : extractBtrfs
    return extract(file, folder, to) ? to : undefined
  }
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

function isExt(file: string): boolean {
  return identifyDevice(file)?.fstype.startsWith('ext') ?? true
}

/** A file to be put on a disk. */
export interface PlacedFile {
  /** Absolute path on the disk. */
  readonly path: string
  /** File of ours; its mode is kept, its owner becomes root. */
  readonly source: string
}

/**
 * Put files on a disk image, and the folders they lie in.
 *
 * @throws {HostError} if a name holds a quote, or a file did not arrive
 */
export function placeFiles(file: string, placed: readonly PlacedFile[]): void {
  const folders = new Set<string>()
  for (const { path: to, source } of placed) {
    if (/["\n]/.test(to + source)) throw new HostError(`cannot place ${source}: a quote in a name`)
    for (let at = path.dirname(to); at !== '/'; at = path.dirname(at)) folders.add(at)
  }
  const commands = [
    // debugfs goes on when one is there already.
    ...[...folders].sort().map((folder) => `mkdir "${folder}"`),
    ...placed.flatMap(({ path: to, source }) => [`rm "${to}"`, `write "${source}" "${to}"`]),
  ]
  const script = `${file}.debugfs`
  writeFileSync(script, `${commands.join('\n')}\n`)
  try {
    runTool('debugfs', ['-w', '-f', script, file])
  } finally {
    rmSync(script)
  }
  for (const { path: to } of placed) {
    const { stdout } = runTool('debugfs', ['-R', `stat "${to}"`, file])
    if (!stdout.includes('Type: regular')) throw new HostError(`${to} did not get onto ${file}`)
  }
}
