// What a check of the doctor is, and what it is told of the machine. One check a file of checks/, all in checks.ts.
import type { Facts } from '../../platform/facts.ts'
import type { ArmPlan } from '../arm.ts'
import type { CrashState } from '../crash_sysfs.ts'
import type { KdumpConf } from '../config/kdump_conf_model.ts'
import type { ConfigurationResult } from '../config/read_configuration.ts'

/** How bad a finding is. */
export type Severity =
  /** No dump will be taken as things are. */
  | 'error'
  /** A dump may fail, or may not be all it should be. */
  | 'warning'
  /** Nothing is wrong; worth knowing when it comes to it. */
  | 'note'

/** Something the doctor has to say. */
export interface Finding {
  /** Stable name, the check's own where it has one kind of finding. */
  readonly id: string
  readonly severity: Severity
  /** One sentence, lower case, no period. */
  readonly title: string
  /** What was seen, and where. */
  readonly evidence: readonly string[]
  /** What to do; '' for a note. */
  readonly fix: string
}

/** The machine as checks see it; nothing here changes it. */
export interface Patient {
  readonly facts: Facts
  readonly crash: CrashState
  /** Release of the running kernel. */
  readonly release: string
  /** Words of the kernel's command line. */
  readonly cmdline: readonly string[]
  readonly memTotalBytes: number
  /** The configuration, or what is wrong with it; undefined if there is no file. */
  readonly configuration: ConfigurationResult | undefined
  /** The configuration, undefined if there is none that is right. */
  readonly conf: KdumpConf | undefined
  /** The capture image that is or would be loaded. */
  readonly image: string
  /** What `kbox start` would do; undefined if it would not get that far. */
  readonly plan: ArmPlan | undefined
  /** Why it would not, '' if it would. */
  readonly planProblem: string
}

/** One thing to look at. */
export interface Check {
  /** The ids of its findings. */
  readonly ids: readonly string[]
  /** One line, imperative, no period. */
  readonly summary: string
  /** @yields findings, the worst first; none where all is well */
  examine(patient: Patient): Iterable<Finding>
}
