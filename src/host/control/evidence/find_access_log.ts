// Whether what is done with a file is noted: it is where the machine's configuration names a log and the file lies among the
// dumps of that configuration. A dump that was copied to somebody's desk is nobody's business.
import { realpathSync } from 'node:fs'
import path from 'node:path'
import { attempt } from '../../../core/base/errors.ts'
import type { ConfAccessLog } from '../config/kdump_conf_model.ts'
import { readConfiguration } from '../config/read_configuration.ts'
import { type AccessEvent, appendAccess } from './access_log.ts'
import { readManifest } from './dump_manifest.ts'
import { findDumpFolders } from './saved_dumps.ts'

/** The log, and which of the files are to be noted in it. */
export interface FoundAccessLog extends ConfAccessLog {
  readonly noted: readonly string[]
}

/** Find the log of files or folders; undefined where none of them is noted. @param root where etc/ and the dumps are found */
export function findAccessLog(files: readonly string[], root = '/'): FoundAccessLog | undefined {
  const result = attempt(() => readConfiguration({ root, skipChecks: true }))
  if (result?.ok !== true) return undefined
  const { conf } = result.configuration
  if (conf.accessLog.file === '') return undefined
  const folders = findDumpFolders(conf, root)
  const noted = files.map(realPath).filter((file) => {
    return folders.some((folder) => file.startsWith(`${folder}/`))
  })
  const { file, isRequired } = conf.accessLog
  return noted.length === 0 ? undefined : { file: path.join(root, file), isRequired, noted }
}

/** Note what was done with each of the files. @throws {HostError} if that fails */
export function noteAccess(
  { file, noted }: FoundAccessLog,
  event: Omit<AccessEvent, 'dump' | 'manifest'>,
): void {
  for (const dump of noted) appendAccess(file, { ...event, dump, manifest: manifestOf(dump) })
}

/** Of the folder that is meant, or of the one that the file lies in. */
function manifestOf(dump: string): string {
  for (const folder of [dump, path.dirname(dump)]) {
    const manifest = attempt(() => readManifest(folder))
    if (manifest) return manifest.id
  }
  return ''
}

function realPath(file: string): string {
  try {
    return realpathSync(file)
  } catch {
    return path.resolve(file)
  }
}
