// The folder of a dump against its manifest: is every file that was recorded there, as it was, and is there anything else?
import { lstatSync, readdirSync } from 'node:fs'
import path from 'node:path'
import { HostError } from '../../../core/base/errors.ts'
import type { ManifestFile } from '../../capture/capture_manifest.ts'
import { hashFile } from '../load/image_manifest.ts'
import { type DumpManifest, MANIFEST, readManifest } from './dump_manifest.ts'

/** How a recorded file is found: `unsummed` has the right size, and no sum was recorded for it. */
export type FileState = 'same' | 'unsummed' | 'missing' | 'size' | 'sum' | 'no-file'

/** One recorded file. */
export interface CheckedFile extends ManifestFile {
  readonly name: string
  readonly state: FileState
  /** What it has, where that is not what was recorded; '' else. */
  readonly found: string
}

/** A file that no manifest names. */
export interface ExtraFile {
  readonly name: string
  /** Why it may be there; '' where nothing of ours writes it. */
  readonly why: string
}

/** What was found. */
export interface CheckedFolder {
  readonly manifest: DumpManifest
  readonly files: readonly CheckedFile[]
  readonly extras: readonly ExtraFile[]
}

/** What is written beside a dump after the manifest, which therefore does not name it. */
const LATER: readonly (readonly [name: RegExp, why: string])[] = [
  [/^kbox\.json\.sig$/, 'signature of the manifest'],
  [/^report\.(txt|json|html|md)$/, 'report, made after the boot'],
  [/^report\.begun$/, 'mark that a report was begun after the boot'],
  [/^pinned$/, "mark of 'kbox pin'"],
  [/^vmcore(\.flat(\.age)?)?\.complete$/, 'note of an HTTP upload that could not be renamed'],
]

/**
 * Check a folder.
 *
 * @throws {HostError} if there is no manifest
 * @throws {FormatError} if the manifest is none that we write
 */
export function verifyFolder(directory: string): CheckedFolder {
  const names = readdirSync(directory).toSorted()
  const manifest = readManifest(directory)
  if (!manifest) throw new HostError(`${directory}: no ${MANIFEST} to check it against`, 'ENOENT')
  const files = [...manifest.files].map(([name, recorded]) => checkFile(directory, name, recorded))
  const { isIntact, bytes } = manifest
  if (isIntact === false) {
    const found = 'not the sum that it has of itself'
    files.unshift({ name: MANIFEST, sizeBytes: bytes.length, state: 'sum', found })
  }
  const extras = names
    .filter((name) => !manifest.files.has(name) && name !== MANIFEST)
    .map((name) => ({ name, why: LATER.find(([known]) => known.test(name))?.[1] ?? '' }))
  return { manifest, files, extras }
}

/** Is nothing changed, missing or added that cannot be explained? */
export function isUnchanged({ files, extras }: CheckedFolder): boolean {
  const isGood = ({ state }: CheckedFile): boolean => state === 'same' || state === 'unsummed'
  return files.every(isGood) && extras.every(({ why }) => why !== '')
}

function checkFile(directory: string, name: string, recorded: ManifestFile): CheckedFile {
  const file = path.join(directory, name)
  const stat = lstatSync(file, { throwIfNoEntry: false })
  const say = (state: FileState, found = ''): CheckedFile => ({ name, ...recorded, state, found })
  if (!stat) return say('missing')
  // A link would have another file's sum taken for it.
  if (!stat.isFile()) return say('no-file', 'not a regular file')
  if (stat.size !== recorded.sizeBytes) return say('size', `${stat.size} bytes`)
  if (recorded.sha256 === undefined) return say('unsummed')
  const { sha256 } = hashFile(file)
  return sha256 === recorded.sha256 ? say('same') : say('sum', sha256)
}
