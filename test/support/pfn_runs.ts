// Runs of frames of a dump made by a test, from what it says of each.
import type { Dump, PfnRun } from '../../src/core/dump/dump_format.ts'

/** `pfnRuns()` of a dump that has `pageState()`. */
export function pfnRunsOf(
  { pfnEnd, pageState }: Pick<Dump, 'pfnEnd' | 'pageState'>,
  what: 'existing' | 'present',
): PfnRun[] {
  const runs: { start: number; end: number }[] = []
  for (let pfn = 0; pfn < pfnEnd; pfn++) {
    const state = pageState(pfn)
    if (state === 'absent' || (what === 'present' && state === 'excluded')) continue
    const last = runs.at(-1)
    if (last?.end === pfn) last.end = pfn + 1
    else runs.push({ start: pfn, end: pfn + 1 })
  }
  return runs
}
