// The last crash: pieced together from breadcrumbs, from the manifest beside the newest dump, and from what an earlier
// collection noted. Everything is read below a root, so that a copied tree tells the same.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { KdumpError } from '../../../core/base/errors.ts'
import { Members } from '../../platform/members.ts'
import { readBootId, readCrumbFiles } from './breadcrumb_file.ts'
import { crashOfCrumbs } from './crash_of_crumbs.ts'
import { crashOfManifest } from './crash_of_manifest.ts'

/** One step of the recorder; `ms` is undefined for one that never ended. */
export interface LastStep {
  readonly name: string
  readonly ms: number | undefined
  readonly ok: boolean
  readonly error: string
}

/** What became of the last crash. `kbox last --json` prints it. */
export interface LastCrash {
  readonly version: 1
  /** All of the dump; a part of it; the log only; nothing. */
  readonly outcome: 'saved' | 'partial' | 'log' | 'lost'
  /** ISO 8601; when the machine was armed, where the crash itself left no trace. */
  readonly at: string
  readonly release: string
  /** As kdump.conf would write it; '' where none was reached. */
  readonly target: string
  /** Folder of the dump: on this machine where it begins with '/', else as the target calls it; '' for none. */
  readonly directory: string
  /** vmcore or what there is of it, '' for none. */
  readonly dump: string
  readonly steps: readonly LastStep[]
  /** The step that cost the dump, '' if none did. */
  readonly failedStep: string
  readonly why: string
  /** What to do, '' if nothing. */
  readonly advice: string
}

/** Where a collection notes what it found. */
export const LAST_CRASH_FILE = '/var/lib/kdump/last-crash.json'

/** Find the last crash, undefined if none is known. @param root where var/, boot/ and proc/ are found */
export function findLastCrash(dumpPath: string, root = '/'): LastCrash | undefined {
  const bootId = readBootId(root)
  const candidates = [
    ...readCrumbFiles(dumpPath, root).map(({ content }) => crashOfCrumbs(content, bootId)),
    readNoted(path.join(root, LAST_CRASH_FILE)),
  ].filter((crash) => crash !== undefined)
  const dumps = listDumps(path.join(root, dumpPath))
  const newest = dumps.at(-1)
  if (newest) candidates.push(newest)
  const last = candidates.toSorted((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0)).at(-1)
  return last && withRoot(withDump(last, dumps), root)
}

/** List the dumps below a folder, oldest first. */
function listDumps(folder: string): LastCrash[] {
  if (!existsSync(folder)) return []
  return readdirSync(folder)
    .flatMap((name) => crashOfManifest(path.join(folder, name)) ?? [])
    .toSorted((a, b) => (a.at < b.at ? -1 : 1))
}

/** What breadcrumbs tell, and where the dump they tell of is: on this machine a folder has another name than in the capture kernel. */
function withDump(crash: LastCrash, dumps: readonly LastCrash[]): LastCrash {
  const name = path.basename(crash.directory)
  const dump = dumps.find(({ directory }) => name !== '' && path.basename(directory) === name)
  return dump ? { ...crash, directory: dump.directory, dump: dump.dump } : crash
}

function withRoot(crash: LastCrash, root: string): LastCrash {
  const top = path.resolve(root)
  if (top === '/' || !crash.directory.startsWith(`${top}/`)) return crash
  return { ...crash, directory: crash.directory.slice(top.length) }
}

function readNoted(file: string): LastCrash | undefined {
  try {
    return parseLastCrash(file, readFileSync(file, 'utf8'))
  } catch (error) {
    if (error instanceof KdumpError || (error instanceof Error && 'errno' in error))
      return undefined
    throw error
  }
}

/** Parse what a collection noted. @throws {FormatError} naming the member that is missing or of the wrong kind */
export function parseLastCrash(file: string, text: string): LastCrash {
  const read = Members.parse(file, text)
  return {
    version: 1,
    outcome: read.oneOf('outcome', ['saved', 'partial', 'log', 'lost']),
    at: read.string('at'),
    release: read.string('release'),
    target: read.string('target'),
    directory: read.string('directory'),
    dump: read.string('dump'),
    steps: read.objects('steps').map((step) => ({
      name: step.string('name'),
      ms: step.has('ms') ? step.number('ms') : undefined,
      ok: step.boolean('ok'),
      error: step.string('error'),
    })),
    failedStep: read.string('failedStep'),
    why: read.string('why'),
    advice: read.string('advice'),
  }
}
