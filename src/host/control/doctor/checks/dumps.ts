// What earlier crashes left: captures that failed, dumps that pile up.
import type { Check, Finding, Patient } from '../check.ts'

/** More dumps than one looks at. */
const DUMPS_MAX = 10
const DUMP_FOLDER = /-\d{4}-\d\d-\d\d-/

/** Dumps that are there. */
export const dumps: Check = {
  ids: ['last-capture-failed', 'retention'],
  summary: 'look at the dumps that are there',
  *examine(patient) {
    const { facts, conf } = patient
    const [place] = conf?.targets ?? []
    if (!conf || place?.kind !== 'path') return
    const folders = facts.names(conf.path).filter((name) => DUMP_FOLDER.test(name))
    yield* lastFailed(patient, conf.path, folders)
    if (folders.length <= DUMPS_MAX) return
    yield {
      id: 'retention',
      severity: 'warning',
      title: `${folders.length} dumps are kept, and nothing removes the old ones`,
      evidence: [`${conf.path}: ${folders[0]} to ${folders.at(-1)}`],
      fix: 'move or remove what is not needed any more',
    }
  },
}

function* lastFailed(
  { facts }: Patient,
  folder: string,
  names: readonly string[],
): Generator<Finding> {
  const stamp = (name: string): string => name.slice(name.search(DUMP_FOLDER) + 1)
  const newest = names.toSorted((a, b) => (stamp(a) < stamp(b) ? -1 : 1)).at(-1)
  if (newest === undefined) return
  const files = facts.names(`${folder}/${newest}`)
  const unfinished = files.find(
    (name) => name.endsWith('-incomplete') || name.endsWith('-incomplete.txt'),
  )
  if (unfinished === undefined) return
  yield {
    id: 'last-capture-failed',
    severity: 'warning',
    title: 'the last crash was not recorded whole',
    evidence: [`${folder}/${newest}/${unfinished}`],
    fix: "'kbox last' says which step failed and why",
  }
}
