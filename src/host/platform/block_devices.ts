// The machine's block devices, as sysfs lists them, and what is mounted where.
import { readFileSync, realpathSync, statSync } from 'node:fs'
import path from 'node:path'
import { listNames, readLine } from './fact_tree.ts'

/** A disk or partition that has a size. */
export interface BlockDevice {
  /** Kernel name, such as `vda1`. */
  readonly name: string
  /** `major:minor`. */
  readonly number: string
  /** Path of the node in /dev. */
  readonly node: string
  readonly sizeBytes: number
}

/** One line of mountinfo. */
export interface Mount {
  /** `major:minor` of the file system's device. */
  readonly number: string
  /** Which directory of the file system is mounted: `/`, or the source of a bind mount or a btrfs subvolume. */
  readonly root: string
  readonly mountpoint: string
  readonly fstype: string
  readonly source: string
  /** Options of the mount and of the file system, comma separated. */
  readonly options: string
}

/** Never a dump target: memory and pseudo devices. */
const IGNORED = /^(loop|ram|zram|nbd|fd)\d/

/** List block devices that have a size, by name. @param root where sys/ and dev/ are found */
export function listBlockDevices(root = '/'): BlockDevice[] {
  const folder = path.join(root, 'sys/class/block')
  const devices: BlockDevice[] = []
  for (const name of listNames(folder)) {
    if (IGNORED.test(name)) continue
    const number = readLine(path.join(folder, name, 'dev'))
    const sizeBytes = Number(readLine(path.join(folder, name, 'size'))) * 512
    if (number === '' || !(sizeBytes > 0)) continue
    // sysfs writes a slash in a device name as '!' (cciss!c0d0).
    devices.push({
      name,
      number,
      sizeBytes,
      node: path.join(root, 'dev', name.replaceAll('!', '/')),
    })
  }
  return devices
}

/**
 * Find the kernel's `major:minor` of a device node, undefined when `node` is not a block device.
 *
 * @param root where dev/ and sys/ are found; in a copied tree nodes are no devices, and sysfs knows the number
 */
export function findDeviceNumber(node: string, root = '/'): string | undefined {
  const file = path.join(root, node)
  const stat = statSync(file, { throwIfNoEntry: false })
  if (!stat?.isBlockDevice()) {
    const name = path.basename(realpathOfExisting(file))
    const number = readLine(path.join(root, 'sys/class/block', name, 'dev'))
    return root === '/' || number === '' ? undefined : number
  }
  const { rdev } = stat
  // Linux's dev_t as glibc packs it: gnu_dev_major(3), gnu_dev_minor(3); all of it below 2^44.
  const major = ((rdev >>> 8) & 0xfff) | (Math.floor(rdev / 0x1_0000_0000) & ~0xfff)
  const minor = (rdev & 0xff) | ((rdev >>> 12) & ~0xff)
  return `${major}:${minor}`
}

/** Parse /proc/self/mountinfo; later mounts come later. @source Documentation/filesystems/proc.rst 3.5 */
export function parseMountinfo(text: string): Mount[] {
  const mounts: Mount[] = []
  for (const line of text.split('\n')) {
    const fields = line.split(' ')
    const dash = fields.indexOf('-', 6)
    const [, , number, root, mountpoint, options] = fields
    const [fstype, source, superOptions] = fields.slice(dash + 1)
    if (dash < 0 || !number || !root || !mountpoint || !fstype || source === undefined) continue
    mounts.push({
      number,
      root: unescapeOctal(root),
      mountpoint: unescapeOctal(mountpoint),
      fstype,
      source: unescapeOctal(source),
      options: [options, superOptions].filter(Boolean).join(','),
    })
  }
  return mounts
}

/** Read what is mounted now. @param root where proc/ is found */
export function readMounts(root = '/'): Mount[] {
  return parseMountinfo(readFileSync(path.join(root, 'proc/self/mountinfo'), 'utf8'))
}

/** Find the mount that holds an absolute path; of several on one mountpoint, the last is the visible one. */
export function findMountOf(mounts: readonly Mount[], absolute: string): Mount | undefined {
  let best: Mount | undefined
  for (const mount of mounts) {
    const { mountpoint } = mount
    const holds =
      mountpoint === '/' || absolute === mountpoint || absolute.startsWith(`${mountpoint}/`)
    if (holds && mountpoint.length >= (best?.mountpoint.length ?? 0)) best = mount
  }
  return best
}

/** Resolve symbolic links of the part of a path that exists. */
export function realpathOfExisting(file: string): string {
  try {
    return realpathSync(file)
  } catch {
    const parent = path.dirname(file)
    return parent === file ? file : path.join(realpathOfExisting(parent), path.basename(file))
  }
}

/** mountinfo writes space, tab, newline and backslash as \040 and so on. */
function unescapeOctal(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, digits: string) =>
    String.fromCharCode(parseInt(digits, 8)),
  )
}
