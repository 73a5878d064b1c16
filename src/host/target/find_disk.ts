// Finds a disk or partition without a file system again, by what does not change between kernels.
import { closeSync, openSync, readSync, realpathSync } from 'node:fs'
import path from 'node:path'
import { listBlockDevices, type BlockDevice } from '../platform/block_devices.ts'
import { readPartuuid } from './partition_id.ts'
import type { RawPlace } from './place.ts'
import { readLine } from '../platform/fact_tree.ts'

/** What a disk is known by; '' for what it does not have. */
export type DiskId = Pick<RawPlace, 'partuuid' | 'wwid' | 'serial'>

/** Read what a disk or partition is known by. @param name the kernel's, such as `sdb1` */
export function readDiskId(name: string, root = '/'): DiskId {
  const folder = path.join(root, 'sys/class/block', name)
  const partition = readLine(path.join(folder, 'partition'))
  if (partition !== '')
    return { partuuid: findPartuuid(folder, Number(partition), root), wwid: '', serial: '' }
  return {
    partuuid: '',
    wwid: readLine(path.join(folder, 'wwid')) || readLine(path.join(folder, 'device/wwid')),
    serial: readLine(path.join(folder, 'serial')) || readLine(path.join(folder, 'device/serial')),
  }
}

/** Find the disk of a place, undefined while it is not there. @param root where sys/ and dev/ are found */
export function findDisk(place: RawPlace, root = '/'): BlockDevice | undefined {
  return listBlockDevices(root).find((device) => isDisk(device, place, root))
}

function isDisk(device: BlockDevice, place: RawPlace, root: string): boolean {
  // A disk of another size is another disk, or has been partitioned anew.
  if (device.sizeBytes !== place.sizeBytes) return false
  const { partuuid, wwid, serial } = place
  if (partuuid === '' && wwid === '' && serial === '')
    return device.name === path.basename(place.node)
  const id = readDiskId(device.name, root)
  if (partuuid !== '') return id.partuuid === partuuid
  return wwid !== '' ? id.wwid === wwid : id.serial === serial
}

function findPartuuid(folder: string, number: number, root: string): string {
  // Newer kernels say it themselves.
  const [, told = ''] = /^PARTUUID=(.+)$/m.exec(readLine(path.join(folder, 'uevent'))) ?? []
  if (told !== '') return told.toLowerCase()
  let fd: number
  let disk: string
  try {
    disk = path.dirname(realpathSync(folder))
    fd = openSync(path.join(root, 'dev', path.basename(disk).replaceAll('!', '/')), 'r')
  } catch {
    return ''
  }
  try {
    const blockSize = Number(readLine(path.join(disk, 'queue/logical_block_size'))) || 512
    return readPartuuid((at, into) => readSync(fd, into, 0, into.length, at), number, blockSize)
  } catch {
    return ''
  } finally {
    closeSync(fd)
  }
}
