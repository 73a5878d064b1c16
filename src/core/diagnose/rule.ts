// What a diagnosis is made of: rules that recognise a cause in a crashed kernel, and the findings they yield.
import type { CrashKind } from './crash_kind.ts'
import type { Scene } from './scene.ts'

/** One thing in the dump that speaks for a finding. */
export interface Evidence {
  /** What it shows, as half a sentence: `%rdi is 0, the first argument of ext4_read()`. */
  readonly text: string
  /** Where it lies; absent for what is no place, such as a line of the log. */
  readonly address?: bigint
  /** The crash command that shows it; '' if none does. */
  readonly command: string
}

/** Who is to blame, as far as the evidence goes. */
export interface Culprit {
  /** The function; null where no code is to blame. */
  readonly function: string | null
  /** Its module; '' for the kernel itself. */
  readonly module: string
  /** Letters of the module's taints, such as `OE`; '' for none. */
  readonly taints: string
  /** `drivers/md/dm.c:1234` as far as known; '' if not. */
  readonly source: string
  /** What is to blame besides code: `CPU 1, bank 4`, `PCI 0000:03:00.0`, `PID 812 "hog"`; '' for nothing. */
  readonly unit: string
}

/** What to do next. */
export interface NextStep {
  /** Half a sentence, imperative. */
  readonly text: string
  /** A command of `kbox crash`; '' for what is done elsewhere. */
  readonly command: string
}

/**
 * 'certain': the kernel said so itself, or its data allow nothing else; 'likely': the evidence fits nothing else we
 * know; 'possible': worth a look.
 */
export type Confidence = 'certain' | 'likely' | 'possible'

/** The surest first. */
export const CONFIDENCES: readonly Confidence[] = ['certain', 'likely', 'possible']

/**
 * 'cause': why the kernel died; 'context': where it happened, such as in an interrupt; 'earlier': trouble before it that
 * was survived, and has no known part in it; 'state': worth knowing of the machine.
 */
export type FindingRole = 'cause' | 'context' | 'earlier' | 'state'

/** What a rule found, for people and programs alike; rules never print. */
export interface Finding {
  readonly kind: CrashKind
  readonly role: FindingRole
  /** One sentence without a period, naming what is known: `NULL struct inode * (argument 1) read at i_sb in ext4_x()`. */
  readonly title: string
  readonly confidence: Confidence
  /** The strongest first. */
  readonly evidence: readonly Evidence[]
  /** What, if seen, would show the finding wrong; half sentences. */
  readonly refutedBy: readonly string[]
  readonly culprit: Culprit | null
  readonly next: readonly NextStep[]
  /**
   * Kinds that this explains: a cycle of locks explains 'hung-task'. Findings of those kinds come after this one, unless
   * this one is only 'possible'.
   */
  readonly explains: readonly CrashKind[]
  /**
   * Addresses of the tasks whose stacks tell of it: all of a cycle, the root of a blockage, what ran on a CPU that hung. The
   * signature is made of those; absent where a fault, or the stack that panicked, does.
   */
  readonly tasks?: readonly bigint[]
  /** Index in `scene.faults` of the fault it is about; absent if it is about none. */
  readonly fault?: number
}

/** A rule; one per file of rules/, listed in rules.ts. */
export interface Rule {
  readonly name: string
  readonly summary: string
  /** What the dump must have for the rule to run; the runner says which are missing. */
  readonly needs: readonly ('symbols' | 'types' | 'log')[]
  /**
   * Look for the cause. May throw KdumpError for what the dump lacks: what was yielded before counts.
   *
   * @yields findings, the most confident first; none when the cause is not there
   */
  find(scene: Scene): Iterable<Finding>
}
