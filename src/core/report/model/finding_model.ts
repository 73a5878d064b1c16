// What was found out about a crash, as a report has it: diagnose/rule.ts with addresses as text.
import type { CrashKind } from '../../diagnose/crash_kind.ts'
import type { Confidence, Culprit, FindingRole, NextStep } from '../../diagnose/rule.ts'
import type { HexText } from './hex_text.ts'
import type { ReportTaskTrace } from './stack_model.ts'

/** Why the machine died. */
export interface ReportVerdict {
  readonly kind: CrashKind
  /** One sentence, without a period. */
  readonly title: string
  /** null if no rule knows: then the kernel's own words and the innermost frames are all there is. */
  readonly confidence: Confidence | null
  readonly culprit: Culprit | null
  /** Index of the finding it is; null if no rule knows. */
  readonly finding: number | null
}

/** What one rule found. */
export interface ReportFinding {
  /** The rule's name. */
  readonly rule: string
  readonly kind: CrashKind
  readonly role: FindingRole
  /** One sentence, without a period. */
  readonly title: string
  readonly confidence: Confidence
  /** The strongest first. */
  readonly evidence: readonly ReportEvidence[]
  /** What, if seen, would show it wrong. */
  readonly refutedBy: readonly string[]
  readonly culprit: Culprit | null
  readonly next: readonly NextStep[]
  readonly explains: readonly CrashKind[]
  /** Stacks of the tasks that it is about, at most 8; [] where a fault, or the stack that panicked, tells of it. */
  readonly stacks: readonly ReportTaskTrace[]
  /** Index in `faults` of the one it is about. */
  readonly fault: number | null
}

/** One thing that speaks for a finding. */
export interface ReportEvidence {
  readonly text: string
  readonly address: HexText | null
  /** The command of `kbox crash` that shows it; '' if none does. */
  readonly command: string
  /** What lies at the address; null if it is not in the dump, or not the kernel's own memory. */
  readonly memory: ReportMemory | null
}

/** Bytes of kernel memory. */
export interface ReportMemory {
  /** Of the first byte. */
  readonly start: HexText
  /** Two digits a byte. */
  readonly hex: string
}
