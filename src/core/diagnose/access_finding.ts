// A finding of a refused access: what all rules of faults by address say alike.
import { blame } from './blame.ts'
import { accessEvidence, hex } from './access_text.ts'
import type { FaultingAccess } from './faulting_access.ts'
import { atMost } from './incident.ts'
import type { PointerTale } from './pointer_tale.ts'
import type { Confidence, Evidence, Finding, NextStep } from './rule.ts'
import type { Scene } from './scene.ts'

/** What a rule adds. */
export interface AccessVerdict {
  readonly kind: Finding['kind']
  readonly title: string
  readonly confidence: Confidence
  /** Stronger than what the access itself shows. */
  readonly evidence?: readonly Evidence[]
  readonly refutedBy: readonly string[]
  readonly next?: readonly NextStep[]
  readonly explains?: Finding['explains']
  /** Who is to blame, where it is not who made the access. */
  readonly culprit?: Finding['culprit']
}

/** Make a finding of it. */
export function accessFinding(
  scene: Scene,
  access: FaultingAccess,
  tale: PointerTale,
  verdict: AccessVerdict,
): Finding {
  const { role, explains, index, limit } = access.incident
  const { fault } = access
  return {
    kind: verdict.kind,
    role,
    title: verdict.title,
    confidence: atMost(verdict.confidence, limit),
    evidence: [...(verdict.evidence ?? []), ...accessEvidence(scene.program, access, tale)],
    refutedBy: verdict.refutedBy,
    culprit: verdict.culprit === undefined ? blame(scene.program, fault.frames) : verdict.culprit,
    next: [...(verdict.next ?? []), ...nextSteps(access, tale)],
    explains: [...(verdict.explains ?? []), ...explains],
    ...(index === undefined ? {} : { fault: index }),
  }
}

function nextSteps({ fault }: FaultingAccess, tale: PointerTale): NextStep[] {
  const steps: NextStep[] = [{ text: 'see all registers, and who called with what', command: 'bt' }]
  if (fault.ip !== undefined && fault.frames[0]?.name !== null)
    steps.push({ text: 'read the code up to the fault', command: `dis -r ${hex(fault.ip)}` })
  if (tale.place !== undefined)
    steps.push({ text: 'see what held the pointer', command: `rd ${hex(tale.place)} 8` })
  return steps
}
