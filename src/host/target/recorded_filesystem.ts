// What is written down of a device's file system: udev's database, the links in /dev/disk, the mounts. It tells where the
// device itself cannot be read: in a copied tree of facts, without root, or for file systems whose superblock we do not know.
import { realpathSync } from 'node:fs'
import path from 'node:path'
import { readMounts } from '../platform/block_devices.ts'
import { listFacts, readFact } from '../platform/fact_tree.ts'
import { FILESYSTEM_TYPES, type FilesystemId } from './superblock.ts'

/**
 * Find what is recorded of a device.
 *
 * @param name kernel name, such as `vda1`
 * @param number `major:minor`
 * @param root where dev/, proc/ and run/ are found
 * @returns undefined where nothing is, or for a file system that is not one of ours
 */
export function findRecordedFilesystem(
  name: string,
  number: string,
  root: string,
): FilesystemId | undefined {
  const said = readUdev(number, root)
  const fstype = said.get('ID_FS_TYPE') ?? findMountedType(name, number, root)
  const known = FILESYSTEM_TYPES.find((candidate) => candidate === fstype)
  if (!known) return undefined
  return {
    fstype: known,
    uuid: (said.get('ID_FS_UUID') ?? findLink('uuid', name, root)).toLowerCase(),
    label: said.get('ID_FS_LABEL') ?? findLink('label', name, root),
  }
}

/** Lines such as `E:ID_FS_TYPE=ext4`. */
function readUdev(number: string, root: string): ReadonlyMap<string, string> {
  const text = readFact(root, `run/udev/data/b${number}`) ?? ''
  const pairs = Array.from(text.matchAll(/^E:(ID_FS_\w+)=(.*)$/gm))
  return new Map(pairs.map(([, key = '', value = '']) => [key, value]))
}

/** The name of the link in /dev/disk/by-KIND that leads to a device; '' if none does. */
function findLink(kind: 'uuid' | 'label', name: string, root: string): string {
  const folder = `dev/disk/by-${kind}`
  const link = listFacts(root, folder).find((candidate) => {
    try {
      return path.basename(realpathSync(path.join(root, folder, candidate))) === name
    } catch {
      return false
    }
  })
  // udev writes what is no plain character as \x20.
  return (link ?? '').replace(/\\x([0-9a-f]{2})/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  )
}

function findMountedType(name: string, number: string, root: string): string | undefined {
  const mount = readMounts(root).find((candidate) => {
    return candidate.number === number || path.basename(candidate.source) === name
  })
  return mount?.fstype
}
