// Finds the dump of a provoked crash on this machine's disks, by the id in its manifest. What lies behind a network is
// not looked at.
import { readdirSync, readFileSync, realpathSync, statSync } from 'node:fs'
import path from 'node:path'
import { attempt, FormatError, HostError } from '../../../core/base/errors.ts'
import { readMounts } from '../../platform/block_devices.ts'
import { Members } from '../../platform/members.ts'
import { type DeviceName, findFilesystem } from '../../target/find_filesystem.ts'
import type { KdumpConf } from '../config/kdump_conf_model.ts'
import { withMounted } from '../reach/resolve_target.ts'

/** What became of a test: `unknown` where a target cannot be looked at. */
export type TestDump = 'complete' | 'incomplete' | 'absent' | 'unknown'

const MANIFEST = 'kbox.json'
const MANIFEST_SIZE_MAX = 4 << 20
/** Newest first; a test is younger than most. */
const FOLDERS_MAX = 1000

/** Look for the dump of a test in all places it may be. @param root where the machine's files are found */
export function findTestDump(conf: KdumpConf, testId: string, root = '/'): TestDump {
  const found = [
    ...conf.targets.map((target): TestDump => {
      if (target.kind === 'path') return findInFolder(path.join(root, conf.path), testId)
      if (target.kind === 'filesystem') return findOnDevice(target.device, conf.path, testId, root)
      if (target.kind === 'raw') return findRecovered(path.join(root, conf.path), testId)
      return 'unknown'
    }),
    ...(conf.failureAction === 'dump_to_rootfs'
      ? [findInFolder(path.join(root, conf.path), testId)]
      : []),
  ]
  const order: readonly TestDump[] = ['complete', 'incomplete', 'unknown']
  return order.find((result) => found.includes(result)) ?? 'absent'
}

/** The dump of a raw target is recovered to `path` at the next start; before that, it is anybody's guess. */
function findRecovered(folder: string, testId: string): TestDump {
  const found = findInFolder(folder, testId)
  return found === 'absent' ? 'unknown' : found
}

function findInFolder(folder: string, testId: string): TestDump {
  const names = listNames(folder).slice(0, FOLDERS_MAX)
  for (const name of names) {
    const manifest = readManifest(path.join(folder, name, MANIFEST))
    if (!manifest?.has('testId') || manifest.string('testId') !== testId) continue
    return manifest.has('complete') && manifest.boolean('complete') ? 'complete' : 'incomplete'
  }
  return 'absent'
}

/** Directories are named ADDRESS-DATE: backwards, the newest come first. */
function listNames(folder: string): string[] {
  try {
    return readdirSync(folder).toSorted().toReversed()
  } catch {
    return []
  }
}

function readManifest(file: string): Members | undefined {
  const size = statSync(file, { throwIfNoEntry: false })?.size ?? MANIFEST_SIZE_MAX
  if (size >= MANIFEST_SIZE_MAX) return undefined
  try {
    return Members.parse(file, readFileSync(file, 'utf8'))
  } catch (error) {
    // Cut off, or another program's.
    if (error instanceof FormatError) return undefined
    throw error
  }
}

function findOnDevice(device: DeviceName, folder: string, testId: string, root: string): TestDump {
  const mountpoint = findMountpoint(device, root)
  if (mountpoint !== undefined) return findInFolder(path.join(root, mountpoint, folder), testId)
  // A copied tree has no disks.
  if (root !== '/') return 'unknown'
  const found = attempt(() => findFilesystem(device))
  if (!found) return 'unknown'
  try {
    return withMounted(found, (at) => findInFolder(path.join(at, folder), testId))
  } catch (error) {
    if (error instanceof HostError) return 'unknown'
    throw error
  }
}

/** Find where a device is mounted as a whole, undefined if it is not. @param root where dev/, proc/ and sys/ are found */
export function findMountpoint(device: DeviceName, root: string): string | undefined {
  const node = realNode(device, root)
  if (node === undefined) return undefined
  const mount = attempt(() => readMounts(root))?.find(
    ({ source, root: inside }) => inside === '/' && realPath(path.join(root, source)) === node,
  )
  return mount?.mountpoint
}

function realNode(device: DeviceName, root: string): string | undefined {
  switch (device.by) {
    case 'node':
      return realPath(path.join(root, device.node))
    case 'uuid':
      return realPath(path.join(root, 'dev/disk/by-uuid', device.uuid))
    case 'label':
      return realPath(path.join(root, 'dev/disk/by-label', escapeLabel(device.label)))
  }
}

/** udev writes what is no plain character as \xNN. */
function escapeLabel(label: string): string {
  return label.replaceAll(
    /[^\w#+\-.:=@]/g,
    (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`,
  )
}

function realPath(file: string): string | undefined {
  try {
    return realpathSync(file)
  } catch {
    return undefined
  }
}
