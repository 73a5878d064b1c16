// What kbox installed, noted beside it: so that an update knows its own files from others', and uninstall takes no more.
import { createHash } from 'node:crypto'
import { lstatSync, readFileSync, readlinkSync } from 'node:fs'
import path from 'node:path'
import { HostError } from '../../../core/base/errors.ts'
import type { InstallItem, UnitName } from './layout.ts'
import { libraryFolder } from './layout.ts'

/** One file that was installed. */
export interface RecordedFile {
  /** Below the root, without a leading slash. */
  readonly path: string
  /** See fingerprint(). */
  readonly fingerprint: string
  readonly role: InstallItem['role']
}

/** An installation. */
export interface InstallRecord {
  readonly version: 1
  /** As `kbox --version` prints it. */
  readonly kbox: string
  readonly unit: UnitName
  readonly files: readonly RecordedFile[]
}

const RECORD_NAME = 'installed.json'

/** Name the record's file, below the root. */
export function recordPath(prefix: string): string {
  return path.join(libraryFolder(prefix), RECORD_NAME)
}

/**
 * Read the record of an installation.
 *
 * @returns undefined if kbox is not installed there
 * @throws {HostError} if it is no record: nothing may be removed then
 */
export function readRecord(root: string, prefix: string): InstallRecord | undefined {
  const file = path.join(root, recordPath(prefix))
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch {
    return undefined
  }
  const record = parseRecord(text)
  if (record) return record
  throw new HostError(
    `${file} is no record of an installation: move it away and install again, or remove kbox by hand`,
  )
}

/** Parse a record; undefined for anything else, such as one with a path that leads out of the root. */
export function parseRecord(text: string): InstallRecord | undefined {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return undefined
  }
  if (!isObject(value)) return undefined
  const { version, kbox, unit, files } = value
  if (version !== 1 || typeof kbox !== 'string' || !Array.isArray(files)) return undefined
  if (unit !== 'kdump.service' && unit !== 'kbox.service') return undefined
  const parsed = files.map(parseFile)
  if (parsed.includes(undefined)) return undefined
  return { version, kbox, unit, files: parsed.filter((file) => file !== undefined) }
}

function parseFile(value: unknown): RecordedFile | undefined {
  if (!isObject(value)) return undefined
  const { path: file, fingerprint, role } = value
  if (typeof file !== 'string' || typeof fingerprint !== 'string') return undefined
  if (role !== 'program' && role !== 'config' && role !== 'courtesy') return undefined
  if (file === '' || path.isAbsolute(file) || path.normalize(file) !== file) return undefined
  if (file.split('/').includes('..')) return undefined
  return { path: file, fingerprint, role }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}

/** Tell what an item will be: `sha256:…` of a file's content, `link:TARGET` of a link. */
export function fingerprintOfItem(item: InstallItem): string {
  switch (item.kind) {
    case 'link':
      return `link:${item.target}`
    case 'text':
      return hash(item.text)
    case 'copy':
      return hash(readFileSync(item.source))
  }
}

/** Tell what lies at a path, in the same words; undefined if nothing does. */
export function fingerprint(file: string): string | undefined {
  const found = lstatSync(file, { throwIfNoEntry: false })
  if (!found) return undefined
  if (found.isSymbolicLink()) return `link:${readlinkSync(file)}`
  return found.isFile() ? hash(readFileSync(file)) : 'other'
}

function hash(content: string | Uint8Array): string {
  return `sha256:${createHash('sha256').update(content).digest('hex')}`
}
