// The story of a crash as data. Its JSON is an interface: a change of meaning or a removal raises REPORT_VERSION, and
// docs/report.schema.json is written from the types of this file and of model/ (`npm run docs`).
import type { MachineState } from '../diagnose/machine_state.ts'
import type { Signature } from '../diagnose/signature.ts'
import type { ReportCompleteness, ReportTiming } from './model/completeness_model.ts'
import type { ReportCrash, ReportFault } from './model/crash_model.ts'
import type { ReportFinding, ReportVerdict } from './model/finding_model.ts'
import type { ReportLog } from './model/log_model.ts'
import type { ReportBacktrace, ReportCpu, ReportStacks } from './model/stack_model.ts'
import type { ReportModule, ReportSystem } from './model/system_model.ts'
import type { ReportFile, ReportTasks } from './model/task_model.ts'
import type { ReportWaits } from './model/wait_model.ts'

/** Version of the JSON; docs/report_changelog.md says what changed. */
export const REPORT_VERSION = 2

/** All of a report. What the dump cannot give is null, and `completeness.problems` says why. */
export interface Report {
  readonly version: typeof REPORT_VERSION
  /** Why the machine died, in one sentence. */
  readonly verdict: ReportVerdict
  /** What the rules found: causes first, the deepest first, then context, earlier trouble and state. */
  readonly findings: readonly ReportFinding[]
  /** What the crash is known by; null if nothing in it is to be relied on. */
  readonly signature: Signature | null
  readonly system: ReportSystem
  readonly crash: ReportCrash
  /** Faults that the kernel took, oldest first; the fatal one last. */
  readonly faults: readonly ReportFault[]
  /** Of the task that panicked. */
  readonly backtrace: ReportBacktrace | null
  /** What every CPU did. */
  readonly cpus: readonly ReportCpu[] | null
  /** Who waits for what, and who holds it. */
  readonly waits: ReportWaits | null
  /** Memory, CPUs, I/O in flight, network, turning points of the log. */
  readonly state: MachineState | null
  /** The stacks of all tasks, equal ones together. */
  readonly stacks: ReportStacks | null
  readonly tasks: ReportTasks | null
  /** Open files of the panicking process. */
  readonly files: readonly ReportFile[] | null
  readonly modules: readonly ReportModule[] | null
  readonly log: ReportLog | null
  readonly completeness: ReportCompleteness
  readonly timings: readonly ReportTiming[]
}
