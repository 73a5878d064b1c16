// The manifest beside a dump, kbox.json, as whoever checks, keeps or removes the dump reads it: written by
// capture/supervisor.ts in the capture kernel, or by after/ at the next boot. What it says is not trusted: names lead
// nowhere but into its own folder.
import { createHash } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import path from 'node:path'
import { FormatError } from '../../../core/base/errors.ts'
import { isManifestIntact, type ManifestFile } from '../../capture/capture_manifest.ts'
import { Members } from '../../platform/members.ts'

/** Name of the manifest. */
export const MANIFEST = 'kbox.json'

/** No manifest is longer: its steps and names are a few hundred lines. */
const SIZE_MAX = 4 << 20
const VERSION = 2
const FILES_MAX = 1000
/** Another name is a changed one. */
const MEMBERS: ReadonlySet<string> = new Set([
  ...['version', 'target', 'release', 'capturedAt', 'complete', 'testId', 'steps'],
  ...['memAvailableMinBytes', 'files', 'dump', 'sum'],
])

/** What a manifest says of its folder. */
export interface DumpManifest {
  /** SHA-256 of the manifest itself, in hex: what other records call the dump by. */
  readonly id: string
  /** As it lies there: what is signed. */
  readonly bytes: Uint8Array
  /** It is as it was written; undefined for one of a version that had no sum. */
  readonly isIntact: boolean | undefined
  readonly release: string
  /** When the machine crashed, ISO 8601, by its own clock. */
  readonly capturedAt: string
  /** All of the dump is there. */
  readonly complete: boolean
  readonly files: ReadonlyMap<string, ManifestFile>
}

/**
 * Read the manifest of a folder.
 *
 * @returns undefined where there is none
 * @throws {FormatError} if it is none that we write, or names a file outside of its folder
 */
export function readManifest(directory: string): DumpManifest | undefined {
  const file = path.join(directory, MANIFEST)
  const size = statSync(file, { throwIfNoEntry: false })?.size
  if (size === undefined) return undefined
  if (size > SIZE_MAX) throw new FormatError(file, 0, `manifest of ${size} bytes`)
  return parseManifest(file, readFileSync(file))
}

/** Parse a manifest. @throws {FormatError} if it is none that we write, or names a file outside of its folder */
export function parseManifest(file: string, bytes: Uint8Array): DumpManifest {
  const text = Buffer.from(bytes).toString('utf8')
  const read = Members.parse(file, text)
  const alien = read.names().find((name) => !MEMBERS.has(name))
  if (alien !== undefined) throw new FormatError(file, 0, `member '${alien}' is none of ours`)
  if (read.number('version') !== VERSION)
    throw new FormatError(file, 0, `version is not ${VERSION}`)
  const files = read.object('files')
  const names = files.names()
  if (names.length > FILES_MAX) throw new FormatError(file, 0, `names ${names.length} files`)
  return {
    id: createHash('sha256').update(bytes).digest('hex'),
    bytes,
    isIntact: read.has('sum') ? isManifestIntact(text) : undefined,
    release: read.string('release'),
    capturedAt: read.string('capturedAt'),
    complete: read.boolean('complete'),
    files: new Map(names.map((name) => [name, parseFile(file, name, files.object(name))])),
  }
}

function parseFile(file: string, name: string, read: Members): ManifestFile {
  if (name !== path.basename(name) || name === '' || name === '.' || name === '..')
    throw new FormatError(file, 0, `names '${name}', which is no file beside it`)
  const sizeBytes = read.number('sizeBytes')
  return read.has('sha256') ? { sizeBytes, sha256: read.string('sha256') } : { sizeBytes }
}
