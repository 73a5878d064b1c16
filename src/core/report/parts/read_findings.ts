// The diagnosis as a report has it: findings with addresses as text and the memory they point at, and the verdict.
import { attempt } from '../../base/errors.ts'
import { formatHex } from '../../base/hex.ts'
import { blame } from '../../diagnose/blame.ts'
import { CRASH_KIND_TITLES } from '../../diagnose/crash_kind.ts'
import type { Diagnosis, RuledFinding } from '../../diagnose/diagnose.ts'
import type { Culprit, Evidence } from '../../diagnose/rule.ts'
import type { Scene } from '../../diagnose/scene.ts'
import type { ReportEvidence, ReportFinding, ReportVerdict } from '../model/finding_model.ts'
import type { ReportTaskTrace } from '../model/stack_model.ts'
import { memoryWindow } from './memory_window.ts'
import { taskName, toBacktrace } from './read_stacks.ts'

/** Findings with evidence; memory windows beyond are null. */
const WINDOWS_MAX = 40
const STACKS_MAX = 8

/**
 * Turn findings into those of a report.
 *
 * @param firstFault which of the scene's faults is the report's first
 */
export function toFindings(
  scene: Scene,
  findings: readonly RuledFinding[],
  firstFault: number,
): ReportFinding[] {
  let windows = 0
  const toEvidence = ({ text, address, command }: Evidence): ReportEvidence => ({
    text,
    address: address === undefined ? null : formatHex(address),
    command,
    memory:
      address !== undefined && windows++ < WINDOWS_MAX
        ? memoryWindow(scene.program, address)
        : null,
  })
  return findings.map((finding) => {
    const { rule, kind, role, title, confidence, refutedBy, culprit, next, explains } = finding
    const { fault = -1, tasks = [] } = finding
    return {
      ...{ rule, kind, role, title, confidence },
      evidence: finding.evidence.map(toEvidence),
      ...{ refutedBy, culprit, next, explains },
      stacks: tasks.slice(0, STACKS_MAX).flatMap((address) => readStack(scene, address)),
      fault: fault < firstFault ? null : fault - firstFault,
    }
  })
}

function readStack(scene: Scene, address: bigint): ReportTaskTrace[] {
  const task = scene.program.objectAt<'task_struct'>('struct task_struct', address)
  const name = attempt(() => taskName(task))
  if (!name) return []
  return [{ ...name, address: formatHex(address), backtrace: toBacktrace(scene.trace(task)) }]
}

/** Say why the machine died; by the kernel's own words if no rule knows. */
export function readVerdict(scene: Scene, { verdict, findings }: Diagnosis): ReportVerdict {
  if (verdict) {
    const { kind, title, confidence, culprit } = verdict
    return { kind, title, confidence, culprit, finding: findings.indexOf(verdict) }
  }
  const { kind } = scene.words
  const culprit = blame(scene.program, scene.panicTrace.frames)
  return {
    kind,
    title: wordsTitle(CRASH_KIND_TITLES[kind], culprit),
    confidence: null,
    culprit,
    finding: null,
  }
}

function wordsTitle(title: string, culprit: Culprit | null): string {
  if (!culprit || culprit.function === null) return title
  return `${title} in ${culprit.function}${culprit.module === '' ? '' : ` [${culprit.module}]`}`
}
