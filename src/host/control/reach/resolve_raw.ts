// A raw target: checked as mkdumprd checks it, and known again by what does not change. Whatever lies on it is lost.
import { closeSync, openSync, readSync, realpathSync } from 'node:fs'
import path from 'node:path'
import { HostError } from '../../../core/base/errors.ts'
import {
  findDeviceNumber,
  listBlockDevices,
  readMounts,
  type BlockDevice,
} from '../../platform/block_devices.ts'
import { readDiskId } from '../../target/find_disk.ts'
import { findFilesystem, formatDeviceName, identifyDevice } from '../../target/find_filesystem.ts'
import { rawAreaOffset } from '../../target/raw_layout.ts'
import type { ConfTarget } from '../config/kdump_conf_model.ts'
import type { ResolvedTarget } from './resolve_target.ts'
import { listNames, readLine } from '../../platform/fact_tree.ts'

/** A raw target of kdump.conf. */
export type ConfRaw = Extract<ConfTarget, { kind: 'raw' }>

/** What a dump needs at least beside the area at the end. */
const SIZE_MIN = 64 << 20
/** Signatures that are no file system of ours, and where they are. */
const SIGNATURES: readonly (readonly [name: string, offset: number, bytes: string])[] = [
  ['swap', 4086, 'SWAPSPACE2'],
  ['LVM2_member', 536, 'LVM2 001'],
  ['crypto_LUKS', 0, 'LUKS\xba\xbe'],
  ['vfat', 82, 'FAT32   '],
  ['vfat', 54, 'FAT16   '],
  ['ntfs', 3, 'NTFS    '],
  ['squashfs', 0, 'hsqs'],
  ['iso9660', 32769, 'CD001'],
]

/**
 * Find a raw target and check that nobody else uses it.
 *
 * @throws {HostError} if it is no block device, is in use, or is too small
 */
export function resolveRaw(target: ConfRaw): ResolvedTarget & { readonly disk: BlockDevice } {
  const disk = findRawDisk(target)
  const { node, number, name, sizeBytes } = disk
  const user = findUser(name, number)
  if (user !== '') {
    throw new HostError(
      `raw ${node} is in use (${user}), and a dump would destroy it (kdump.conf line ${target.line}): name a disk or partition that nothing else uses`,
      'EBUSY',
    )
  }
  if (sizeBytes < SIZE_MIN)
    throw new HostError(`Bad raw disk ${node}: ${sizeBytes} bytes are too few`, 'ENOSPC')
  const signature = findSignature(node)
  return {
    disk,
    place: { kind: 'raw', node, ...readDiskId(name), sizeBytes },
    modules: [],
    device: number,
    availableBytes: rawAreaOffset(sizeBytes),
    files: [],
    warnings:
      signature === ''
        ? []
        : [`Detected '${signature}' signature on ${node}, data loss is expected.`],
  }
}

/** Find the device that a raw target names. @throws {HostError} if it is none */
export function findRawDisk({ device }: ConfRaw): BlockDevice {
  const written = formatDeviceName(device)
  const named = device.by === 'node' ? device.node : findFilesystem(device)?.node
  const number = named === undefined ? undefined : findDeviceNumber(named)
  const disk = listBlockDevices().find((candidate) => candidate.number === number)
  if (!disk) throw new HostError(`Bad raw disk ${written}`, 'ENODEV')
  return disk
}

/** The type of what a device seems to hold, '' for nothing known. */
export function findSignature(node: string): string {
  const known = identifyDevice(node)?.fstype
  if (known !== undefined) return known
  const start = Buffer.alloc(36 * 1024)
  let fd: number
  try {
    fd = openSync(node, 'r')
  } catch {
    throw new HostError(`Bad raw disk ${node}`, 'EACCES')
  }
  try {
    readSync(fd, start, 0, start.length, 0)
  } finally {
    closeSync(fd)
  }
  const text = start.toString('latin1')
  return SIGNATURES.find(([, offset, bytes]) => text.startsWith(bytes, offset))?.[0] ?? ''
}

/** Who uses a device, '' for nobody. @param root where proc/, sys/ and dev/ are found */
export function findUser(name: string, number: string, root = '/'): string {
  const mount = readMounts(root).find((candidate) => {
    return candidate.number === number || findDeviceNumber(candidate.source) === number
  })
  if (mount) return `mounted on ${mount.mountpoint}`
  if (listSwaps(root).some((swap) => findDeviceNumber(swap) === number)) return 'swap'
  // What is stacked on it, and for a whole disk the partitions that are used.
  const folder = path.join(root, 'sys/class/block', name)
  const holder = listNames(path.join(folder, 'holders'))[0]
  if (holder !== undefined) return `part of ${holder}`
  for (const part of listNames(realpathOf(folder))) {
    const partNumber = readLine(path.join(folder, part, 'dev'))
    if (!part.startsWith(name) || partNumber === '') continue
    const user = findUser(part, partNumber, root)
    return user === '' ? `it has the partition ${part}` : `${part}: ${user}`
  }
  return ''
}

function listSwaps(root: string): string[] {
  return readLine(path.join(root, 'proc/swaps'))
    .split('\n')
    .slice(1)
    .map((line) => line.split(/\s/)[0] ?? '')
}

function realpathOf(file: string): string {
  try {
    return realpathSync(file)
  } catch {
    return file
  }
}
