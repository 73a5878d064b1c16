// Of several steps that failed, the one that cost the dump.
import type { LastStep } from './last_crash.ts'

/** Find it: what never ended, else the last that failed; a hook only where nothing else did. */
export function findFailedStep(steps: readonly LastStep[]): LastStep | undefined {
  const failed = steps.filter(({ ok, name }) => !ok && !isAfterwards(name))
  return (
    failed.findLast(({ ms }) => ms === undefined) ??
    failed.findLast(({ name }) => !isHook(name)) ??
    failed.at(-1)
  )
}

/** What is done because something has failed already. */
function isAfterwards(name: string): boolean {
  return name === 'breadcrumbs'
}

function isHook(name: string): boolean {
  return name.startsWith('hook ')
}
