// The story of a crash as data. Its JSON is an interface: a change of meaning or a removal raises REPORT_VERSION.
import type { CrashKind } from '../diagnose/crash_kind.ts'

/** Version of the JSON; docs/report_changelog.md says what changed. */
export const REPORT_VERSION = 1

/** An address or a mask: `0x…`, since JSON's numbers are too small. */
export type HexText = string

/** All of a report. What the dump cannot give is null, and `completeness.problems` says why. */
export interface Report {
  readonly version: typeof REPORT_VERSION
  readonly system: ReportSystem
  readonly crash: ReportCrash
  readonly backtrace: ReportBacktrace | null
  readonly culprit: ReportCulprit | null
  readonly tasks: ReportTasks | null
  /** Open files of the panicking process. */
  readonly files: readonly ReportFile[] | null
  readonly log: ReportLog | null
  readonly completeness: ReportCompleteness
  readonly timings: readonly ReportTiming[]
}

/** The machine. */
export interface ReportSystem {
  readonly release: string
  /** `uname -v`. */
  readonly kernelVersion: string | null
  readonly nodename: string | null
  readonly machine: string
  readonly cpus: number | null
  readonly memoryBytes: number | null
  /** Seconds since 1970. */
  readonly crashTime: number | null
  readonly uptimeSeconds: number | null
  readonly loadAverages: readonly number[] | null
  /** Letters of the taints, '' for none. */
  readonly taints: string | null
  readonly commandLine: string | null
}

/** What ended it. */
export interface ReportCrash {
  readonly kind: CrashKind
  /** The kind in words. */
  readonly title: string
  /** The kernel's last words. */
  readonly message: string
  /** The line that tells the kind, where it is not the message. */
  readonly evidence: string
  /** Earlier trouble in the log, first first, at most {@link EARLIER_MAX}. */
  readonly earlier: readonly string[]
  readonly cpu: number | null
  readonly task: ReportTask | null
}

/** Lines of earlier trouble that a report holds. */
export const EARLIER_MAX = 10

/** The task that panicked. */
export interface ReportTask {
  readonly pid: number
  readonly comm: string
  readonly address: HexText
  readonly kernelThread: boolean
  /** Its arguments; null if its memory is not in the dump. */
  readonly arguments: readonly string[] | null
}

/** How the panicking task got there. */
export interface ReportBacktrace {
  readonly frames: readonly ReportFrame[]
  /** 'user': from a system call or exception of user mode; 'end': a kernel thread's beginning; 'lost': see `why`. */
  readonly end: 'user' | 'end' | 'lost'
  readonly why: string
}

/** One frame, innermost first. */
export interface ReportFrame {
  /** null where no symbol is known. */
  readonly function: string | null
  readonly offset: number | null
  /** '' for the kernel itself. */
  readonly module: string
  readonly ip: HexText
  readonly sp: HexText
  readonly quality: 'exact' | 'validated' | 'guess'
  /** Execution was interrupted here, by a fault or an interrupt. */
  readonly interrupted: boolean
}

/** The first frame that is not part of dying. */
export interface ReportCulprit {
  readonly function: string
  readonly module: string
  /** Its index in the backtrace. */
  readonly frame: number
  readonly quality: ReportFrame['quality']
}

/** All threads there were, idle tasks included. */
export interface ReportTasks {
  readonly total: number
  readonly processes: number
  readonly kernelThreads: number
  /** Counts by crash's abbreviations: RU, IN, UN, … */
  readonly byState: Readonly<Record<string, number>>
}

/** An open file. */
export interface ReportFile {
  readonly fd: number
  readonly type: string
  readonly path: string
}

/** The end of the log. */
export interface ReportLog {
  readonly lineCount: number
  readonly lastLines: readonly string[]
}

/** Lines of the log's end that a report holds. */
export const LOG_LINES_MAX = 20

/** How much of the machine the dump holds, and what could not be read. */
export interface ReportCompleteness {
  readonly file: string
  readonly fileBytes: number | null
  readonly format: string
  /** null where the format does not say. */
  readonly dumpLevel: number | null
  /** The writer did not finish, or the file was cut. */
  readonly incomplete: boolean
  readonly symbols: number | null
  readonly types: boolean
  readonly modules: number
  /** What could not be read, and why. */
  readonly problems: readonly string[]
}

/** Where the time of making the report went. */
export interface ReportTiming {
  readonly step: string
  readonly milliseconds: number
}
