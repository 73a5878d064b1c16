// Would `kbox start` get as far as loading? It is planned here by the same code, and what it would warn of is told.
import type { Check } from '../check.ts'

/** The plan of a start. */
export const start: Check = {
  ids: ['start-fails', 'start-warns'],
  summary: 'plan a start',
  *examine({ plan, planProblem }) {
    if (planProblem !== '') {
      yield {
        id: 'start-fails',
        severity: 'error',
        title: "'kbox start' would fail",
        evidence: [planProblem],
        fix: 'the message says what to do',
      }
    }
    // Space is looked at more closely by another check.
    const warnings = (plan?.warnings ?? []).filter((text) => !text.includes('enough space'))
    if (warnings.length === 0) return
    yield {
      id: 'start-warns',
      severity: 'warning',
      title: "'kbox start' has doubts",
      evidence: warnings,
      fix: 'see each',
    }
  },
}
