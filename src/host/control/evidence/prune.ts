// Removing dumps that the configuration does not keep: each vanishes at once, under its name, before its files are deleted,
// so that no power failure leaves half a dump that looks like one.
import { lstatSync, renameSync, rmSync } from 'node:fs'
import path from 'node:path'
import { HostError } from '../../../core/base/errors.ts'
import { flush } from '../../platform/durable_file.ts'
import { listNames } from '../../platform/fact_tree.ts'
import { isSystemError } from '../../platform/file_error.ts'
import type { KdumpConf } from '../config/kdump_conf_model.ts'
import { planRetention, type Removal } from './retention.ts'
import { findDumpFolders, listDumps } from './saved_dumps.ts'

/** Before the name of a dump that is being deleted. */
const DOOMED = '.kbox-removed-'

/** How to prune. */
export interface PruneOptions {
  readonly isDryRun: boolean
  /** The clock. */
  readonly nowMs: number
  /** Where the machine's files are found. */
  readonly root?: string
  /** Note a removal before it happens. @throws {HostError} if it cannot be noted and must be: the dump stays */
  note(removal: Removal): void
}

/** What was done, or would be. */
export interface PruneResult {
  readonly removals: readonly Removal[]
  /** What was not, and why. */
  readonly notes: readonly string[]
}

/** Remove what is not kept. What cannot be removed is noted, and the rest still is. */
export function pruneDumps(conf: KdumpConf, options: PruneOptions): PruneResult {
  const done: Removal[] = []
  const notes: string[] = []
  for (const folder of findDumpFolders(conf, options.root)) {
    if (!options.isDryRun) notes.push(...finishRemovals(folder))
    const plan = planRetention(listDumps(folder), conf.retention, options.nowMs)
    notes.push(...plan.notes)
    for (const removal of plan.removals) {
      const { dump, why } = removal
      const problem = options.isDryRun
        ? ''
        : attemptIn(dump.directory, () => {
            options.note(removal)
            removeDump(folder, dump.name)
          })
      if (problem === '') done.push(removal)
      else notes.push(`${problem} (${why})`)
    }
  }
  return { removals: done, notes }
}

function removeDump(folder: string, name: string): void {
  const doomed = path.join(folder, `${DOOMED}${name}`)
  renameSync(path.join(folder, name), doomed)
  flush(folder)
  deleteFolder(doomed)
}

/** What a removal that was cut off has left. */
function finishRemovals(folder: string): string[] {
  return listNames(folder)
    .filter((name) => name.startsWith(DOOMED))
    .map((name) => path.join(folder, name))
    .map((doomed) => attemptIn(doomed, () => deleteFolder(doomed)))
    .filter((problem) => problem !== '')
}

/** A link of that name is somebody's trick: what it leads to is not ours. */
function deleteFolder(doomed: string): void {
  if (!lstatSync(doomed).isDirectory()) throw new HostError(`${doomed}: not a folder`, 'ENOTDIR')
  rmSync(doomed, { recursive: true })
}

/** @returns what went wrong, '' if nothing */
function attemptIn(directory: string, work: () => void): string {
  try {
    work()
    return ''
  } catch (error) {
    if (!(error instanceof HostError) && !isSystemError(error)) throw error
    return `${directory} was not removed: ${error.message}`
  }
}
