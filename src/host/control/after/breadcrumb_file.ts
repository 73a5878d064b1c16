// The breadcrumb file of the running machine: where it can lie, made once, and marked when the machine is armed or is not
// any more. The capture kernel writes to its blocks, whose places on the device are told to it (capture/breadcrumb.ts).
import { randomBytes } from 'node:crypto'
import {
  closeSync,
  existsSync,
  fstatSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs'
import path from 'node:path'
import { HostError, KdumpError } from '../../../core/base/errors.ts'
import {
  CRUMB_BLOCK_SIZE,
  CRUMB_FILE_SIZE,
  encodeCrumbFile,
  encodeCrumbHeader,
  isCrumbBlock,
  parseCrumbFile,
  type CrumbFile,
  type CrumbHeader,
  type CrumbState,
} from '../../capture/breadcrumb_layout.ts'
import type { BreadcrumbPlace, Extent } from '../../capture/capture_config.ts'
import {
  findDeviceNumber,
  findMountOf,
  readMounts,
  realpathOfExisting,
  type Mount,
} from '../../platform/block_devices.ts'
import { flush } from '../../platform/durable_file.ts'
import { FIEMAP_EXTENT_LAST, FIEMAP_EXTENT_MERGED, listExtents } from '../../platform/fiemap.ts'
import { errnoOf } from '../../platform/file_error.ts'
import { ioctl } from '../../platform/syscalls.ts'
import { identifyDevice } from '../../target/find_filesystem.ts'
import { findDeviceDrivers } from '../initramfs/device_modules.ts'

/** A breadcrumb file that the capture kernel can write to. */
export interface BreadcrumbFile {
  readonly file: string
  /** `major:minor` of the device it lies on. */
  readonly device: string
  readonly place: BreadcrumbPlace
}

/** A folder that could hold one, or why it cannot. */
export interface CrumbCandidate {
  readonly file: string
  /** '' if it can. */
  readonly problem: string
}

const FILESYSTEMS = ['ext2', 'ext3', 'ext4', 'xfs']
const NONCE_SIZE = 16
/** <linux/fs.h>: write and forget what is cached of a block device. */
const BLKFLSBUF = 0x1261

/** Where breadcrumbs may lie, in the order they are tried. */
export function crumbPaths(dumpPath: string): string[] {
  return [
    '/var/lib/kdump/breadcrumbs',
    '/boot/kbox-breadcrumbs',
    path.join(dumpPath, '.kbox-breadcrumbs'),
  ]
}

/** Judge where breadcrumbs may lie. @param root where sys/ and proc/ are found */
export function judgeCrumbPaths(dumpPath: string, root = '/'): CrumbCandidate[] {
  const mounts = readMounts(root)
  return crumbPaths(dumpPath).map((file) => {
    const real = realpathOfExisting(path.join(root, path.dirname(file)))
    const below = path.join('/', path.relative(realpathOfExisting(root), real))
    const mount = findMountOf(mounts, below)
    return { file, problem: mount ? judgeMount(mount, root) : 'no mount holds it' }
  })
}

/**
 * Make the breadcrumb file where there is none yet.
 *
 * @returns where it lies; or, for people, why it cannot lie anywhere
 */
export function makeBreadcrumbFile(dumpPath: string): BreadcrumbFile | string {
  const found = findBreadcrumbFile(dumpPath)
  if (found) return found
  const problems: string[] = []
  for (const { file, problem } of judgeCrumbPaths(dumpPath)) {
    try {
      if (problem !== '') throw new HostError(problem)
      mkdirSync(path.dirname(file), { recursive: true })
      writeNew(file, encodeCrumbFile(randomBytes(NONCE_SIZE).toString('hex'), header('disarmed')))
      return openCrumbFile(file)
    } catch (error) {
      problems.push(`${path.dirname(file)}: ${reasonOf(error)}`)
    }
  }
  return problems.join('; ')
}

/**
 * Find the breadcrumb file. Changes nothing.
 *
 * @param root a copied tree has no disk: nothing is found there
 * @returns undefined if there is none that could be written to
 */
export function findBreadcrumbFile(dumpPath: string, root = '/'): BreadcrumbFile | undefined {
  if (root !== '/') return undefined
  for (const { file, problem } of judgeCrumbPaths(dumpPath)) {
    if (problem !== '' || !existsSync(file)) continue
    try {
      return openCrumbFile(file)
    } catch (error) {
      if (!(error instanceof KdumpError)) throw error
    }
  }
  return undefined
}

/** Read all breadcrumb files there are. @param root where var/ and boot/ are found */
export function readCrumbFiles(
  dumpPath: string,
  root = '/',
): { readonly file: string; readonly content: CrumbFile }[] {
  return crumbPaths(dumpPath).flatMap((file) => {
    try {
      const bytes = readFileSync(path.join(root, file))
      return [{ file, content: parseCrumbFile(file, bytes) }]
    } catch {
      // Not there, or not one.
      return []
    }
  })
}

/** Note, durably, that a capture kernel is loaded that would write here, or that none is. */
export function markCrumbs(file: string, state: CrumbState, release = ''): void {
  const fd = openSync(file, 'r+')
  try {
    const first = readStart(fd)
    const [, nonce = ''] = /^kbox breadcrumb (\S+)$/.exec(first.split('\n')[0] ?? '') ?? []
    writeAt(fd, encodeCrumbHeader(nonce, header(state, release)), 0)
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}

/** Note that no capture kernel is loaded: a machine that goes down now does so by somebody's wish. */
export function disarmCrumbs(dumpPath: string): void {
  const bootId = readBootId()
  for (const { file, content } of readCrumbFiles(dumpPath)) {
    const { state, release, bootId: armedIn } = content.header
    // What an earlier boot left is still to be collected.
    if (state === 'armed' && armedIn === bootId) markCrumbs(file, 'disarmed', release)
  }
}

/** Forget what was noted; the file keeps its place and its nonce. */
export function clearCrumbs(file: string, nonce: string): void {
  const fd = openSync(file, 'r+')
  try {
    writeAt(fd, encodeCrumbFile(nonce, header('disarmed')), 0)
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}

/** This boot of this machine, '' where it cannot be told. @param root where proc/ is found */
export function readBootId(root = '/'): string {
  try {
    return readFileSync(path.join(root, 'proc/sys/kernel/random/boot_id'), 'utf8').trim()
  } catch {
    return ''
  }
}

function judgeMount({ fstype, options, source, number }: Mount, root: string): string {
  if (!FILESYSTEMS.includes(fstype))
    return `${fstype} does not tell where on a disk a file lies: ext2, ext3, ext4 or xfs is needed`
  const words = options.split(',')
  if (words.includes('data=journal')) return 'data=journal: the journal would undo what is written'
  if (words.includes('ro')) return 'mounted read-only'
  // Loops, memory, and what would have to be set up first in the capture kernel.
  const folder = realpathOfExisting(path.join(root, 'sys/dev/block', number))
  const [layer] = layersOf(number, root)
  if (layer !== undefined) return `${source} is no plain disk or partition (${layer})`
  return folder.includes('/virtual/') ? `${source} is no plain disk or partition` : ''
}

function layersOf(number: string, root: string): readonly string[] {
  try {
    return findDeviceDrivers(number, root).layers
  } catch (error) {
    if (!(error instanceof HostError)) throw error
    return ['not in sysfs']
  }
}

/** @throws {HostError} if it does not lie as we need it */
function openCrumbFile(file: string): BreadcrumbFile {
  const mount = findMountOf(readMounts(), realpathOfExisting(file))
  const id = mount && identifyDevice(mount.source)
  if (!mount || !id) throw new HostError(`${file}: its device cannot be read`)
  const fd = openSync(file, 'r')
  try {
    if (fstatSync(fd).size !== CRUMB_FILE_SIZE) throw new HostError(`${file}: of another size`)
    const { nonce } = parseCrumbFile(file, readAll(fd))
    const place = {
      uuid: id.uuid,
      node: mount.source,
      extents: plainExtents(fd, file),
      nonce,
    }
    checkDevice(place)
    return { file, device: findDeviceNumber(mount.source) ?? mount.number, place }
  } finally {
    closeSync(fd)
  }
}

function plainExtents(fd: number, file: string): Extent[] {
  let next = 0
  const extents = listExtents(fd, file).map(({ logical, physical, size, flags }) => {
    // Shared, compressed, encrypted, not written yet: all that is not simply bytes on a disk.
    const odd = flags & ~(FIEMAP_EXTENT_LAST | FIEMAP_EXTENT_MERGED)
    const isPlain = odd === 0 && logical === next && physical % CRUMB_BLOCK_SIZE === 0
    if (!isPlain)
      throw new HostError(`${file}: is not plainly on its disk (flags 0x${flags.toString(16)})`)
    next += size
    return { offsetBytes: physical, sizeBytes: size }
  })
  if (next < CRUMB_FILE_SIZE || extents.some(({ sizeBytes }) => sizeBytes % CRUMB_BLOCK_SIZE !== 0))
    throw new HostError(`${file}: has holes, or blocks smaller than ${CRUMB_BLOCK_SIZE} bytes`)
  return extents
}

/** The proof: the device's own bytes are the file's. */
function checkDevice({ node, extents, nonce }: BreadcrumbPlace): void {
  const fd = openSync(node, 'r')
  try {
    // What was read of these blocks before the file had them may be in the device's own cache.
    ioctl(fd, BLKFLSBUF, new Uint8Array(8), `${node}: BLKFLSBUF`)
    for (const { offsetBytes } of extents) {
      const block = new Uint8Array(CRUMB_BLOCK_SIZE)
      readSync(fd, block, 0, block.length, offsetBytes)
      if (!isCrumbBlock(block, nonce))
        throw new HostError(`${node}: what lies at ${offsetBytes} is not the file's`)
    }
  } finally {
    closeSync(fd)
  }
}

function header(state: CrumbState, release = ''): CrumbHeader {
  return {
    version: 1,
    state,
    release,
    changedAt: new Date().toISOString(),
    bootId: readBootId(),
  }
}

/** Written in full, so that no block waits to be given its place. */
function writeNew(file: string, bytes: Uint8Array): void {
  const unfinished = `${file}.tmp`
  try {
    const fd = openSync(unfinished, 'w', 0o600)
    try {
      writeAt(fd, bytes, 0)
      fsyncSync(fd)
    } finally {
      closeSync(fd)
    }
    renameSync(unfinished, file)
    flush(path.dirname(file))
  } catch (error) {
    rmSync(unfinished, { force: true })
    throw error
  }
}

function writeAt(fd: number, bytes: Uint8Array, offset: number): void {
  for (let done = 0; done < bytes.length;)
    done += writeSync(fd, bytes, done, bytes.length - done, offset + done)
}

function readStart(fd: number): string {
  const block = Buffer.alloc(CRUMB_BLOCK_SIZE)
  readSync(fd, block, 0, block.length, 0)
  return block.toString('latin1')
}

function readAll(fd: number): Uint8Array {
  const bytes = new Uint8Array(CRUMB_FILE_SIZE)
  for (let done = 0, got = 1; got > 0 && done < bytes.length; done += got)
    got = readSync(fd, bytes, done, bytes.length - done, done)
  return bytes
}

function reasonOf(error: unknown): string {
  if (error instanceof KdumpError) return error.message
  const errno = errnoOf(error)
  if (errno === '') throw error
  return errno
}
