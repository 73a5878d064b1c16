// What a kernel built to find mistakes found: KASAN, KFENCE, KMSAN and UBSAN say where, and of which memory. Source:
// mm/kasan/report.c, mm/kfence/report.c, lib/ubsan.c.
import type { CrashKind } from '../crash_kind.ts'
import { symbolCulprit } from '../blame.ts'
import { isBlamable } from '../known_functions.ts'
import { functionText, inCulprit } from '../frame_text.ts'
import { atMost } from '../incident.ts'
import type { Culprit, Evidence, Rule } from '../rule.ts'
import { parseSanitizerReport, type SanitizerReport } from '../sanitizer_report.ts'
import type { Scene } from '../scene.ts'
import type { PrintedSymbol } from '../trouble.ts'

export const sanitizer: Rule = {
  name: 'sanitizer',
  summary: 'a report of KASAN, KFENCE, KMSAN or UBSAN',
  needs: ['symbols', 'log'],
  *find(scene) {
    for (const { fault, role, explains, limit } of scene.incidents) {
      const { trouble } = fault
      const report = trouble && parseSanitizerReport(scene.lines, trouble)
      if (!trouble || !report) continue
      const culprit = culpritFrom(scene, report)
      const { tool, what, place, details } = report
      const at = place === '' ? inCulprit(culprit) : ` at ${place}${inCulprit(culprit)}`
      yield {
        kind: trouble.kind,
        role,
        title: `${tool} found ${what.replaceAll('-', ' ')}${at}`,
        confidence: atMost('certain', limit),
        evidence: [
          { text: `the log says: ${trouble.line}`, command: 'log' },
          ...details.map((text) => ({ text: `it says: ${text.trim()}`, command: 'log' })),
          ...stackEvidence('allocated', report.allocated),
          ...stackEvidence('freed', report.freed),
        ],
        refutedBy: [
          'an earlier report in the log: only the first is sure to be no result of another',
        ],
        culprit,
        next: nextSteps(report),
        explains: [...resultsOf(trouble.kind), ...explains],
      }
    }
  },
}

function culpritFrom(
  { program }: Scene,
  { where, access, place }: SanitizerReport,
): Culprit | null {
  const symbol = [...(where ? [where] : []), ...access].find(isBlamable)
  if (!symbol) return null
  return { ...symbolCulprit(program, symbol), source: place.replace(/:\d+$/, '') }
}

function stackEvidence(verb: string, stack: readonly PrintedSymbol[]): Evidence[] {
  const callers = stack.filter(isBlamable).slice(0, 3)
  if (callers.length === 0) return []
  const text = `${verb} by ${callers.map((symbol) => functionText(symbol)).join(' < ')}`
  return [{ text, command: 'log' }]
}

function nextSteps({ freed, allocated }: SanitizerReport) {
  const owner = [...freed, ...allocated].find(isBlamable)
  return [
    ...(owner
      ? [{ text: `see what ${functionText(owner)} leaves pointing to the object`, command: '' }]
      : []),
    { text: 'read the whole report', command: 'log' },
  ]
}

/** What memory that is written or read wrongly leads to. */
function resultsOf(kind: CrashKind): CrashKind[] {
  return kind === 'warning'
    ? ['panic']
    : ['warning', 'panic', 'general-protection', 'bad-address', 'null-dereference']
}
