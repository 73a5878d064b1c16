// From kdump.conf's words to the device, file system and folder the capture kernel must write to.
import { existsSync, mkdtempSync, rmdirSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { assertNever } from '../../../core/base/assert.ts'
import { HostError, UnsupportedError } from '../../../core/base/errors.ts'
import {
  findDeviceNumber,
  findMountOf,
  readMounts,
  realpathOfExisting,
  type Mount,
} from '../../platform/block_devices.ts'
import { readFact, readLinkFact } from '../../platform/fact_tree.ts'
import { mount, MS_RDONLY, unmount } from '../../platform/syscalls.ts'
import {
  findFilesystem,
  formatDeviceName,
  identifyDevice,
  type FoundFilesystem,
} from '../../target/find_filesystem.ts'
import { freeBytesOf } from '../../target/mounted_folder.ts'
import type { CapturePlace } from '../../target/place.ts'
import { FILESYSTEM_TYPES } from '../../target/superblock.ts'
import type { ImageFile } from '../initramfs/build_image.ts'
import type { ConfTarget, KdumpConf } from '../config/kdump_conf_model.ts'
import { resolveRaw } from './resolve_raw.ts'
import { resolveHttp } from './resolve_http.ts'
import { resolveNfs } from './resolve_nfs.ts'
import { resolveSsh } from './resolve_ssh.ts'

/** A target that exists, and what the capture kernel needs to reach it. */
export interface ResolvedTarget {
  readonly place: CapturePlace
  /** Modules that serve it once its device is there, such as `xfs` or `nfsv4`. */
  readonly modules: readonly string[]
  /** `major:minor` of the block device, under which sysfs lists its drivers; undefined behind a network. */
  readonly device: string | undefined
  /** Free bytes, undefined when that is not known now. */
  readonly availableBytes: number | undefined
  /** Keys and the like that the place names. */
  readonly files: readonly ImageFile[]
  /** What is doubtful about it, in kdumpctl's words. */
  readonly warnings?: readonly string[]
}

/**
 * Find where a configuration's dumps go and check that it is there.
 *
 * @param root where dev/, proc/, run/ and sys/ are found; in a copied tree nothing is mounted to look into it
 * @throws {HostError} in kdumpctl's words when the place does not exist
 * @throws {UnsupportedError} for a file system or device the capture kernel cannot mount yet
 */
export async function resolveTarget(
  target: ConfTarget,
  conf: KdumpConf,
  root = '/',
): Promise<ResolvedTarget> {
  switch (target.kind) {
    case 'path':
      return resolvePath(conf.path, root)
    case 'filesystem':
      return resolveNamed(conf, target, root)
    case 'nfs':
      return resolveNfs(target, conf)
    case 'ssh':
      return resolveSsh(target, conf)
    case 'http':
      return resolveHttp(target)
    case 'raw':
      return resolveRaw(target)
    default:
      return assertNever(target)
  }
}

/** File system drivers: ext4 serves ext2 and ext3 too. */
const FILESYSTEM_MODULE = {
  ext2: 'ext4',
  ext3: 'ext4',
  ext4: 'ext4',
  xfs: 'xfs',
  btrfs: 'btrfs',
} as const

/** Find the root file system, for `failure_action dump_to_rootfs`. @throws as resolveTarget */
export function resolveRootfs(dumpPath: string, root = '/'): ResolvedTarget {
  const holder = findMountOf(readMounts(root), '/')
  if (!holder) throw new HostError('no root file system in /proc/self/mountinfo')
  return resolveMount(holder, dumpPath, root)
}

function resolvePath(dumpPath: string, root: string): ResolvedTarget {
  const full = path.join(root, dumpPath)
  if (!existsSync(full)) throw new HostError(`Dump path ${dumpPath} does not exist.`, 'ENOENT')
  const real = path.join('/', path.relative(realpathOfExisting(root), realpathOfExisting(full)))
  const holder = findMountOf(readMounts(root), real)
  if (!holder) throw new HostError(`no mount holds ${real}`)
  return resolveMount(holder, path.join('/', path.relative(holder.mountpoint, real)), root)
}

/** @param below path below the mountpoint, absolute */
function resolveMount(holder: Mount, below: string, root: string): ResolvedTarget {
  const fstype = FILESYSTEM_TYPES.find((known) => known === holder.fstype)
  if (!fstype) {
    throw new UnsupportedError(
      `dumping to ${holder.mountpoint}, which is ${holder.fstype}: name an ext2, ext3, ext4, xfs or btrfs target in kdump.conf`,
    )
  }
  // btrfs mounts carry an anonymous device number; the source names the real device.
  const node = findDeviceNumber(holder.source, root) ? holder.source : nodeOf(holder, root)
  const number = findDeviceNumber(node, root) ?? holder.number
  const id = identifyDevice(node, root)
  if (!id)
    throw new HostError(`cannot read the file system of ${node}, which holds ${holder.mountpoint}`)
  const found: FoundFilesystem = { ...id, node, number }
  // mountinfo's root is the bind mount's or subvolume's folder inside the file system.
  return resolved(found, path.join(holder.root, below), freeBytes(holder.mountpoint, root))
}

function resolveNamed(
  conf: KdumpConf,
  target: Extract<ConfTarget, { kind: 'filesystem' }>,
  root: string,
): ResolvedTarget {
  const name = formatDeviceName(target.device)
  const found = findFilesystem(target.device, root)
  if (!found) {
    const what =
      target.device.by === 'node'
        ? `no ext2/3/4, xfs or btrfs file system on ${name}`
        : `no device has ${name}`
    throw new HostError(`${what} (kdump.conf line ${target.line})`, 'ENODEV')
  }
  if (found.fstype !== target.fstype) {
    throw new HostError(
      `"${name}" have a wrong type config "${target.fstype}", expected "${found.fstype}"`,
    )
  }
  if (!isLive(root)) return resolved(found, conf.path, undefined)
  const checked = withMounted(found, (mountpoint) => {
    if (!existsSync(path.join(mountpoint, conf.path))) {
      throw new HostError(
        `Dump path "${conf.path}" does not exist in dump target "${name}"`,
        'ENOENT',
      )
    }
    return freeBytesOf(mountpoint)
  })
  return resolved(found, conf.path, checked)
}

/** Look into a file system: where it is mounted, else mounted read-only for the moment. @throws {HostError} if it cannot be */
export function withMounted<T>(found: FoundFilesystem, look: (mountpoint: string) => T): T {
  const mounted = readMounts().find((candidate) => {
    return (
      candidate.root === '/' &&
      (candidate.number === found.number || findDeviceNumber(candidate.source) === found.number)
    )
  })
  if (mounted) return look(mounted.mountpoint)
  const folder = mkdtempSync(path.join(os.tmpdir(), 'kbox-target-'))
  try {
    mount(found.node, folder, found.fstype, MS_RDONLY)
    try {
      return look(folder)
    } finally {
      unmount(folder)
    }
  } finally {
    rmdirSync(folder)
  }
}

function resolved(
  found: FoundFilesystem,
  directory: string,
  availableBytes: number | undefined,
): ResolvedTarget {
  const { fstype, uuid, node, number } = found
  // A path through all subvolumes is right only from the top one, whatever the default subvolume is.
  const options = fstype === 'btrfs' ? 'subvolid=5' : ''
  return {
    place: { kind: 'filesystem', fstype, uuid, node, options, directory },
    modules: [FILESYSTEM_MODULE[fstype]],
    device: number,
    availableBytes,
    files: [],
  }
}

/** What a mount calls its device may be no node: a kernel that mounted its root itself says /dev/root. */
function nodeOf({ source, number }: Mount, root: string): string {
  const name = readLinkFact(root, `sys/dev/block/${number}`)
  return name === undefined ? source : `/dev/${name.replaceAll('!', '/')}`
}

/** This machine, not a copied tree of facts: what is mounted can be looked into. */
function isLive(root: string): boolean {
  return root === '/'
}

function freeBytes(mountpoint: string, root: string): number | undefined {
  return isLive(root) ? freeBytesOf(mountpoint) : undefined
}

/** MemTotal in bytes. @param root where proc/ is found */
export function readMemTotal(root = '/'): number {
  return (
    Number(/^MemTotal:\s+(\d+) kB/m.exec(readFact(root, 'proc/meminfo') ?? '')?.[1] ?? 0) * 1024
  )
}
