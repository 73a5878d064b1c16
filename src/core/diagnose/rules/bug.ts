// A BUG() or BUG_ON() that stopped the kernel. Which one it was, the kernel's table of checks says, even if the log is lost.
// Source: include/asm-generic/bug.h, lib/bug.c report_bug().
import { formatAddress } from '../../base/hex.ts'
import { blame } from '../blame.ts'
import { checkEvidence, checkPlace, failedCheck } from '../failed_check.ts'
import type { Fault } from '../fault.ts'
import { inCulprit } from '../frame_text.ts'
import type { NextStep, Rule } from '../rule.ts'

/** Checks that a rule of their own knows more of. */
const OF_OTHER_RULES = /^__list_(?:add|del)_/

export const bug: Rule = {
  name: 'bug',
  summary: 'a BUG() in the code, with its file and line',
  needs: ['symbols'],
  *find(scene) {
    for (const { fault, index, role, explains } of scene.incidents) {
      const check = failedCheck(scene, fault)
      if (!check || check.isWarning) continue
      const kind = fault.trouble?.kind ?? 'bug'
      if (kind !== 'bug' || OF_OTHER_RULES.test(fault.frames[0]?.name ?? '')) continue
      const culprit = blame(scene.program, fault.frames)
      const place = checkPlace(check)
      const said = check.message === '' ? '' : `: ${check.message}`
      yield {
        kind: 'bug',
        role,
        title: `BUG at ${place} was hit${inCulprit(culprit)}${said}`,
        confidence: 'certain',
        evidence: checkEvidence(scene.program, fault, check),
        refutedBy: [
          'an earlier oops or report in the log, of which this check only saw the result',
        ],
        culprit: culprit && { ...culprit, source: place },
        next: nextSteps(fault, place),
        explains,
        ...(index === undefined ? {} : { fault: index }),
      }
    }
  },
}

function nextSteps({ ip }: Fault, place: string): NextStep[] {
  const read = { text: `read the condition of the BUG() at ${place}`, command: '' }
  const caller = { text: 'see who called it, and with which registers', command: 'bt' }
  if (ip === undefined) return [read, caller]
  const compared = { text: 'see what was compared', command: `dis -r ${formatAddress(ip)}` }
  return [read, compared, caller]
}
