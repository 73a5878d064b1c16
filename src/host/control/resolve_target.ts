// From kdump.conf's words to the device, file system and folder the capture kernel must write to.
import { existsSync, mkdtempSync, readFileSync, rmdirSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { HostError, UnsupportedError } from '../../core/base/errors.ts'
import {
  findDeviceNumber,
  findMountOf,
  readMounts,
  realpathOfExisting,
  type Mount,
} from '../platform/block_devices.ts'
import { mount, MS_RDONLY, unmount } from '../platform/syscalls.ts'
import {
  findFilesystem,
  formatDeviceName,
  identifyDevice,
  type FoundFilesystem,
} from '../target/find_filesystem.ts'
import { freeBytesOf } from '../target/mounted_folder.ts'
import type { CapturePlace } from '../target/place.ts'
import { FILESYSTEM_TYPES } from '../target/superblock.ts'
import type { ImageFile } from './initramfs/build_image.ts'
import type { ConfTarget, KdumpConf } from './kdump_conf_model.ts'
import { resolveRaw } from './resolve_raw.ts'

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
 * @throws {HostError} in kdumpctl's words when the place does not exist
 * @throws {UnsupportedError} for a file system or device the capture kernel cannot mount yet
 */
export async function resolveTarget(target: ConfTarget, conf: KdumpConf): Promise<ResolvedTarget> {
  switch (target.kind) {
    case 'path':
      return resolvePath(conf.path)
    case 'filesystem':
      return resolveNamed(conf, target)
    case 'raw':
      return resolveRaw(target)
    default:
      throw new UnsupportedError(`${target.kind} targets`)
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
export function resolveRootfs(dumpPath: string): ResolvedTarget {
  const root = findMountOf(readMounts(), '/')
  if (!root) throw new HostError('no root file system in /proc/self/mountinfo')
  return resolveMount(root, dumpPath)
}

function resolvePath(dumpPath: string): ResolvedTarget {
  if (!existsSync(dumpPath)) throw new HostError(`Dump path ${dumpPath} does not exist.`, 'ENOENT')
  const real = realpathOfExisting(dumpPath)
  const holder = findMountOf(readMounts(), real)
  if (!holder) throw new HostError(`no mount holds ${real}`)
  return resolveMount(holder, path.join('/', path.relative(holder.mountpoint, real)))
}

/** @param below path below the mountpoint, absolute */
function resolveMount(holder: Mount, below: string): ResolvedTarget {
  const fstype = FILESYSTEM_TYPES.find((known) => known === holder.fstype)
  if (!fstype) {
    throw new UnsupportedError(
      `dumping to ${holder.mountpoint}, which is ${holder.fstype}: name an ext2, ext3, ext4, xfs or btrfs target in kdump.conf`,
    )
  }
  // btrfs mounts carry an anonymous device number; the source names the real device.
  const node = holder.source
  const number = findDeviceNumber(node) ?? holder.number
  const id = identifyDevice(node)
  if (!id)
    throw new HostError(`cannot read the file system of ${node}, which holds ${holder.mountpoint}`)
  const found: FoundFilesystem = { ...id, node, number }
  // mountinfo's root is the bind mount's or subvolume's folder inside the file system.
  return resolved(found, path.join(holder.root, below), freeBytesOf(holder.mountpoint))
}

function resolveNamed(
  conf: KdumpConf,
  target: Extract<ConfTarget, { kind: 'filesystem' }>,
): ResolvedTarget {
  const name = formatDeviceName(target.device)
  const found = findFilesystem(target.device)
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

/** Look into a file system: where it is mounted, else mounted read-only for the moment. */
function withMounted<T>(found: FoundFilesystem, look: (mountpoint: string) => T): T {
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

/** MemTotal in bytes. */
export function readMemTotal(): number {
  return (
    Number(/^MemTotal:\s+(\d+) kB/m.exec(readFileSync('/proc/meminfo', 'utf8'))?.[1] ?? 0) * 1024
  )
}
