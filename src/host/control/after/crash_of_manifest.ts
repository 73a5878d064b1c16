// What kbox.json beside a dump tells of its crash.
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { KdumpError } from '../../../core/base/errors.ts'
import { Members } from '../../platform/members.ts'
import { SEALED_DUMP } from '../../target/sealed_directory.ts'
import { adviseOn } from './crash_advice.ts'
import { findFailedStep } from './failed_step.ts'
import type { LastCrash } from './last_crash.ts'

/** What a dump may be called, whole or not. */
export const DUMPS = ['vmcore', 'vmcore.flat', SEALED_DUMP].flatMap((name) => [
  name,
  `${name}-incomplete`,
])

/** Read the manifest of a dump's folder; undefined where there is none that can be read. */
export function crashOfManifest(directory: string): LastCrash | undefined {
  const file = path.join(directory, 'kbox.json')
  try {
    return parse(directory, Members.parse(file, readFileSync(file, 'utf8')))
  } catch (error) {
    if (error instanceof KdumpError || (error instanceof Error && 'errno' in error))
      return undefined
    throw error
  }
}

function parse(directory: string, read: Members): LastCrash {
  const isComplete = read.boolean('complete')
  const steps = read.objects('steps').map((step) => ({
    name: step.string('name'),
    ms: step.number('ms'),
    ok: step.boolean('ok'),
    error: step.string('error'),
  }))
  const files = read.object('files')
  const dump = DUMPS.find((name) => files.has(name)) ?? ''
  const failed = isComplete ? undefined : findFailedStep(steps)
  // Written once before the dump and once at the end: what is in between is not in it.
  const why = failed?.error ?? 'the recorder did not come to its end'
  return {
    version: 1,
    outcome: isComplete ? 'saved' : dump === '' ? 'log' : 'partial',
    at: read.string('capturedAt'),
    release: read.string('release'),
    target: read.string('target'),
    directory,
    dump,
    steps,
    failedStep: isComplete ? '' : (failed?.name ?? 'dump'),
    why: isComplete ? '' : why,
    advice: isComplete ? '' : adviseOn(failed?.name ?? 'dump', why),
  }
}
