// Stacks as a report has them: one by one where it matters, folded where there are thousands.
import type { FrameQuality } from '../../program/stack_trace.ts'
import type { HexText } from './hex_text.ts'

/** How a task or a CPU got where it is. */
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
  readonly quality: FrameQuality
  /** Execution was interrupted here, by a fault or an interrupt. */
  readonly interrupted: boolean
}

/** A CPU, and what it did. */
export interface ReportCpu {
  readonly cpu: number
  /** The kernel died on it. */
  readonly panicked: boolean
  readonly pid: number | null
  readonly comm: string | null
  readonly backtrace: ReportBacktrace
}

/** A task and its stack. */
export interface ReportTaskTrace {
  readonly pid: number
  readonly comm: string
  readonly address: HexText
  readonly backtrace: ReportBacktrace
}

/** The stacks of all tasks. */
export interface ReportStacks {
  /** Tasks whose stacks were looked at. */
  readonly tasks: number
  /** The most frequent first, at most 500. */
  readonly groups: readonly ReportStackGroup[]
  /** Tasks of stacks too rare to be listed, and tasks not looked at. */
  readonly omitted: number
}

/** Tasks with the same stack. */
export interface ReportStackGroup {
  /** `name` or `name [module]`, innermost first; [] for tasks without a trace. */
  readonly frames: readonly string[]
  readonly count: number
  /** Tasks by crash's abbreviations: RU, IN, UN, … */
  readonly byState: Readonly<Record<string, number>>
  /** The first few. */
  readonly examples: readonly ReportTaskName[]
}

/** A task by name. */
export interface ReportTaskName {
  readonly pid: number
  readonly comm: string
}
