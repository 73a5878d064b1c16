// A WARN() on a machine that panics of warnings. Source: kernel/panic.c __warn(), check_panic_on_warn().
import { blame } from '../blame.ts'
import { checkEvidence, checkPlace, failedCheck } from '../failed_check.ts'
import { inCulprit } from '../frame_text.ts'
import type { Evidence, Rule } from '../rule.ts'
import type { Scene } from '../scene.ts'

/** A check that a rule of its own knows more of. */
const OF_OTHER_RULES = /^(?:refcount_warn_saturate|__list_(?:add|del)_)/

export const warning: Rule = {
  name: 'warning',
  summary: 'a WARN() in the code, on a machine that panics of warnings',
  needs: ['symbols'],
  *find(scene) {
    for (const { fault, index, role, explains } of scene.incidents) {
      const check = failedCheck(scene, fault)
      // Warnings that were survived are told together, elsewhere.
      if (!check?.isWarning || !fault.isFatal) continue
      const kind = fault.trouble?.kind ?? 'warning'
      if (kind !== 'warning' || OF_OTHER_RULES.test(fault.frames[0]?.name ?? '')) continue
      const culprit = blame(scene.program, fault.frames)
      const place = checkPlace(check)
      const said = check.message === '' ? '' : `: ${check.message}`
      yield {
        kind: 'warning',
        role,
        title: `WARN at ${place} was hit${inCulprit(culprit)}, and warnings panic${said}`,
        confidence: 'certain',
        evidence: [...checkEvidence(scene.program, fault, check), ...panicEvidence(scene)],
        refutedBy: ['an earlier report in the log, of which this check only saw the result'],
        culprit: culprit && { ...culprit, source: place },
        next: [
          { text: `read the condition of the WARN() at ${place}`, command: '' },
          { text: 'see who called it', command: 'bt' },
          { text: 'let warnings pass: kernel.panic_on_warn=0', command: '' },
        ],
        explains,
        ...(index === undefined ? {} : { fault: index }),
      }
    }
  },
}

/** panic() clears the variable panic_on_warn, so that its own warnings do not panic again: only its words tell. */
function panicEvidence({ panicReason }: Scene): Evidence[] {
  return panicReason === '' ? [] : [{ text: `panic: ${panicReason}`, command: 'log' }]
}
