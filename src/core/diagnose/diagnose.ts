// Runs the rules over a crashed kernel and puts what they find in order: the cause first.
import { KdumpError } from '../base/errors.ts'
import { earlierTrouble } from './earlier_trouble.ts'
import { CONFIDENCES, type Finding, type FindingRole, type Rule } from './rule.ts'
import { RULES } from './rules.ts'
import type { Scene } from './scene.ts'

/** A finding, and which rule it is of. */
export interface RuledFinding extends Finding {
  readonly rule: string
}

/** A rule that could not look, or not to its end. */
export interface RuleProblem {
  readonly rule: string
  readonly why: string
}

/** All that was found. */
export interface Diagnosis {
  /** In the order a reader wants them: causes, the deepest first, then the rest. */
  readonly findings: readonly RuledFinding[]
  /** Why the kernel died: the first of `findings` if it is a cause; null if no rule knows. */
  readonly verdict: RuledFinding | null
  readonly problems: readonly RuleProblem[]
}

/** What is told last has the name of no rule. */
const EARLIER_TROUBLE = 'earlier-trouble'
/** Findings of one rule: more say nothing. */
const FINDINGS_MAX = 50

/** Diagnose a crash. Never throws for what the dump lacks. */
export function diagnose(scene: Scene, rules: readonly Rule[] = RULES): Diagnosis {
  const findings: RuledFinding[] = []
  const problems: RuleProblem[] = []
  for (const rule of rules) {
    const missing = rule.needs.filter((need) => !has(scene, need))
    if (missing.length > 0) {
      problems.push({ rule: rule.name, why: `the dump has no ${missing.join(', no ')}` })
      continue
    }
    try {
      let count = 0
      for (const finding of rule.find(scene)) {
        findings.push({ ...finding, rule: rule.name })
        if (++count === FINDINGS_MAX) break
      }
    } catch (error) {
      // RangeError: a number of the dump that is too large to be one.
      if (!(error instanceof KdumpError || error instanceof RangeError)) throw error
      problems.push({ rule: rule.name, why: error.message })
    }
  }
  for (const finding of earlierTrouble(scene, findings))
    findings.push({ ...finding, rule: EARLIER_TROUBLE })
  const ordered = orderFindings(withoutRepeated(findings))
  const [first] = ordered
  return { findings: ordered, verdict: first?.role === 'cause' ? first : null, problems }
}

/** Without causes that are only another word for one that was found of the same fault: the BUG() of a double free. */
function withoutRepeated(findings: readonly RuledFinding[]): RuledFinding[] {
  return findings.filter(
    (finding) =>
      finding.fault === undefined ||
      !findings.some(
        (other) =>
          other.fault === finding.fault && other.role === finding.role && isDeeper(other, finding),
      ),
  )
}

/** Does one finding explain another, and not the other it? */
function isDeeper(finding: Finding, other: Finding): boolean {
  return (
    finding.confidence !== 'possible' &&
    finding.explains.includes(other.kind) &&
    !other.explains.includes(finding.kind)
  )
}

function has({ program, lines }: Scene, need: Rule['needs'][number]): boolean {
  if (need === 'log') return lines.length > 0
  return need === 'symbols'
    ? program.kernelSymbols !== undefined
    : program.kernelTypes !== undefined
}

const ROLES: readonly FindingRole[] = ['cause', 'context', 'earlier', 'state']

/**
 * Put findings in order: by role; among causes those that another explains come behind it; then by confidence; else as
 * the rules gave them.
 */
export function orderFindings(findings: readonly RuledFinding[]): RuledFinding[] {
  const isExplained = (finding: RuledFinding): boolean =>
    findings.some((other) => other.role === 'cause' && isDeeper(other, finding))
  const rank = (finding: RuledFinding): number =>
    ROLES.indexOf(finding.role) * 100 +
    (finding.role === 'cause' && isExplained(finding) ? 10 : 0) +
    CONFIDENCES.indexOf(finding.confidence)
  return findings.toSorted((a, b) => rank(a) - rank(b))
}
