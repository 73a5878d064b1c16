// Runs every check. One that stumbles over odd facts is a finding too, and keeps no other from being made.
import { describeError } from '../../capture/step_log.ts'
import type { Finding, Patient, Severity } from './check.ts'
import { CHECKS } from './checks.ts'

const WORST_FIRST: readonly Severity[] = ['error', 'warning', 'note']

/** Examine a machine. @returns findings, the worst first, then in the order of the road */
export function examine(patient: Patient): Finding[] {
  let findings: Finding[] = []
  for (const check of CHECKS) {
    try {
      findings.push(...check.examine(patient))
    } catch (error) {
      findings.push({
        id: 'check-failed',
        severity: 'warning',
        title: `it could not be checked: ${check.summary}`,
        evidence: [describeError(error)],
        fix: 'report it, with what kbox doctor --export writes',
      })
    }
  }
  // What a check has explained need not be told again in the words of a start.
  const isExplained = findings.some(
    ({ id, severity }) => severity === 'error' && id !== 'start-fails',
  )
  if (isExplained) findings = findings.filter(({ id }) => id !== 'start-fails')
  const rank = ({ severity }: Finding): number => WORST_FIRST.indexOf(severity)
  return findings.sort((a, b) => rank(a) - rank(b))
}
