// Finds the device that carries a wanted file system, by UUID, label or node.
import { closeSync, openSync, readSync } from 'node:fs'
import { findDeviceNumber, listBlockDevices } from '../platform/block_devices.ts'
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

/** Read which file system lies on a device node, undefined when it cannot be read or is not one we know. */
export function identifyDevice(node: string): FilesystemId | undefined {
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

/** Find the first device that matches, undefined when none does (yet). @param root where sys/ and dev/ are found */
export function findFilesystem(name: DeviceName, root = '/'): FoundFilesystem | undefined {
  if (name.by === 'node') {
    const number = findDeviceNumber(name.node)
    const id = number === undefined ? undefined : identifyDevice(name.node)
    return id && number !== undefined ? { ...id, node: name.node, number } : undefined
  }
  for (const device of listBlockDevices(root)) {
    const id = identifyDevice(device.node)
    if (id && matches(id, name)) return { ...id, node: device.node, number: device.number }
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
