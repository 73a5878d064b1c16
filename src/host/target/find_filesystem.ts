// Finds the device that carries a wanted file system, by UUID, label or node.
import { closeSync, openSync, readSync } from 'node:fs'
import path from 'node:path'
import { findDeviceNumber, listBlockDevices } from '../platform/block_devices.ts'
import { findRecordedFilesystem } from './recorded_filesystem.ts'
import { readFilesystemId, type FilesystemId } from './superblock.ts'

/** How a target names its device. */
export type DeviceName =
  | { readonly by: 'uuid'; readonly uuid: string }
  | { readonly by: 'label'; readonly label: string }
  | { readonly by: 'node'; readonly node: string }

/** A file system and the device it is on. */
export interface FoundFilesystem extends FilesystemId {
  readonly node: string
  /** `major:minor` of the device. */
  readonly number: string
}

/**
 * Find which file system lies on a device node: its superblock tells, else what is recorded of the device.
 *
 * @param root where dev/, proc/, run/ and sys/ are found
 * @returns undefined when it is not one we know
 */
export function identifyDevice(node: string, root = '/'): FilesystemId | undefined {
  const read = readSuperblock(path.join(root, node))
  if (read) return read
  const number = findDeviceNumber(node, root)
  if (number === undefined) return undefined
  return findRecordedFilesystem(path.basename(node), number, root)
}

function readSuperblock(node: string): FilesystemId | undefined {
  let fd: number
  try {
    fd = openSync(node, 'r')
  } catch {
    return undefined
  }
  try {
    return readFilesystemId((offset, into) => readSync(fd, into, 0, into.length, offset))
  } catch {
    return undefined
  } finally {
    closeSync(fd)
  }
}

/**
 * Find the first device that matches, undefined when none does (yet).
 *
 * @param root where dev/, proc/, run/ and sys/ are found; nodes are named without it
 */
export function findFilesystem(name: DeviceName, root = '/'): FoundFilesystem | undefined {
  if (name.by === 'node') {
    const number = findDeviceNumber(name.node, root)
    const id = number === undefined ? undefined : identifyDevice(name.node, root)
    return id && number !== undefined ? { ...id, node: name.node, number } : undefined
  }
  for (const device of listBlockDevices(root)) {
    const node = path.join('/', path.relative(root, device.node))
    const id = identifyDevice(node, root)
    if (id && matches(id, name)) return { ...id, node, number: device.number }
  }
  return undefined
}

/** Format as kdump.conf writes it: `UUID=…`, `LABEL=…` or the node. */
export function formatDeviceName(name: DeviceName): string {
  switch (name.by) {
    case 'uuid':
      return `UUID=${name.uuid}`
    case 'label':
      return `LABEL=${name.label}`
    case 'node':
      return name.node
  }
}

function matches(id: FilesystemId, name: Exclude<DeviceName, { by: 'node' }>): boolean {
  return name.by === 'uuid' ? id.uuid === name.uuid.toLowerCase() : id.label === name.label
}
