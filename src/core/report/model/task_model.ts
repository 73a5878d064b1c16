// Tasks and files as a report has them.
import type { HexText } from './hex_text.ts'

/** All threads there were, idle tasks included. */
export interface ReportTasks {
  readonly total: number
  readonly processes: number
  readonly kernelThreads: number
  /** Counts by crash's abbreviations: RU, IN, UN, … */
  readonly byState: Readonly<Record<string, number>>
  /** Running ones first, then those that cannot be interrupted, then the rest; at most 2000. */
  readonly list: readonly ReportTaskRow[]
}

/** A task. */
export interface ReportTaskRow {
  readonly pid: number
  /** Its process; its own pid for the first thread. */
  readonly tgid: number
  readonly comm: string
  readonly state: string
  readonly cpu: number | null
  readonly kernelThread: boolean
  readonly address: HexText
  /** Index of its stack in `stacks.groups`; null if that is not listed. */
  readonly stack: number | null
}

/** An open file. */
export interface ReportFile {
  readonly fd: number
  readonly type: string
  readonly path: string
}
