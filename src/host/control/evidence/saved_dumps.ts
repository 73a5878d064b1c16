// The dumps that lie on this machine's disks, as far as they are ours beyond doubt: a real folder below the configured one,
// named as the capture kernel names them, with a manifest that we wrote. Whatever else lies there is nobody's to touch.
import { existsSync, lstatSync, readdirSync, realpathSync } from 'node:fs'
import path from 'node:path'
import { attempt } from '../../../core/base/errors.ts'
import { listNames } from '../../platform/fact_tree.ts'
import { findMountpoint } from '../after/find_test_dump.ts'
import type { KdumpConf } from '../config/kdump_conf_model.ts'
import { readManifest } from './dump_manifest.ts'
import { PINNED } from './pin.ts'

/** One dump. */
export interface SavedDump {
  readonly directory: string
  readonly name: string
  /** SHA-256 of its manifest. */
  readonly manifest: string
  /** When the machine crashed, milliseconds since 1970, by its own clock. */
  readonly crashedMs: number
  /** All of it is there. */
  readonly complete: boolean
  readonly sizeBytes: number
  /** It is to stay, whatever the limits. */
  readonly isPinned: boolean
}

/** `ADDRESS-YYYY-mm-dd-HH:MM:SS`, and a number where two would be of one second. */
const NAME = /^[\w.:%-]+-\d{4}-\d\d-\d\d-\d\d:\d\d:\d\d(\.\d{1,3})?$/

/**
 * Find the folders in which dumps of a configuration lie on this machine; a file system that is not mounted and a server
 * are not looked at.
 *
 * @param root where the machine's files are found
 * @returns real paths, none twice
 */
export function findDumpFolders({ targets, path: folder }: KdumpConf, root = '/'): string[] {
  const places = targets.flatMap((target): string[] => {
    if (target.kind === 'path' || target.kind === 'raw') return [path.join(root, folder)]
    if (target.kind !== 'filesystem') return []
    const mountpoint = findMountpoint(target.device, root)
    return mountpoint === undefined ? [] : [path.join(root, mountpoint, folder)]
  })
  const there = places.filter((place) => existsSync(place)).map((place) => realpathSync(place))
  return [...new Set(there)]
}

/** List the dumps in a folder, the oldest crash first. */
export function listDumps(folder: string): SavedDump[] {
  return listNames(folder)
    .filter((name) => NAME.test(name))
    .flatMap((name) => describeDump(folder, name) ?? [])
    .toSorted((a, b) => a.crashedMs - b.crashedMs || (a.name < b.name ? -1 : 1))
}

function describeDump(folder: string, name: string): SavedDump | undefined {
  const directory = path.join(folder, name)
  if (lstatSync(directory, { throwIfNoEntry: false })?.isDirectory() !== true) return undefined
  // One that cannot be read is not known to be ours.
  const manifest = attempt(() => readManifest(directory))
  const crashedMs = Date.parse(manifest?.capturedAt ?? '')
  if (!manifest || Number.isNaN(crashedMs)) return undefined
  const { id, complete } = manifest
  const isPinned = existsSync(path.join(directory, PINNED))
  const sizeBytes = sizeOf(directory)
  return { directory, name, manifest: id, crashedMs, complete, sizeBytes, isPinned }
}

/** What its files take on the disk: a dump may be sparse. */
function sizeOf(directory: string): number {
  return readdirSync(directory)
    .map((name) => lstatSync(path.join(directory, name)))
    .reduce((sum, { blocks }) => sum + blocks * 512, 0)
}
