// Folders as a capture leaves them, for tests of what is done with dumps afterwards.
import { createHash } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { formatManifest } from '../../src/host/capture/capture_manifest.ts'

/** What is in a folder. */
export interface DumpFolderRecipe {
  readonly name?: string
  readonly capturedAt?: string
  readonly complete?: boolean
  /** Contents by names. */
  readonly files?: Readonly<Record<string, string | Uint8Array>>
  /** False: the manifest alone is written. */
  readonly isWritten?: boolean
  /** False: the target could not tell any sum. */
  readonly hasSums?: boolean
}

/** Make a folder below `root`; returns its path. */
export function makeDumpFolder(root: string, recipe: DumpFolderRecipe = {}): string {
  const { files = { vmcore: 'DUMP' }, isWritten = true, hasSums = true } = recipe
  const { capturedAt = '2026-11-22T10:00:00.000Z', complete = true } = recipe
  const stamp = capturedAt.slice(0, 19).replace('T', '-')
  const folder = path.join(root, recipe.name ?? `127.0.0.1-${stamp}`)
  mkdirSync(folder, { recursive: true })
  const described = Object.entries(files).map(([name, content]) => {
    if (isWritten) writeFileSync(path.join(folder, name), content, { mode: 0o600 })
    const sha256 = createHash('sha256').update(content).digest('hex')
    return [name, { sizeBytes: content.length, ...(hasSums ? { sha256 } : {}) }]
  })
  const manifest = {
    ...{ version: 2, target: 'ext4 /dev/vda', release: '6.1.0-test', capturedAt, complete },
    ...{ steps: [], memAvailableMinBytes: 0, files: Object.fromEntries(described), dump: {} },
  }
  writeFileSync(path.join(folder, 'kbox.json'), formatManifest(manifest), { mode: 0o600 })
  return folder
}
