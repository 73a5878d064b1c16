// The kernel log as a report has it.
import type { CrashKind } from '../../diagnose/crash_kind.ts'

/** The log: all of it, or its beginning and its end. */
export interface ReportLog {
  /** Lines there are. */
  readonly lineCount: number
  readonly lines: readonly ReportLogLine[]
  /** Lines left out, and before which of `lines`; 0 and 0 where all are here. */
  readonly omitted: number
  readonly omittedAt: number
  /** Where trouble begins. */
  readonly troubles: readonly ReportTrouble[]
}

/** A line of the log. */
export interface ReportLogLine {
  /** Since boot, as printed: `12.345678`. */
  readonly time: string
  /** 0 (emergency) to 7 (debug). */
  readonly level: number
  readonly text: string
}

/** A piece of trouble the log tells of. */
export interface ReportTrouble {
  readonly kind: CrashKind
  /** Index of its first line among all lines of the log, of which some may be left out of `lines`. */
  readonly line: number
  /** How many lines belong to it. */
  readonly lineCount: number
}
