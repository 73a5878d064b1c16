// What earlier crashes left: captures that failed, dumps that pile up.
import { findLastCrash } from '../../after/last_crash.ts'
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
    yield* lastFailed(patient, conf.path)
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

function* lastFailed({ facts }: Patient, folder: string): Generator<Finding> {
  const last = findLastCrash(folder, facts.root)
  if (!last || last.outcome === 'saved') return
  yield {
    id: 'last-capture-failed',
    severity: 'warning',
    title: `of the last crash, ${last.at}, not all was saved`,
    evidence: [
      last.failedStep === '' ? `outcome: ${last.outcome}` : `${last.failedStep}: ${last.why}`,
      ...(last.directory === '' ? [] : [last.directory]),
    ],
    fix: last.advice === '' ? "'kbox last' tells its steps" : last.advice,
  }
}
